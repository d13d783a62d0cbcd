"""What is claimed: formulas, their sources and their proofs. SymPy and the standard library only."""

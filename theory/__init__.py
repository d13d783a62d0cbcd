"""What is claimed: formulas, their sources, their proofs. SymPy and the standard library only."""

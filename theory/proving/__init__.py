"""The proof reading, method by method; `theory.proof` is its front."""

"""Functions over NumPy arrays in a file that does not say so."""

import numpy as np


def sigmoid(x):
    return (1 / (1 + np.exp(-x.astype(np.float64)))).astype(x.dtype)

"""A slope in place of a backward pass."""

import numpy as np

ARRAY_LIBRARY = "numpy"


def silu(x):
    z = x.astype(np.float64)
    return (z / (1 + np.exp(-z))).astype(x.dtype)


def silu_backward(grad, x, y):
    z = x.astype(np.float64)
    s = 1 / (1 + np.exp(-z))
    return (s * (1 + z * (1 - s))).astype(x.dtype)

"""Right: NumPy with a backward pass of its own."""

import numpy as np

ARRAY_LIBRARY = "numpy"


def _working(x):
    return x.astype(np.float64 if x.dtype == np.float64 else np.float32)


def relu(x):
    return np.where(x > 0, x, 0).astype(x.dtype)


def relu_backward(grad, x, y):
    return grad * (y > 0).astype(x.dtype)


def leaky_relu(x, negative_slope):
    return np.where(x > 0, _working(x), _working(x) * negative_slope).astype(x.dtype)

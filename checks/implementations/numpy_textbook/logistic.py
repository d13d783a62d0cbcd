"""The logistic function, which several heads are made of."""

import numpy as np

from checks.implementations.numpy_textbook.widening import Array


def logistic(z: Array) -> Array:
    """1 / (1 + e⁻ᶻ), with the exponential of −|z| only, which cannot overflow."""
    tail = np.exp(-np.abs(z))
    return np.where(z > 0, 1, tail) / (1 + tail)

"""Powers."""

import numpy as np

from checks.implementations.numpy_textbook.widening import Array, wide


def power(base: Array, exponent: float) -> Array:
    """baseⁿ."""
    return np.power(wide(base), exponent).astype(base.dtype)

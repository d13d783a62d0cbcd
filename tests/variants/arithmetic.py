"""Powers and the array library's own arithmetic: right and unusual ways to compute them."""

import math

import numpy as np

from tests.variants.variant import (
    NUMPY,
    double,
    variant,
)


@variant(NUMPY, "power")
def power_of_one_number_at_a_time(base, exponent):
    """The C library's pow, through Python."""

    def raised(q):
        try:
            return math.pow(q, exponent)
        except OverflowError:
            return math.inf

    return np.array([raised(float(q)) for q in base.flat]).reshape(base.shape).astype(base.dtype)


@variant(NUMPY, "power")
def power_by_repeated_squaring(base, exponent):
    """In wider numbers: every squaring doubles the relative error."""
    result, square, n = np.ones_like(double(base)), double(base), int(exponent)
    while n:
        result = result * square if n % 2 else result
        square, n = square * square, n // 2
    return result.astype(base.dtype)


@variant(NUMPY, "mul")
def multiplication_in_the_storage_format(a, b):
    """The array library's own product of 16-bit numbers."""
    return a * b

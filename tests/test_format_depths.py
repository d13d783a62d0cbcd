"""Of all formats float16 runs out of range first, at either end."""

import math
from fractions import Fraction

import numpy as np
import pytest

from checks.formats import FLOAT16, FORMATS

OTHERS = [fmt for fmt in FORMATS.values() if fmt is not FLOAT16]
FACTORS = [Fraction(9, 8), Fraction(3, 2), Fraction(2), Fraction(3)]


def depth(fmt, factor):
    """How many factors it takes to leave a format, computed in Python's own integers."""
    threshold = fmt.overflow_threshold if factor > 1 else 1 / Fraction(fmt.underflow_threshold)
    factor, n = max(factor, 1 / factor), 1
    while factor**n < threshold:
        n += 1
    return n


@pytest.mark.parametrize("factor", [*FACTORS, *(1 / factor for factor in FACTORS)], ids=str)
def test_float16_leaves_its_range_first(factor):
    assert all(depth(FLOAT16, factor) < depth(fmt, factor) for fmt in OTHERS)


@pytest.mark.parametrize("fmt", FORMATS.values(), ids=str)
def test_the_depth_is_a_logarithm_of_the_threshold(fmt):
    bits = math.log2(fmt.overflow_threshold.numerator)
    assert depth(fmt, Fraction(3, 2)) == math.ceil(bits / math.log2(1.5))


def test_one_and_a_half_overflows_float16_after_28_factors():
    with np.errstate(over="ignore"):
        powers = np.cumprod(np.full(28, 1.5, np.float16))
    assert np.isfinite(powers[26])
    assert np.isinf(powers[27])
    assert depth(FLOAT16, Fraction(3, 2)) == 28

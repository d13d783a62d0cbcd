"""The exact reading of a rule is the function itself."""

from fractions import Fraction

import mpmath
import numpy as np
import pytest
from hypothesis import given, strategies as st

from checks.formats import FLOAT32, FLOAT64
from checks.rules import RULES
from tests.honest import FEWER, SEEDS, batches, draws, exact_points

# What is computed here overflows, vanishes and turns into NaN on purpose.
pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")

FUNCTIONS = {
    "sigmoid": lambda x: 1 / (1 + mpmath.exp(-x)),
    "tanh": mpmath.tanh,
    "relu": lambda x: max(x, mpmath.mpf(0)),
    "power": lambda x: x**3,
}

SLOPES = {
    "sigmoid": lambda x: mpmath.exp(-x) / (1 + mpmath.exp(-x)) ** 2,
    "tanh": lambda x: mpmath.sech(x) ** 2,
    "relu": lambda x: mpmath.mpf(x > 0),
    "power": lambda x: 3 * x**2,
}


def mids(ball):
    """The midpoints as mpmath's numbers, exactly."""
    for mid in ball.mid.flat:
        if hasattr(mid, "mid"):  # python-flint
            mantissa, exponent = mid.mid().man_exp()
            yield mpmath.ldexp(mpmath.mpf(int(mantissa)), int(exponent))
        else:
            yield mpmath.mpf(mid)


def assert_exact(ball, expected):
    """The ball holds the true numbers, and hardly anything else."""
    # No head here multiplies or adds more than eight times, and each adds one least subnormal.
    underflow = 8 * 2.0**-1074
    for mid, rad, true in zip(mids(ball), ball.rad, expected, strict=True):
        assert float(abs(mid - true)) <= rad <= abs(float(true)) * 2.0**-46 + underflow


@pytest.mark.parametrize("fmt", [FLOAT32, FLOAT64], ids=str)
@pytest.mark.parametrize("head", FUNCTIONS)
@FEWER
@given(seed=SEEDS)
def test_the_exact_reading_of_a_function_is_mpmaths(fmt, head, seed):
    x = draws(fmt, seed, 8)
    numbers = [Fraction(3)] if head == "power" else []
    ar, (ball,) = exact_points(fmt, x)
    with mpmath.workprec(400):
        true = [mpmath.mpf(float(value)) for value in x]
        forward = RULES[head].forward(ar, ball, *numbers)
        assert_exact(forward, map(FUNCTIONS[head], true))
        slope, *_ = RULES[head].backward(ar, ball, *numbers, forward, ar.point(np.ones(8)))
        assert_exact(slope, map(SLOPES[head], true))


@pytest.mark.parametrize("fmt", [FLOAT32, FLOAT64], ids=str)
@FEWER
@given(seed=SEEDS, rows=st.integers(1, 6))
def test_the_exact_batch_norm_is_mpmaths(fmt, seed, rows):
    x = batches(fmt, seed, rows, 1)
    eps = Fraction(1, 1024)
    ar, (ball, one, zero) = exact_points(fmt, x, np.ones(1), np.zeros(1))
    normal = RULES["batch_norm"].forward(ar, ball, one, zero, eps)
    with mpmath.workprec(400):
        true = [mpmath.mpf(float(value)) for value in x[:, 0]]
        mean = mpmath.fsum(true) / rows
        variance = mpmath.fsum((value - mean) ** 2 for value in true) / rows
        scale = 1 / mpmath.sqrt(variance + mpmath.mpf(1) / 1024)
        gaps = [
            abs((value - mean) * scale - mid) for value, mid in zip(true, mids(normal), strict=True)
        ]
        assert (np.array(gaps, dtype=float) <= normal.rad[:, 0]).all()

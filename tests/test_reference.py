"""Numbers wider than the format: rounded correctly, and with python-flint as without."""

import math
import subprocess
import sys
from fractions import Fraction

import mpmath
import numpy as np
import pytest
from hypothesis import given, strategies as st

from checks import reference
from checks.enclosures import WIDE_UNIT

FLINT = reference.flint is not None
FUNCTIONS = {
    "exp": (reference.exp, mpmath.exp, st.floats(-700, 700)),
    "log": (reference.log, mpmath.log, st.floats(5e-324, 1.7e308)),
    "tanh": (reference.tanh, mpmath.tanh, st.floats(-1e3, 1e3)),
    "sqrt": (reference.sqrt, mpmath.sqrt, st.floats(0, 1.7e308)),
}
EACH = pytest.mark.parametrize("name", FUNCTIONS)


def wide(fraction):
    """A rational number as an array of one multiprecision number."""
    values = np.empty(1, dtype=object)
    values[0] = reference.lift_fraction(Fraction(fraction))
    return values


def as_mpf(value):
    if hasattr(value, "mid"):  # python-flint
        mantissa, exponent = value.mid().man_exp()
        return mpmath.ldexp(mpmath.mpf(int(mantissa)), int(exponent))
    return mpmath.mpf(value)


def rounded(fraction):
    """What IEEE 754 delivers; Python's division of integers rounds correctly."""
    try:
        return fraction.numerator / fraction.denominator
    except OverflowError:
        return math.copysign(math.inf, fraction)


# -- conversion -----------------------------------------------------------------------------------


@given(st.floats())
def test_doubles_survive_the_way_there_and_back(value):
    back = reference.doubles(reference.lift(np.array([value])))
    assert np.array_equal(back, [value], equal_nan=True)


@given(st.integers(-(2**70), 2**70), st.integers(-1180, 1000))
def test_multiprecision_rounds_to_the_nearest_double(mantissa, exponent):
    fraction = mantissa * Fraction(2) ** exponent
    assert reference.doubles(wide(fraction)).tolist() == [rounded(fraction)]


@given(st.floats(0, 1.7e308), st.sampled_from([-1, 0, 1]), st.booleans())
def test_ties_go_to_even_and_what_is_beside_them_to_the_nearer(value, beside, negative):
    step = Fraction(math.ulp(value))
    tie = (Fraction(value) + step / 2 + beside * step / 2**60) * (-1 if negative else 1)
    assert reference.doubles(wide(tie)).tolist() == [rounded(tie)]


@pytest.mark.parametrize(
    ("fraction", "expected"),
    [
        (Fraction(2) ** -1075, 0.0),
        (Fraction(2) ** -1075 + Fraction(2) ** -1200, 5e-324),
        (3 * Fraction(2) ** -1075, 1e-323),
        (Fraction(2) ** -5000, 0.0),
        (Fraction(2) ** 1024 - Fraction(2) ** 970, math.inf),
        (Fraction(2) ** 1024 - Fraction(2) ** 970 - Fraction(2) ** 860, sys.float_info.max),
        (Fraction(2) ** 5000, math.inf),
        (Fraction(2) ** -1022 - Fraction(2) ** -1075, sys.float_info.min),
        (Fraction(2) ** -1022 - Fraction(2) ** -1074, sys.float_info.min - 5e-324),
    ],
)
@pytest.mark.parametrize("sign", [-1, 1])
def test_the_ends_of_the_range_round_as_ieee_754_says(fraction, expected, sign):
    assert reference.doubles(wide(sign * fraction)).tolist() == [sign * expected]


def test_approximations_are_within_an_ulp():
    values = [Fraction(1, 3), Fraction(2) ** -1074 * 7, Fraction(10) ** 300]
    for value in values:
        (double,) = reference.approximate(wide(value))
        assert abs(Fraction(double) - value) <= Fraction(math.ulp(double))


@pytest.mark.parametrize("convert", [reference.doubles, reference.approximate])
@pytest.mark.parametrize("shape", [(), (0,), (2, 0), (2, 3)])
def test_conversions_keep_the_shape(convert, shape):
    lifted = reference.lift(np.ones(shape))
    assert reference.is_wide(lifted)
    assert lifted.shape == convert(lifted).shape == shape
    assert convert(lifted).dtype == np.float64


def test_doubles_are_left_as_they_are():
    values = np.array([1.0, -0.0])
    assert reference.doubles(values) is values
    assert reference.approximate(values) is values
    assert not reference.is_wide(values)


# -- functions ------------------------------------------------------------------------------------


@EACH
@given(st.data())
def test_wide_functions_agree_with_mpmath_at_higher_precision(name, data):
    ours, theirs, domain = FUNCTIONS[name]
    value = data.draw(domain)
    (result,) = ours(reference.lift(np.array([value])))
    with mpmath.workprec(2 * reference.BITS):
        true = theirs(mpmath.mpf(value))
        assert abs(as_mpf(result) - true) <= abs(true) * WIDE_UNIT


@EACH
@given(st.data())
def test_double_functions_are_within_the_two_ulps_that_balls_count(name, data):
    ours, theirs, domain = FUNCTIONS[name]
    value = data.draw(domain)
    (result,) = ours(np.array([value]))
    with mpmath.workprec(200):
        assert abs(mpmath.mpf(float(result)) - theirs(mpmath.mpf(value))) <= math.ulp(result)


@pytest.mark.parametrize("wide_too", [False, True])
def test_functions_deliver_their_limits_without_a_warning(wide_too):
    lift = reference.lift if wide_too else np.asarray
    assert reference.approximate(reference.exp(lift(np.array([1e4])))).tolist() == [np.inf]
    assert reference.approximate(reference.exp(lift(np.array([-1e4])))).tolist() == [0.0]
    assert reference.approximate(reference.tanh(lift(np.array([1e4])))).tolist() == [1.0]
    assert not np.isfinite(reference.approximate(reference.log(lift(np.array([0.0]))))).any()


# -- without python-flint -------------------------------------------------------------------------

WITHOUT_FLINT = """
import sys
sys.modules["flint"] = None  # importing it now fails, as where it is not installed
import pytest
from checks import reference
assert reference.flint is None
sys.exit(pytest.main([
    "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "--benchmark-disable",
    *(f"tests/test_{part}.py" for part in ("reference", "enclosures", "exact_rules", "tracing")),
    "-k", "test_reference or (float64 and (exact_reading or format_computes or in_float64))",
]))
"""


@pytest.mark.skipif(not FLINT, reason="it is the run without python-flint itself")
def test_numeric_checking_works_the_same_without_python_flint():
    run = subprocess.run(
        [sys.executable, "-c", WITHOUT_FLINT], capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stdout + run.stderr

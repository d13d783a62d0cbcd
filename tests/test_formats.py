"""The formats are IEEE 754's, and rounding into them happens once, to nearest, ties to even."""

from fractions import Fraction

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given, strategies as st

from checks.formats import BFLOAT16, FLOAT16, FLOAT32, FLOAT64, FORMATS, format_of

SHORT = pytest.mark.parametrize("fmt", [FLOAT16, BFLOAT16], ids=str)
NARROW = pytest.mark.parametrize("fmt", [FLOAT16, BFLOAT16, FLOAT32], ids=str)
EVERY = pytest.mark.parametrize("fmt", FORMATS.values(), ids=str)


def bits(fmt, values):
    return np.asarray(values).view(f"uint{fmt.bits}")


def ascending(fmt):
    """Every finite value of a 16-bit format as doubles, in order."""
    return fmt.all_finite().astype(np.float64)


@EVERY
def test_the_constants_are_those_of_ml_dtypes(fmt):
    info = ml_dtypes.finfo(fmt.dtype)
    assert fmt.bits == info.bits
    assert fmt.precision == info.nmant + 1
    assert fmt.largest == float(info.max)
    assert fmt.smallest_normal == float(info.smallest_normal)
    assert fmt.smallest_subnormal == float(info.smallest_subnormal)
    assert fmt.unit_roundoff == float(info.eps) / 2


@EVERY
def test_the_exponent_range_is_symmetric_as_ieee_754_asks(fmt):
    assert fmt.min_exponent == 1 - fmt.max_exponent


@EVERY
def test_the_thresholds_lie_half_way_past_the_range(fmt):
    step = Fraction(fmt.largest) - Fraction(
        float(np.nextafter(fmt.dtype(fmt.largest), 0, dtype=fmt.dtype))
    )
    assert fmt.overflow_threshold == Fraction(fmt.largest) + step / 2
    assert fmt.underflow_threshold * 2 == Fraction(fmt.smallest_subnormal)


@EVERY
def test_heads_work_in_float32_or_wider(fmt):
    assert fmt.work == (FLOAT32 if fmt.bits == 16 else fmt)
    assert format_of(np.dtype(fmt.dtype)) is fmt


def test_no_format_has_the_dtype_of_integers():
    assert format_of(np.dtype(np.int16)) is None


@SHORT
def test_the_ulp_is_the_distance_to_the_next_number(fmt):
    values = ascending(fmt)
    values = values[values >= 0]
    assert np.array_equal(fmt.ulp(values[:-1]), np.diff(values))


@EVERY
def test_the_ulp_of_zero_is_the_smallest_subnormal(fmt):
    assert fmt.ulp(np.array(0.0)) == fmt.smallest_subnormal


@SHORT
def test_every_number_rounds_to_itself(fmt):
    values = fmt.all_finite()
    assert np.array_equal(bits(fmt, fmt.nearest(values.astype(np.float64))), bits(fmt, values))


@SHORT
def test_every_midpoint_rounds_to_its_even_neighbour(fmt):
    values = ascending(fmt)
    rounded = fmt.nearest((values[:-1] + values[1:]) / 2)
    assert not (bits(fmt, rounded) & 1).any()
    assert (np.abs(fmt.ordinals(rounded) - fmt.ordinals(fmt.all_finite())[:-1]) <= 1).all()


@SHORT
@pytest.mark.parametrize("side", [-1, 1])
def test_beside_a_midpoint_the_nearer_neighbour_wins(fmt, side):
    values = ascending(fmt)
    beside = np.nextafter((values[:-1] + values[1:]) / 2, side * np.inf)
    nearer = values[1:] if side > 0 else values[:-1]
    assert np.array_equal(fmt.nearest(beside).astype(np.float64), nearer)


@NARROW
def test_overflow_begins_at_the_threshold_and_not_below(fmt):
    threshold = float(fmt.overflow_threshold)
    below = np.nextafter(threshold, 0)
    rounded = fmt.nearest(np.array([below, threshold, -below, -threshold])).astype(np.float64)
    assert rounded.tolist() == [fmt.largest, np.inf, -fmt.largest, -np.inf]


@NARROW
def test_underflow_ends_at_the_threshold(fmt):
    threshold = float(fmt.underflow_threshold)
    rounded = fmt.nearest(np.array([threshold, np.nextafter(threshold, 1), -threshold]))
    assert rounded.astype(np.float64).tolist() == [0.0, fmt.smallest_subnormal, 0.0]
    assert np.signbit(rounded.astype(np.float64)).tolist() == [False, False, True]


@EVERY
def test_signs_of_zero_infinities_and_nan_survive_rounding(fmt):
    rounded = fmt.nearest(np.array([0.0, -0.0, np.inf, -np.inf, np.nan])).astype(np.float64)
    assert np.signbit(rounded[:4]).tolist() == [False, True, False, True]
    assert np.isposinf(rounded[2])
    assert np.isneginf(rounded[3])
    assert np.isnan(rounded[4])


@pytest.mark.parametrize("value", [1e300, -1e300, 1.7976931348623157e308, 5e-324, -2e-310])
@NARROW
def test_values_far_outside_the_range_overflow_or_vanish(fmt, value):
    expected = np.copysign(np.inf if abs(value) > 1 else 0.0, value)
    rounded = float(fmt.nearest(np.array([value]))[0])
    assert (rounded, np.signbit(rounded)) == (expected, np.signbit(expected))


@given(st.floats(width=64))
def test_rounding_to_float32_is_numpys_cast(value):
    with np.errstate(all="ignore"):
        cast = np.array([value]).astype(np.float32)
    assert np.array_equal(FLOAT32.nearest(np.array([value])), cast, equal_nan=True)


@given(st.integers(0, 2**32 - 1))
def test_a_million_random_patterns_round_to_float32_as_numpy_casts_them(seed):
    # Near the float32 range; any other exponent only overflows or vanishes.
    rng = np.random.default_rng(seed)
    values = np.ldexp(rng.uniform(-2, 2, 10_000), rng.integers(-151, 129, 10_000))
    with np.errstate(all="ignore"):
        cast = values.astype(np.float32)
    assert np.array_equal(FLOAT32.nearest(values), cast)


def test_rounding_twice_through_float32_would_be_caught():
    # Just above the midpoint of two bfloat16 numbers; float32 rounds it onto the midpoint.
    value = np.array([1 + 2.0**-8 + 2.0**-30])
    twice = value.astype(np.float32).astype(ml_dtypes.bfloat16)
    assert float(twice[0]) == 1.0
    assert float(BFLOAT16.nearest(value)[0]) == 1 + 2.0**-7


def test_numpys_own_cast_to_float16_rounds_once():
    value = np.array([1 + 2.0**-11 + 2.0**-40])
    assert FLOAT16.nearest(value) == value.astype(np.float16) == 1 + 2.0**-10


def test_float64_is_left_as_it_is():
    values = np.array([0.1, -0.0, 5e-324, np.inf])
    assert np.array_equal(bits(FLOAT64, FLOAT64.nearest(values)), bits(FLOAT64, values))


@EVERY
def test_arrays_keep_their_shape(fmt):
    for shape in [(), (0,), (2, 0), (2, 3)]:
        assert fmt.nearest(np.ones(shape)).shape == shape
        assert fmt.ordinals(fmt.nearest(np.ones(shape))).shape == shape


@SHORT
def test_ordinals_number_every_finite_value_once_and_in_order(fmt):
    values = fmt.all_finite()
    assert len(values) == 2 * fmt.largest_ordinal + 1
    assert (np.diff(values.astype(np.float64)) > 0).all()
    assert np.array_equal(np.diff(fmt.ordinals(values)), np.ones(len(values) - 1))


@SHORT
def test_every_bit_pattern_but_minus_zero_comes_back_from_its_ordinal(fmt):
    patterns = np.arange(2**16, dtype=np.uint16)
    patterns = patterns[patterns != 0x8000]
    ordinals = fmt.ordinals(patterns.view(fmt.dtype))
    assert np.array_equal(bits(fmt, fmt.from_ordinals(ordinals)), patterns)
    assert fmt.ordinals(np.array([-0.0], dtype=fmt.dtype)) == 0


@EVERY
@given(st.data())
def test_neighbours_have_neighbouring_ordinals(fmt, data):
    top = fmt.largest_ordinal
    ordinal = data.draw(st.integers(-top, top - 1))
    pair = fmt.from_ordinals(np.array([ordinal, ordinal + 1], dtype=np.int64))
    low, high = pair.astype(np.float64)
    assert low < high
    assert fmt.ordinals(pair).tolist() == [ordinal, ordinal + 1]
    assert fmt.ordinals(-pair).tolist() == [-ordinal, -ordinal - 1]
    assert float(np.nextafter(pair[0], pair[1])) == high


@EVERY
def test_past_the_largest_ordinal_comes_infinity(fmt):
    top = np.array([fmt.largest_ordinal, fmt.largest_ordinal + 1], dtype=np.int64)
    assert fmt.from_ordinals(top).astype(np.float64).tolist() == [fmt.largest, np.inf]

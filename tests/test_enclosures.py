"""Every honest evaluation lies in its ball, and what is off by a few ulps does not."""

from fractions import Fraction

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from checks.enclosures import Arithmetic, Ball, store
from checks.formats import BFLOAT16, FLOAT16, FLOAT32, FLOAT64, FORMATS
from checks.reference import lift

SHORT = pytest.mark.parametrize("fmt", [FLOAT16, BFLOAT16], ids=str)
EVERY = pytest.mark.parametrize("fmt", FORMATS.values(), ids=str)
SEEDS = st.integers(0, 2**32 - 1)
# An example holds dozens of numbers, and there are hundreds of tests.
FEWER = settings(max_examples=max(settings().max_examples // 5, 4))

# What is computed here overflows, vanishes and turns into NaN on purpose.
pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")


def arithmetic(fmt, *, flushes=False):
    return Arithmetic.of(fmt, wide=fmt is FLOAT64, flushes=flushes)


def exactly(fmt):
    return Arithmetic.exact(wide=fmt is FLOAT64)


def patterns(fmt, seed, size):
    """Any finite bit patterns, half of them of nearly one exponent so that sums cancel."""
    rng = np.random.default_rng(seed)
    top = fmt.largest_ordinal
    anywhere = rng.integers(-top, top, size, endpoint=True)
    width = 4 << (fmt.precision - 1)
    near = (rng.integers(-top, top) + rng.integers(-width, width, size)).clip(-top, top)
    return fmt.from_ordinals(np.where(rng.integers(0, 2, size) == 1, near, anywhere))


def flushed(fmt, values):
    """What a device delivers that puts subnormals to zero."""
    return np.where(np.abs(values.astype(np.float64)) < fmt.smallest_normal, 0, values).astype(
        fmt.dtype
    )


def as_mpf(value):
    """A midpoint, exactly, where mpmath's precision is high enough."""
    if hasattr(value, "mid"):  # python-flint
        mantissa, exponent = value.mid().man_exp()
        return mpmath.ldexp(mpmath.mpf(int(mantissa)), int(exponent))
    return mpmath.mpf(value)


def point(ar, values):
    return ar.point(np.asarray(values).astype(np.float64))


def off_centre(ar, values, seed):
    """Balls that reach exactly to the given values, from a point beside them."""
    values = np.asarray(values).astype(np.float64)
    rng = np.random.default_rng(seed)
    shift = np.ldexp(values, -int(rng.integers(1, 30))) * rng.choice([-1.0, 1.0], values.shape)
    # Exact: the shift has the same bits as the value, and few binades lie between them.
    mid = lift(values) + lift(shift) if ar.wide else values + shift
    return Ball(mid, np.abs(shift))


def assert_contains(ball, values):
    inside = np.asarray(ball.contains(np.asarray(values).astype(np.float64)))
    worst = np.flatnonzero(~np.ravel(inside))[:1]
    assert inside.all(), (
        f"{np.ravel(values)[worst]} outside {np.ravel(ball.center)[worst]} "
        f"± {np.ravel(np.broadcast_to(ball.rad, ball.shape))[worst]}"
    )


# -- one rounding ---------------------------------------------------------------------------------

OPERATIONS = {
    "add": (Arithmetic.add, lambda a, b: a + b),
    "subtract": (Arithmetic.subtract, lambda a, b: a - b),
    "multiply": (Arithmetic.multiply, lambda a, b: a * b),
    "divide": (Arithmetic.divide, lambda a, b: a / b),
    "larger": (Arithmetic.larger, np.maximum),
    "negative": (lambda ar, a, b: ar.negative(a), lambda a, b: -a),
    "absolute": (lambda ar, a, b: ar.absolute(a), lambda a, b: np.abs(a)),
    "reciprocal": (lambda ar, a, b: ar.reciprocal(b), lambda a, b: b.dtype.type(1) / b),
    "sqrt": (lambda ar, a, b: ar.sqrt(ar.absolute(a)), lambda a, b: np.sqrt(np.abs(a))),
    "square": (lambda ar, a, b: ar.power(a, 2), lambda a, b: a * a),
    "to the power of 1": (lambda ar, a, b: ar.power(a, 1), lambda a, b: a),
    "to the power of 0": (lambda ar, a, b: ar.power(a, 0), lambda a, b: a**0),
}
OPERATION = pytest.mark.parametrize("name", OPERATIONS)


@EVERY
@OPERATION
@FEWER
@given(seed=SEEDS)
def test_every_operation_contains_what_the_format_computes(fmt, name, seed):
    enclose, compute = OPERATIONS[name]
    ar, (a, b) = arithmetic(fmt), patterns(fmt, seed, (2, 64))
    assert_contains(enclose(ar, point(ar, a), point(ar, b)), compute(a, b))


@EVERY
@OPERATION
@FEWER
@given(seed=SEEDS)
def test_every_operation_carries_the_radii_of_its_operands(fmt, name, seed):
    enclose, compute = OPERATIONS[name]
    ar, (a, b) = arithmetic(fmt), patterns(fmt, seed, (2, 64))
    balls = off_centre(ar, a, seed), off_centre(ar, b, seed + 1)
    assert_contains(enclose(ar, *balls), compute(a, b))


@EVERY
@OPERATION
@FEWER
@given(seed=SEEDS)
def test_every_operation_contains_what_a_flushing_device_computes(fmt, name, seed):
    enclose, compute = OPERATIONS[name]
    ar, (a, b) = arithmetic(fmt, flushes=True), patterns(fmt, seed, (2, 64))
    balls = point(ar, a), point(ar, b)
    assert_contains(enclose(ar, *balls), flushed(fmt, compute(a, b)))
    assert_contains(enclose(ar, *balls), flushed(fmt, compute(flushed(fmt, a), flushed(fmt, b))))


@EVERY
def test_an_infinity_times_zero_is_anything(fmt):
    ar = arithmetic(fmt)
    large = ar.multiply(point(ar, [fmt.largest]), point(ar, [fmt.largest]))
    assert_contains(ar.multiply(large, ar.number(Fraction(0))), [np.nan])


@EVERY
@FEWER
@given(exponent=st.integers(-6, 12), seed=SEEDS)
def test_powers_of_balls_contain_the_powers_of_what_is_inside(fmt, exponent, seed):
    ar = exactly(fmt)
    values = np.random.default_rng(seed).normal(size=16)
    ball = ar.power(off_centre(ar, values, seed), exponent)
    with mpmath.workprec(240):
        for entry, value in zip(range(16), values, strict=True):
            true = mpmath.mpf(float(value)) ** exponent
            gap = abs(true - as_mpf(ball.mid[entry]))
            assert gap <= ball.rad[entry]


@EVERY
@FEWER
@given(st.data())
def test_a_number_is_read_as_the_format_reads_it(fmt, data):
    ar = arithmetic(fmt)
    exponent = data.draw(st.integers(fmt.min_exponent - 80, fmt.max_exponent + 2))
    value = Fraction(data.draw(st.integers(-(2**60), 2**60)), 2**60) * Fraction(2) ** exponent
    try:
        double = float(value)
    except OverflowError:
        double = np.inf
    assert_contains(ar.number(value), fmt.nearest(np.array(double)))


@EVERY
def test_a_representable_number_has_no_radius(fmt):
    ar = arithmetic(fmt)
    step = Fraction(fmt.smallest_subnormal)
    for value in [Fraction(0), Fraction(-3, 4), step, Fraction(fmt.largest)]:
        expected = 0.0 if fmt is not FLOAT64 or value != step else fmt.smallest_subnormal
        assert ar.number(value).rad <= expected
    assert exactly(fmt).number(Fraction(1, 4)).rad == 0


# -- sums -----------------------------------------------------------------------------------------


def summed(values):
    """The sums of the rows, one term after the other."""
    total = values[:, 0] * 0
    for column in values.T:
        total = total + column
    return total


def halves(values):
    """The sums of the rows in pairs, pairs of pairs and so on."""
    if values.shape[1] == 1:
        return values[:, 0]
    middle = values.shape[1] // 2
    return halves(values[:, :middle]) + halves(values[:, middle:])


ORDERS = {
    "first to last": summed,
    "last to first": lambda values: summed(values[:, ::-1]),
    "smallest first": lambda values: summed(
        np.take_along_axis(values, np.argsort(np.abs(values)), 1)
    ),
    "pairwise": halves,
}


@EVERY
@pytest.mark.parametrize("order", ORDERS)
@FEWER
@given(terms=st.integers(1, 33), seed=SEEDS)
def test_a_sum_contains_every_order_of_summation(fmt, order, terms, seed):
    ar, values = arithmetic(fmt), patterns(fmt, seed, (8, terms))
    assert_contains(ar.sum(point(ar, values), axis=1), ORDERS[order](values))


@EVERY
@FEWER
@given(terms=st.integers(1, 9), seed=SEEDS)
def test_a_sum_contains_partial_sums_that_were_flushed(fmt, terms, seed):
    ar = arithmetic(fmt, flushes=True)
    values = fmt.from_ordinals(
        np.random.default_rng(seed).integers(-3, 3, (8, terms)) * 2 ** (fmt.precision - 2)
        + fmt.ordinals(np.array([fmt.smallest_normal], dtype=fmt.dtype))
    )
    values = values * np.random.default_rng(seed).choice([1, -1], values.shape).astype(fmt.dtype)
    total = flushed(fmt, values[:, 0])
    for column in values.T[1:]:
        total = flushed(fmt, total + flushed(fmt, column))
    assert_contains(ar.sum(point(ar, values), axis=1), total)


@EVERY
@FEWER
@given(seed=SEEDS)
def test_a_mean_may_divide_or_multiply_by_the_reciprocal(fmt, seed):
    ar, rng = arithmetic(fmt), np.random.default_rng(seed)
    count = int(rng.integers(1, 8))
    # All of one sign and near one: every rounding counts.
    values = fmt.from_ordinals(
        fmt.ordinals(np.ones(1, dtype=fmt.dtype)) + rng.integers(0, 4, (64, count))
    )
    values[:, 1:] *= fmt.dtype(fmt.unit_roundoff)
    ball = ar.mean(point(ar, values), axis=1)
    one, whole = fmt.dtype(1), fmt.dtype(count)
    assert_contains(ball, (summed(values) / whole)[:, np.newaxis])
    assert_contains(ball, (summed(values) * (one / whole))[:, np.newaxis])


@EVERY
def test_the_largest_partial_sum_decides_about_overflow(fmt):
    ar = arithmetic(fmt)
    values = point(ar, [fmt.largest, fmt.largest, -fmt.largest])
    assert_contains(ar.sum(values), np.inf)


@EVERY
@FEWER
@given(terms=st.integers(0, 9), seed=SEEDS)
def test_a_matrix_product_contains_fused_and_unfused_sums(fmt, terms, seed):
    ar = arithmetic(fmt)
    a, b = patterns(fmt, seed, (2, terms)), patterns(fmt, seed + 1, (terms, 3))
    plain, fused = np.zeros((2, 3), fmt.dtype), np.zeros((2, 3), fmt.dtype)
    for term in range(terms):
        one, other = a[:, term, np.newaxis], b[np.newaxis, term]
        plain = plain + one * other
        # Products of 24 bits are exact in doubles.
        fused = fmt.nearest(fused.astype(float) + one.astype(float) * other.astype(float))
    assert_contains(ar.dot(point(ar, a), point(ar, b)), plain)
    if fmt is not FLOAT64:
        assert_contains(ar.dot(point(ar, a), point(ar, b)), fused)


@EVERY
@pytest.mark.parametrize("shape", [(0,), (0, 3), (3, 0)])
def test_sums_of_nothing_are_zero(fmt, shape):
    ar = arithmetic(fmt)
    ball = ar.sum(point(ar, np.zeros(shape)))
    assert ball.shape == ()
    assert ball.rad == 0
    assert_contains(ball, 0.0)
    assert_contains(ar.add(ball, ar.number(Fraction(1))), 1.0)


# -- rounding into the storage format -------------------------------------------------------------


def faithful(fmt, values):
    """Both neighbours of doubles: rounded toward plus and minus infinity."""
    nearest = fmt.nearest(values)
    ordinals = fmt.ordinals(nearest)
    down = ordinals - (nearest.astype(np.float64) > values)
    up = ordinals + (nearest.astype(np.float64) < values)
    return fmt.from_ordinals(down), fmt.from_ordinals(up)


@SHORT
@FEWER
@given(seed=SEEDS)
def test_a_stored_ball_contains_both_neighbours_of_all_that_was_inside(fmt, seed):
    rng = np.random.default_rng(seed)
    values = np.ldexp(rng.uniform(-2, 2, 256), rng.integers(-30, 18, 256))
    values = np.concatenate([values, patterns(fmt, seed, 64).astype(np.float64)])
    for ball in (Ball(values, np.zeros(values.shape)), off_centre(exactly(fmt), values, seed)):
        stored = store(ball, fmt, FLOAT32)
        for neighbour in faithful(fmt, values):
            assert_contains(stored, neighbour)


@SHORT
@FEWER
@given(seed=SEEDS)
def test_a_stored_ball_contains_what_was_flushed(fmt, seed):
    rng = np.random.default_rng(seed)
    values = rng.uniform(-2, 2, 256) * fmt.smallest_normal
    ball = off_centre(exactly(fmt), values, seed)
    stored = store(ball, fmt, FLOAT32, flushes=True)
    assert_contains(stored, flushed(fmt, fmt.nearest(values)))


@SHORT
def test_a_stored_zero_is_zero(fmt):
    ball = store(Ball(np.zeros(1), np.zeros(1)), fmt, FLOAT32)
    assert ball.rad.tolist() == [0.0]
    ball = store(Ball(np.zeros(1), np.full(1, 2.0**-1074)), fmt, FLOAT32)
    assert ball.rad.tolist() == [fmt.smallest_subnormal]


@EVERY
def test_times_a_zero_nothing_is_rounded(fmt):
    ar = exactly(fmt)
    zeros, ones = point(ar, [[0.0, 0.0]]), point(ar, [[1.0], [1 / 3]])
    assert not ar.multiply(zeros, ones).rad.any()
    assert not ar.dot(zeros, ones).rad.any()
    assert ar.dot(point(ar, [[0.0, 1.0]]), ones).rad.all()


@EVERY
def test_nothing_is_rounded_twice_where_storage_is_the_working_format(fmt):
    ball = Ball(np.ones(1), np.zeros(1))
    assert store(ball, fmt, fmt) is ball


# -- infinities and NaN ---------------------------------------------------------------------------


@EVERY
def test_an_infinity_lies_at_itself_and_a_nan_is_anything(fmt):
    ar = exactly(fmt)
    stored = point(ar, [np.inf, -np.inf, np.nan])
    assert stored.contains(np.array([np.inf, -np.inf, np.nan])).tolist() == [True, True, True]
    assert stored.contains(np.array([-np.inf, np.inf, 1.0])).tolist() == [False, False, True]
    assert stored.contains(np.array([fmt.largest, np.nan, 0.0])).tolist() == [False, False, True]
    assert ar.negative(stored).contains(np.array([-np.inf, np.inf, np.nan])).all()


@EVERY
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_finite_ball_holds_nothing_infinite_and_an_unbounded_one_everything(fmt, value):
    mid = point(exactly(fmt), [1.0]).mid
    assert not Ball(mid, np.array([fmt.largest])).contains(np.array([value])).any()
    assert Ball(mid, np.array([np.inf])).contains(np.array([value])).all()


@EVERY
def test_no_radius_is_a_nan(fmt):
    ar = arithmetic(fmt)
    zero, unknown = (
        point(ar, [[0.0, 1.0]]),
        Ball(point(ar, [[1.0], [1.0]]).mid, np.full((2, 1), np.inf)),
    )
    assert Ball(zero.mid, np.array([[np.nan, 0.0]])).rad.tolist() == [[np.inf, 0.0]]
    for exact in (ar, exactly(fmt)):
        assert exact.dot(exact.widened(zero, exact.tiny), unknown).rad.tolist() == [[np.inf]]
        assert exact.multiply(zero, unknown.map(np.transpose)).rad.tolist() == [[np.inf] * 2]


@EVERY
def test_what_is_exactly_on_the_edge_is_inside(fmt):
    ball = Ball(point(exactly(fmt), [1.0, 0.0]).mid, np.array([0.25, 0.0]))
    assert ball.contains(np.array([1.25, 0.0])).all()
    assert ball.contains(np.array([0.75, -0.0])).all()
    assert not ball.contains(np.array([np.nextafter(1.25, 2), 5e-324])).any()

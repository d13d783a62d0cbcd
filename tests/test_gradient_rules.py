"""The balls of sums, products, norms and clipping contain every honest way to compute them."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, strategies as st

from checks.contract import Contract
from checks.formats import FLOAT16
from tests.honest import EVERY, FEWER, SEEDS, assert_honest, contract, draws, points, wide

# What is computed here overflows, vanishes and turns into NaN on purpose.
pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")

SHAPES = st.sampled_from(
    [((4, 3), (4, 3)), ((4, 3), ()), ((), (5,)), ((6, 1), (6, 4)), ((1, 7), (5, 7)), ((0, 2), (2,))]
)


def summed_to(terms, shape):
    """A gradient summed one entry after the other down to the shape of an operand."""
    target = np.zeros(shape, dtype=terms.dtype)
    reach = (1,) * (terms.ndim - len(shape)) + tuple(shape)
    for index in np.ndindex(terms.shape):
        at = tuple(0 if size == 1 else i for i, size in zip(index, reach, strict=True))
        at = at[terms.ndim - len(shape) :]
        target[at] = target[at] + terms[index]
    return target


@EVERY
@FEWER
@given(seed=SEEDS, shapes=SHAPES)
def test_sums_and_products_are_rounded_once_and_broadcast(fmt, seed, shapes):
    a, b = (draws(fmt, seed + part, shape) for part, shape in enumerate(shapes))
    rules, wide_a, wide_b = contract(fmt), wide(fmt, a), wide(fmt, b)
    for name, result in [("add", wide_a + wide_b), ("mul", wide_a * wide_b)]:
        assert_honest(fmt, rules.forward(name, *points(fmt, a, b)), np.asarray(result))
    grad = draws(fmt, seed, (wide_a + wide_b).shape)
    g, output = wide(fmt, grad), points(fmt, grad)
    for back, shape in zip(
        rules.backward("add", *points(fmt, a, b), *output, *points(fmt, grad)), shapes, strict=True
    ):
        assert_honest(fmt, back, summed_to(g, shape))
    backs = rules.backward("mul", *points(fmt, a, b), *output, *points(fmt, grad))
    for back, other, shape in zip(backs, (wide_b, wide_a), shapes, strict=True):
        assert_honest(fmt, back, summed_to(np.asarray(g * other), shape))


@EVERY
@FEWER
@given(seed=SEEDS, numerator=st.integers(-60, 60), denominator=st.integers(1, 60))
def test_sums_and_products_with_numbers_read_the_number_in_the_working_format(
    fmt, seed, numerator, denominator
):
    k, x = Fraction(numerator, denominator), draws(fmt, seed, 32)
    number, rules = fmt.work.dtype(float(k)), contract(fmt)
    for name, result in [("add", number + wide(fmt, x)), ("mul", number * wide(fmt, x))]:
        assert_honest(fmt, rules.forward(name, *points(fmt, k, x)), result)
        none, back = rules.backward(name, *points(fmt, k, x, x, x))
        assert none is None
        assert_honest(fmt, back, wide(fmt, x) if name == "add" else number * wide(fmt, x))


@EVERY
@FEWER
@given(seed=SEEDS, exponent=st.integers(-3, 5))
def test_small_powers_may_be_products(fmt, seed, exponent):
    x, g = draws(fmt, seed, 32), draws(fmt, seed + 1, 32)
    rules, n, w = contract(fmt), Fraction(exponent), wide(fmt, x)
    product = w**0
    for _ in range(abs(exponent)):
        product = product * w
    for name in ("raise", "power"):
        ball = rules.forward(name, *points(fmt, x, n))
        assert_honest(fmt, ball, np.power(w, fmt.work.dtype(exponent)))
        if 0 <= exponent <= 3:
            assert_honest(fmt, ball, product)
        back, none = rules.backward(name, *points(fmt, x, n, x, g))
        slope = fmt.work.dtype(exponent) * np.power(w, fmt.work.dtype(exponent - 1))
        assert none is None
        assert_honest(fmt, back, wide(fmt, g) * slope)


@EVERY
@FEWER
@given(seed=SEEDS, shape=st.sampled_from([(), (1,), (0,), (3, 4), (33,)]))
def test_a_total_may_be_summed_in_any_order(fmt, seed, shape):
    x, rules = draws(fmt, seed, shape), contract(fmt)
    w, (operand,) = wide(fmt, x), points(fmt, x)
    ball = rules.forward("total", operand)
    assert_honest(fmt, ball, np.asarray(w.sum()))
    assert_honest(fmt, ball, summed_to(w, ()))
    g = draws(fmt, seed, ())
    (back,) = rules.backward("total", operand, ball, *points(fmt, g))
    assert_honest(fmt, back, np.broadcast_to(wide(fmt, g), shape))


def joint_norm(parts):
    return np.sqrt(sum((part * part).sum() for part in parts))


def norm_of_norms(parts):
    norms = np.array([np.sqrt((part * part).sum()) for part in parts])
    return np.sqrt((norms * norms).sum())


def scaled_norm(parts):
    largest = max((np.abs(part).max(initial=0) for part in parts), default=0)
    if largest == 0 or not np.isfinite(largest):
        return largest
    return largest * np.sqrt(sum(((part / largest) ** 2).sum() for part in parts))


NORMS = {"joint": joint_norm, "of norms": norm_of_norms, "scaled": scaled_norm}

FACTORS = {
    "g · min(1, c/‖g‖)": lambda g, c, norm: g * np.minimum(c / norm, c.dtype.type(1)),
    "g · c / ‖g‖ where larger": lambda g, c, norm: g * (c / norm) if norm > c else g,
}


@EVERY
@pytest.mark.parametrize("factor", FACTORS)
@pytest.mark.parametrize("norm", NORMS)
@FEWER
@given(seed=SEEDS, exponent=st.integers(-160, 126), numerator=st.integers(1, 255))
def test_clipping_may_take_the_norm_in_any_usual_way(fmt, norm, factor, seed, exponent, numerator):
    rng, work = np.random.default_rng(seed), fmt.work.dtype
    shapes = [[(3,)], [(1,), (2, 3)], [(17,), (0,), (1,)], [(0,)], [(40,)]][rng.integers(0, 5)]
    exponent = exponent * fmt.max_exponent // 128
    grads = [fmt.nearest(np.ldexp(rng.normal(size=shape), exponent)) for shape in shapes]
    # Near the norm, or anywhere.
    near = exponent if rng.integers(0, 2) else int(rng.integers(-20, 10))
    c = Fraction(numerator, 128) * Fraction(2) ** max(near, fmt.min_exponent - 4)
    balls = contract(fmt).forward("clip_by_norm", points(fmt, *grads), c)
    wides = [wide(fmt, grad) for grad in grads]
    value = work(NORMS[norm](wides))
    for ball, grad in zip(balls, wides, strict=True):
        assert_honest(fmt, ball, FACTORS[factor](grad, work(float(c)), value))


@EVERY
@pytest.mark.parametrize("norm", NORMS)
@FEWER
@given(seed=SEEDS, exponent=st.integers(-160, 126))
def test_a_global_norm_may_be_taken_in_any_usual_way(fmt, norm, seed, exponent):
    rng, exponent = np.random.default_rng(seed), exponent * fmt.max_exponent // 128
    grads = [fmt.nearest(np.ldexp(rng.normal(size=shape), exponent)) for shape in [(3,), (2, 5)]]
    ball = contract(fmt).forward("global_norm", points(fmt, *grads))
    value = NORMS[norm]([wide(fmt, grad) for grad in grads])
    assert_honest(fmt, ball, np.asarray(value, dtype=fmt.work.dtype))


@EVERY
@FEWER
@given(seed=SEEDS, limit=st.fractions(min_value=Fraction(1, 100), max_value=20))
def test_values_may_be_cut_off_in_the_storage_format_too(fmt, seed, limit):
    grad = draws(fmt, seed, 33)
    (ball,) = contract(fmt).forward("clip_by_value", points(fmt, grad), limit)
    for dtype in (fmt.work.dtype, fmt.dtype):
        bound = dtype(float(limit)).astype(fmt.work.dtype)
        assert_honest(fmt, ball, np.minimum(np.maximum(wide(fmt, grad), -bound), bound))


@EVERY
def test_gradients_of_zero_stay_zero(fmt):
    zeros = [fmt.nearest(np.zeros(3)), fmt.nearest(np.zeros(0))]
    for ball in contract(fmt).forward("clip_by_norm", points(fmt, *zeros), Fraction(1)):
        assert_honest(fmt, ball, np.zeros(ball.shape, fmt.work.dtype))
        assert (ball.rad <= 2 * fmt.smallest_subnormal).all()


@EVERY
def test_clipping_a_nan_is_anything(fmt):
    grads = [fmt.nearest(np.array([np.nan, 1.0]))]
    (ball,) = contract(fmt).forward("clip_by_norm", points(fmt, *grads), Fraction(1))
    assert_honest(fmt, ball, np.full(2, np.nan, fmt.work.dtype))


def test_a_norm_in_half_precision_may_lose_its_squares_and_overflow():
    # Where the working format is the storage format: squares vanish below 2⁻¹², overflow above 2⁸.
    rules = Contract(FLOAT16, FLOAT16, {})
    for value, c in [
        (2.0**-13, Fraction(1, 2**14)),
        (2.0**-12 * 1.1, Fraction(5, 2**14)),
        (600.0, Fraction(1)),
    ]:
        grads = [np.full(17, value, dtype=np.float16)]
        (ball,) = rules.forward("clip_by_norm", points(FLOAT16, *grads), c)
        for norm in (joint_norm, scaled_norm, norm_of_norms):
            clipped = grads[0] * np.minimum(np.float16(c) / np.float16(norm(grads)), np.float16(1))
            assert np.asarray(ball.contains(clipped.astype(np.float64))).all()

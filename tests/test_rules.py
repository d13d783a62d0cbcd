"""Every head's ball contains every honest way to compute it, and no way that is wrong.

Honest is what reads the stored numbers, works in the working format in any order and by any of the
usual formulas, and rounds each result once, to either neighbour.
"""

from contextlib import contextmanager
from dataclasses import replace
from fractions import Fraction

import mpmath
import numpy as np
import pytest
import torch
from hypothesis import given, settings, strategies as st

from checks.contract import Contract
from checks.enclosures import Ball
from checks.formats import BFLOAT16, FLOAT16, FLOAT32, FLOAT64, FORMATS
from checks.rules import RULES

SHORT = pytest.mark.parametrize("fmt", [FLOAT16, BFLOAT16], ids=str)
# An implementation may state that it works in half precision throughout.
HALF = replace(FLOAT16, name="float16 throughout", working="float16")
EVERY = pytest.mark.parametrize("fmt", [*FORMATS.values(), HALF], ids=str)
WIDELY = pytest.mark.parametrize("fmt", FORMATS.values(), ids=str)
SEEDS = st.integers(0, 2**32 - 1)
# An example holds dozens of numbers, and there are hundreds of tests.
FEWER = settings(max_examples=max(settings().max_examples // 5, 4))

# What is computed here overflows, vanishes and turns into NaN on purpose.
pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")


def contract(fmt, *, flushes=False):
    return Contract(FLOAT16 if fmt is HALF else fmt, fmt.work, {}, flushes)


def points(fmt, *arrays):
    ar = contract(fmt).arithmetic
    return [a if isinstance(a, Fraction) else ar.point(a.astype(np.float64)) for a in arrays]


def wide(fmt, values):
    return values.astype(fmt.work.dtype)


def stored(fmt, values):
    """The one rounding at the end: to nearest, and to either neighbour in 16 bits."""
    if fmt.bits > 16:
        return [values]
    doubles = values.astype(np.float64)
    nearest = fmt.nearest(doubles)
    ordinals = fmt.ordinals(nearest)
    down = fmt.from_ordinals(ordinals - (nearest.astype(np.float64) > doubles))
    up = fmt.from_ordinals(ordinals + (nearest.astype(np.float64) < doubles))
    return [np.where(np.isfinite(doubles), part, nearest) for part in (nearest, down, up)]


def assert_honest(fmt, ball, values):
    assert values.shape == ball.shape
    for rounded in stored(fmt, values):
        rounded = rounded.astype(np.float64)
        inside = np.ravel(ball.contains(rounded))
        worst = np.flatnonzero(~inside)[:1]
        assert inside.all(), (
            f"{np.ravel(rounded)[worst]} outside {np.ravel(ball.center)[worst]} "
            f"± {np.ravel(ball.rad)[worst]} at {worst}"
        )


def draws(fmt, seed, shape):
    """Values of one of several kinds: any pattern, one scale, saturating, tiny, simple, lost."""
    rng = np.random.default_rng(seed)
    top = fmt.largest_ordinal
    kind = rng.integers(0, 6)
    if kind == 0:
        return fmt.from_ordinals(rng.integers(-top, top, shape, endpoint=True))
    values = rng.normal(size=shape)
    if kind == 1:
        values = np.ldexp(values, int(rng.integers(-8, 8)))
    elif kind == 2:
        values = values * 30
    elif kind == 3:
        values = values * fmt.smallest_normal * 4
    elif kind == 4:
        values = np.rint(values * 2) / 2
    else:  # added to the first one by one, all the others are lost
        values = fmt.work.unit_roundoff * rng.uniform(0.9, 1, shape)
        values.flat[:1] = 1
    return fmt.nearest(values)


def nudged(given, seed, ulps=3):
    """Values some ulps away: an elementary function of the accuracy that is promised."""
    rng, values, finite = np.random.default_rng(seed), given, np.isfinite(given)
    for _ in range(ulps):
        values = np.nextafter(
            values, np.where(rng.random(values.shape) < 0.5, -np.inf, np.inf).astype(values.dtype)
        )
    return np.where(finite, values, given)


# -- activations ----------------------------------------------------------------------------------


def stable_sigmoid(x, e):
    return np.where(x > 0, 1, e) / (1 + e)


SIGMOIDS = {
    "stable": lambda x, seed: stable_sigmoid(x, np.exp(-np.abs(x))),
    "naive": lambda x, seed: 1 / (1 + np.exp(-x)),
    "nudged": lambda x, seed: stable_sigmoid(x, np.abs(nudged(np.exp(-np.abs(x)), seed))),
    "naive and nudged": lambda x, seed: 1 / (1 + np.abs(nudged(np.exp(-x), seed))),
    "by the growing exponential": lambda x, seed: np.where(
        x < 0, np.exp(x) / (1 + np.exp(x)), 1 / (1 + np.exp(-x))
    ),
}


@EVERY
@pytest.mark.parametrize("way", SIGMOIDS)
@FEWER
@given(seed=SEEDS)
def test_a_sigmoid_may_be_computed_in_any_usual_way(fmt, way, seed):
    x = draws(fmt, seed, 64)
    assert_honest(
        fmt, contract(fmt).forward("sigmoid", *points(fmt, x)), SIGMOIDS[way](wide(fmt, x), seed)
    )


@EVERY
def test_a_naive_sigmoid_may_overflow_anywhere_in_its_ball(fmt):
    edge = np.log(np.array([fmt.work.largest], dtype=fmt.work.dtype)).astype(np.float64)
    below = contract(fmt).arithmetic.point(-edge * (1 - 2.0**-7))
    ball = Ball(below.mid, edge * 2.0**-6)
    assert_honest(fmt, contract(fmt).forward("sigmoid", ball), np.zeros(1, dtype=fmt.work.dtype))


SIGMOID_SLOPES = {
    "g (y (1 - y))": lambda g, x, y, e: g * (y * (1 - y)),
    "(g y) (1 - y)": lambda g, x, y, e: (g * y) * (1 - y),
    "(g (1 - y)) y": lambda g, x, y, e: (g * (1 - y)) * y,
    "g e / (1 + e)²": lambda g, x, y, e: g * (e / ((1 + e) * (1 + e))),
    "(g e) / (1 + e) / (1 + e)": lambda g, x, y, e: g * e / (1 + e) / (1 + e),
}


@EVERY
@pytest.mark.parametrize("way", SIGMOID_SLOPES)
@FEWER
@given(seed=SEEDS)
def test_a_sigmoid_slope_may_come_from_the_output_or_from_the_input(fmt, way, seed):
    x, g = draws(fmt, seed, 64), draws(fmt, seed + 1, 64)
    y = stored(fmt, SIGMOIDS["stable"](wide(fmt, x), seed))[seed % 3 if fmt.bits == 16 else 0]
    (ball,) = contract(fmt).backward("sigmoid", *points(fmt, x, y, g))
    x, y, g = (wide(fmt, part) for part in (x, y.astype(fmt.dtype), g))
    assert_honest(fmt, ball, SIGMOID_SLOPES[way](g, x, y, np.exp(-np.abs(x))))


@EVERY
@FEWER
@given(seed=SEEDS)
def test_a_tanh_may_be_off_by_what_libraries_promise(fmt, seed):
    x = draws(fmt, seed, 64)
    ball = contract(fmt).forward("tanh", *points(fmt, x))
    assert_honest(fmt, ball, np.tanh(wide(fmt, x)))
    assert_honest(fmt, ball, nudged(np.tanh(wide(fmt, x)), seed))


TANH_SLOPES = {
    "g (1 - y²)": lambda g, x, y, e: g * (1 - y * y),
    "g (1 - y) (1 + y)": lambda g, x, y, e: g * (1 - y) * (1 + y),
    "4 g e / (1 + e)²": lambda g, x, y, e: g * (4 * e / ((1 + e) * (1 + e))),
}


@EVERY
@pytest.mark.parametrize("way", TANH_SLOPES)
@FEWER
@given(seed=SEEDS)
def test_a_tanh_slope_may_come_from_the_output_or_from_the_input(fmt, way, seed):
    x, g = draws(fmt, seed, 64), draws(fmt, seed + 1, 64)
    y = stored(fmt, np.tanh(wide(fmt, x)))[0].astype(fmt.dtype)
    g = np.minimum(np.abs(g), fmt.dtype(fmt.largest / 4))  # g (1 - y) must not overflow
    (ball,) = contract(fmt).backward("tanh", *points(fmt, x, y, g))
    x, y, g = (wide(fmt, part) for part in (x, y, g))
    assert_honest(fmt, ball, TANH_SLOPES[way](g, x, y, np.exp(-2 * np.abs(x))))


@EVERY
@FEWER
@given(seed=SEEDS)
def test_relus_may_be_maxima_or_choices(fmt, seed):
    x, g, rules = draws(fmt, seed, 64), draws(fmt, seed + 1, 64), contract(fmt)
    ball = rules.forward("relu", *points(fmt, x))
    assert_honest(fmt, ball, np.maximum(wide(fmt, x), 0))
    assert_honest(fmt, ball, wide(fmt, x) * (wide(fmt, x) > 0))
    (back,) = rules.backward("relu", *points(fmt, x, x, g))
    assert_honest(fmt, back, np.where(x > 0, wide(fmt, g), 0))


@EVERY
@FEWER
@given(seed=SEEDS, numerator=st.integers(-60, 60), denominator=st.integers(1, 60))
def test_leaky_relus_may_be_choices_or_sums_of_parts(fmt, seed, numerator, denominator):
    k = Fraction(numerator, denominator)
    x, g, rules = draws(fmt, seed, 64), draws(fmt, seed + 1, 64), contract(fmt)
    slope, wide_x, wide_g = fmt.work.dtype(float(k)), wide(fmt, x), wide(fmt, g)
    ball = rules.forward("leaky_relu", *points(fmt, x, k))
    assert_honest(fmt, ball, np.where(x > 0, wide_x, slope * wide_x))
    assert_honest(fmt, ball, np.maximum(wide_x, 0) + slope * np.minimum(wide_x, 0))
    back, _ = rules.backward("leaky_relu", *points(fmt, x, k, x, g))
    assert_honest(fmt, back, np.where(x > 0, wide_g, slope * wide_g))


@EVERY
@pytest.mark.parametrize("head", ["relu", "leaky_relu", "sigmoid", "tanh"])
def test_a_nan_may_pass_through_an_activation(fmt, head):
    numbers = [Fraction(1, 4)] if head == "leaky_relu" else []
    nan = fmt.nearest(np.array([np.nan]))
    rules, one = contract(fmt), fmt.nearest(np.ones(1))
    assert_honest(fmt, rules.forward(head, *points(fmt, nan), *numbers), wide(fmt, nan))
    back, *_ = rules.backward(head, *points(fmt, nan), *numbers, *points(fmt, nan, one))
    assert_honest(fmt, back, wide(fmt, nan))
    assert_honest(fmt, back, wide(fmt, one))


@EVERY
@pytest.mark.parametrize(("infinity", "limits"), [(np.inf, [1.0]), (-np.inf, [0.0])])
def test_activations_of_infinities_are_their_limits(fmt, infinity, limits):
    x = fmt.nearest(np.array([infinity]))
    ball = contract(fmt).forward("sigmoid", *points(fmt, x))
    assert_honest(fmt, ball, wide(fmt, np.array(limits)))


# -- layers ---------------------------------------------------------------------------------------


def in_order(terms, start):
    """The sum along the last axis, one after the other, from a start."""
    total = start
    for term in np.moveaxis(terms, -1, 0):
        total = total + term
    return total


def products(x, weight):
    return x[:, np.newaxis, :] * weight[np.newaxis, :, :]


def fused(fmt, x, weight, bias):
    """Products are exact in doubles; only the sums are rounded."""
    total = np.broadcast_to(bias, (len(x), len(weight))).astype(np.float64)
    for term in np.moveaxis(products(x.astype(np.float64), weight.astype(np.float64)), -1, 0):
        total = (total + term).astype(fmt.work.dtype).astype(np.float64)
    return total.astype(fmt.work.dtype)


LINEARS = {
    "matrix product": lambda fmt, x, w, b: x @ w.T + b,
    "starting from the bias": lambda fmt, x, w, b: in_order(products(x, w), b),
    "bias last": lambda fmt, x, w, b: in_order(products(x, w), b * 0) + b,
    "last to first": lambda fmt, x, w, b: in_order(products(x, w)[..., ::-1], b),
    "fused": fused,
}


@EVERY
@pytest.mark.parametrize("way", LINEARS)
@FEWER
@given(seed=SEEDS, rows=st.integers(1, 4), inner=st.integers(1, 20), large_bias=st.booleans())
def test_a_linear_layer_may_sum_in_any_order(fmt, way, seed, rows, inner, large_bias):
    x, w, b = draws(fmt, seed, (rows, inner)), draws(fmt, seed + 1, (3, inner)), draws(fmt, seed, 3)
    b = b * fmt.dtype(64) if large_bias else b
    ball = contract(fmt).forward("linear", *points(fmt, x, w, b))
    assert_honest(fmt, ball, LINEARS[way](fmt, *(wide(fmt, part) for part in (x, w, b))))


@EVERY
@FEWER
@given(seed=SEEDS, rows=st.integers(1, 20), inner=st.integers(1, 4))
def test_gradients_of_a_linear_layer_may_be_summed_in_any_order(fmt, seed, rows, inner):
    x, w, b = (
        draws(fmt, seed, (rows, inner)),
        draws(fmt, seed + 1, (3, inner)),
        np.zeros(3, fmt.dtype),
    )
    g = draws(fmt, seed + 2, (rows, 3))
    balls = contract(fmt).backward("linear", *points(fmt, x, w, b, g, g))
    x, w, g = (wide(fmt, part) for part in (x, w, g))
    delivered = (
        in_order(products(g, w.T), 0 * x),
        in_order(products(g.T, x.T), 0 * w),
        in_order(g.T, 0 * g[0]),
    )
    for ball, gradient in zip(balls, delivered, strict=True):
        assert_honest(fmt, ball, gradient)


@EVERY
@FEWER
@given(seed=SEEDS)
def test_a_residual_block_is_one_addition(fmt, seed):
    x, f, g = (draws(fmt, seed + part, (4, 3)) for part in range(3))
    ball = contract(fmt).forward("residual", *points(fmt, x, f))
    assert_honest(fmt, ball, wide(fmt, x) + wide(fmt, f))
    for back in contract(fmt).backward("residual", *points(fmt, x, f, x, g)):
        assert_honest(fmt, back, wide(fmt, g))


def batches(fmt, seed, rows, columns):
    """Columns of any mean and spread, constant ones and huge ones among them."""
    rng = np.random.default_rng(seed)
    spread = np.exp2(rng.integers(-12, 6, columns))
    mean = spread * np.exp2(rng.integers(-4, 14, columns)) * rng.choice([-1, 0, 1], columns)
    x = mean + spread * rng.normal(size=(rows, columns))
    x[:, rng.random(columns) < 0.1] = rng.normal()
    return fmt.nearest(np.ldexp(x, int(rng.integers(-8, 8))))


def two_passes(x):
    mean = x.mean(axis=0)
    centred = x - mean
    return mean, (centred * centred).mean(axis=0)


def by_rows(x):
    """Every sum from the last row to the first, and a multiplication by 1/m."""
    one = x.dtype.type(1) / x.dtype.type(len(x))
    mean = in_order(x[::-1].T, 0 * x[0]) * one
    centred = x - mean
    return mean, in_order((centred * centred)[::-1].T, 0 * x[0]) * one


def wider(x):
    """Accumulated in float64, as torch does on the CPU."""
    doubles = x.astype(np.float64)
    return doubles.mean(axis=0).astype(x.dtype), doubles.var(axis=0).astype(x.dtype)


def welford(x):
    """One row after the other, as CUDA kernels do."""
    mean, squares = x[0], 0 * x[0]
    for count, row in enumerate(x[1:], 2):
        deviation = row - mean
        mean = mean + deviation / x.dtype.type(count)
        squares = squares + deviation * (row - mean)
    return mean, squares / x.dtype.type(len(x))


def merged(x):
    """Halves of the batch, merged as threads do."""

    def moments(part):
        if len(part) == 1:
            return part[0], 0 * part[0]
        (mean, squares), (other, more) = (
            moments(part[: len(part) // 2]),
            moments(part[len(part) // 2 :]),
        )
        here, there = len(part) // 2, len(part) - len(part) // 2
        gap, whole = other - mean, x.dtype.type(len(part))
        mean = mean + gap * x.dtype.type(there) / whole
        return mean, squares + more + gap * gap * x.dtype.type(here * there / len(part))

    mean, squares = moments(x)
    return mean, squares / x.dtype.type(len(x))


MOMENTS = {
    "two passes": two_passes,
    "by rows": by_rows,
    "wider": wider,
    "Welford": welford,
    "merged": merged,
}


def normal_form(x, gamma, beta, mean, inverse):
    return gamma * ((x - mean) * inverse) + beta


def affine_form(x, gamma, beta, mean, inverse):
    scale = gamma * inverse
    return x * scale + (beta - mean * scale)


FORMS = {
    "γ ((x - μ) r) + β": normal_form,
    "(γ r) (x - μ) + β": lambda x, gamma, beta, mean, inverse: (
        (gamma * inverse) * (x - mean) + beta
    ),
    "x α + (β - μ α)": affine_form,
}
EPSILONS = st.sampled_from([Fraction(1, 2**30), Fraction(1, 100_000), Fraction(1, 8)])


@EVERY
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("moments", MOMENTS)
@FEWER
@given(seed=SEEDS, rows=st.integers(1, 40), eps=EPSILONS)
def test_batch_norm_may_be_computed_in_any_stable_way(fmt, moments, form, seed, rows, eps):
    x = batches(fmt, seed, rows, 6)
    gamma, beta = draws(fmt, seed, 6), draws(fmt, seed + 1, 6)
    ball = contract(fmt).forward("batch_norm", *points(fmt, x, gamma, beta, eps))
    x, gamma, beta = (wide(fmt, part) for part in (x, gamma, beta))
    mean, variance = MOMENTS[moments](x)
    inverse = 1 / np.sqrt(variance + x.dtype.type(eps))
    assert_honest(fmt, ball, FORMS[form](x, gamma, beta, mean, inverse))
    assert_honest(fmt, ball, FORMS[form](x, gamma, beta, mean, nudged(inverse, seed, ulps=1)))


def by_normalised(g, x, gamma, mean, inverse):
    normal = (x - mean) * inverse
    along = (g * normal).mean(axis=0)
    return gamma * inverse * (g - g.mean(axis=0) - normal * along), (g * normal).sum(axis=0)


def by_centred(g, x, gamma, mean, inverse):
    """As torch writes it: the projection before the scale."""
    centred, count = x - mean, x.dtype.type(len(x))
    dot = (g * centred).sum(axis=0)
    slope = dot * inverse * inverse / count
    return (g - g.sum(axis=0) / count - centred * slope) * inverse * gamma, dot * inverse


def by_count(g, x, gamma, mean, inverse):
    """As textbooks write it: everything times m first."""
    normal, count = (x - mean) * inverse, x.dtype.type(len(x))
    weight = (g * normal).sum(axis=0)
    return gamma * inverse / count * (count * g - g.sum(axis=0) - normal * weight), weight


GRADIENTS = {"normalised": by_normalised, "centred": by_centred, "times m": by_count}


@EVERY
@pytest.mark.parametrize("way", GRADIENTS)
@pytest.mark.parametrize("moments", MOMENTS)
@FEWER
@given(seed=SEEDS, rows=st.integers(1, 40), eps=EPSILONS)
def test_the_batch_norm_gradient_may_be_computed_in_any_stable_way(
    fmt, moments, way, seed, rows, eps
):
    x = batches(fmt, seed, rows, 6)
    gamma, g = draws(fmt, seed, 6), draws(fmt, seed + 1, (rows, 6))
    operands = points(fmt, x, gamma, np.zeros(6, fmt.dtype), eps, x, g)
    x_ball, gamma_ball, beta_ball, _ = contract(fmt).backward("batch_norm", *operands)
    x, gamma, g = (wide(fmt, part) for part in (x, gamma, g))
    mean, variance = MOMENTS[moments](x)
    inverse = 1 / np.sqrt(variance + x.dtype.type(eps))
    x_grad, gamma_grad = GRADIENTS[way](g, x, gamma, mean, inverse)
    assert_honest(fmt, x_ball, x_grad)
    assert_honest(fmt, gamma_ball, gamma_grad)
    assert_honest(fmt, beta_ball, g.sum(axis=0))


@EVERY
@pytest.mark.parametrize("form", FORMS)
@FEWER
@given(seed=SEEDS, rows=st.integers(1, 40), eps=EPSILONS)
def test_batch_norm_in_evaluation_may_be_computed_in_any_form(fmt, form, seed, rows, eps):
    x, g = batches(fmt, seed, rows, 6), draws(fmt, seed + 1, (rows, 6))
    mean, gamma, beta = (draws(fmt, seed + part, 6) for part in range(3))
    var = np.abs(draws(fmt, seed + 3, 6))
    operands = points(fmt, x, mean, var, gamma, beta, eps)
    ball = contract(fmt).forward("batch_norm_eval", *operands)
    x_ball, *statistics, gamma_ball, beta_ball, _ = contract(fmt).backward(
        "batch_norm_eval", *operands, *points(fmt, x, g)
    )
    assert statistics == [None, None]
    x, mean, var, gamma, beta, g = (wide(fmt, part) for part in (x, mean, var, gamma, beta, g))
    inverse = 1 / np.sqrt(var + x.dtype.type(eps))
    assert_honest(fmt, ball, FORMS[form](x, gamma, beta, mean, inverse))
    for x_grad in (g * (gamma * inverse), g * inverse * gamma):
        assert_honest(fmt, x_ball, x_grad)
    for gamma_grad in (g * ((x - mean) * inverse)).sum(axis=0), (g * (x - mean)).sum(0) * inverse:
        assert_honest(fmt, gamma_ball, gamma_grad)
    assert_honest(fmt, beta_ball, g.sum(axis=0))


BLENDS = {
    "(1 - q) old + q new": lambda old, new, q: (1 - q) * old + q * new,
    "old + q (new - old)": lambda old, new, q: old + q * (new - old),
}


@EVERY
@pytest.mark.parametrize("blend", BLENDS)
@pytest.mark.parametrize("moments", MOMENTS)
@FEWER
@given(seed=SEEDS, rows=st.integers(2, 40), q=st.sampled_from([0, 1, Fraction(1, 10)]))
def test_running_statistics_may_be_blended_in_any_stable_way(fmt, moments, blend, seed, rows, q):
    x, mean, var = batches(fmt, seed, rows, 6), draws(fmt, seed, 6), draws(fmt, seed + 1, 6)
    operands = points(fmt, mean, np.abs(var), x, Fraction(q))
    balls = [contract(fmt).forward(f"batch_norm_running.{one}", *operands) for one in OUTPUTS]
    x, mean, var = wide(fmt, x), wide(fmt, mean), np.abs(wide(fmt, var))
    new_mean, biased = MOMENTS[moments](x)
    unbiased = biased * x.dtype.type(rows) / x.dtype.type(rows - 1)
    share = x.dtype.type(q)
    assert_honest(fmt, balls[0], BLENDS[blend](mean, new_mean, share))
    assert_honest(fmt, balls[1], BLENDS[blend](var, unbiased, share))


OUTPUTS = ("mean", "var")


@EVERY
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("moments", MOMENTS)
@FEWER
@given(seed=SEEDS, width=st.integers(1, 40), eps=EPSILONS)
def test_layer_norm_may_be_computed_in_any_stable_way(fmt, moments, form, seed, width, eps):
    x = np.ascontiguousarray(batches(fmt, seed, width, 6).T)
    gamma, beta = draws(fmt, seed, width), draws(fmt, seed + 1, width)
    ball = contract(fmt).forward("layer_norm", *points(fmt, x, gamma, beta, eps))
    x, gamma, beta = (wide(fmt, part) for part in (x, gamma, beta))
    mean, variance = (part[:, np.newaxis] for part in MOMENTS[moments](x.T))
    inverse = 1 / np.sqrt(variance + x.dtype.type(eps))
    assert_honest(fmt, ball, FORMS[form](x, gamma, beta, mean, inverse))


def row_by_normalised(h, x, mean, inverse):
    normal = (x - mean) * inverse
    along = (h * normal).mean(axis=1, keepdims=True)
    return inverse * (h - h.mean(axis=1, keepdims=True) - normal * along)


def row_by_count(h, x, mean, inverse):
    """Everything times the width first."""
    normal, count = (x - mean) * inverse, x.dtype.type(x.shape[1])
    along, total = ((part).sum(axis=1, keepdims=True) for part in (h * normal, h))
    return inverse / count * (count * h - total - normal * along)


def row_uncentred(h, x, mean, inverse):
    """As torch writes it: sums of x itself, which cancel against the mean."""
    count = x.dtype.type(x.shape[1])
    sums, total = (part.sum(axis=1, keepdims=True) for part in (h * x, h))
    b = (total * mean - sums) * inverse * inverse * inverse / count
    return inverse * h + b * x + (-b * mean - total * inverse / count)


ROW_GRADIENTS = {
    "normalised": row_by_normalised,
    "times d": row_by_count,
    "uncentred": row_uncentred,
}


@EVERY
@pytest.mark.parametrize("way", ROW_GRADIENTS)
@FEWER
@given(seed=SEEDS, width=st.integers(1, 40), eps=EPSILONS)
def test_the_layer_norm_gradient_may_be_computed_in_any_usual_way(fmt, way, seed, width, eps):
    x = np.ascontiguousarray(batches(fmt, seed, width, 6).T)
    gamma, g = draws(fmt, seed, width), draws(fmt, seed + 1, (6, width))
    operands = points(fmt, x, gamma, np.zeros(width, fmt.dtype), eps, x, g)
    x_ball, gamma_ball, beta_ball, _ = contract(fmt).backward("layer_norm", *operands)
    x, gamma, g = (wide(fmt, part) for part in (x, gamma, g))
    mean, variance = (part[:, np.newaxis] for part in two_passes(x.T))
    inverse = 1 / np.sqrt(variance + x.dtype.type(eps))
    assert_honest(fmt, x_ball, ROW_GRADIENTS[way](g * gamma, x, mean, inverse))
    for normal in ((x - mean) * inverse, x * inverse - mean * inverse):
        assert_honest(fmt, gamma_ball, (g * normal).sum(axis=0))
    assert_honest(fmt, beta_ball, g.sum(axis=0))


@EVERY
@FEWER
@given(seed=SEEDS, width=st.integers(1, 40), eps=EPSILONS)
def test_rms_norm_may_be_computed_in_any_order(fmt, seed, width, eps):
    x = np.ascontiguousarray(batches(fmt, seed, width, 6).T)
    gamma, g = draws(fmt, seed, width), draws(fmt, seed + 1, (6, width))
    ball = contract(fmt).forward("rms_norm", *points(fmt, x, gamma, eps))
    x_ball, gamma_ball, _ = contract(fmt).backward("rms_norm", *points(fmt, x, gamma, eps, x, g))
    x, gamma, g = (wide(fmt, part) for part in (x, gamma, g))
    inverse = 1 / np.sqrt((x * x).mean(axis=1, keepdims=True) + x.dtype.type(eps))
    for value in (gamma * (x * inverse), (gamma * x) * inverse, x * (inverse * gamma)):
        assert_honest(fmt, ball, value)
    assert_honest(fmt, x_ball, rms_gradient(g * gamma, x, inverse))
    for weight in (g * (x * inverse), (g * x) * inverse):
        assert_honest(fmt, gamma_ball, weight.sum(axis=0))


def rms_gradient(h, x, inverse):
    normal = x * inverse
    return inverse * (h - normal * (h * normal).mean(axis=1, keepdims=True))


# -- arithmetic and gradients ---------------------------------------------------------------------

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


# -- what is wrong falls out ----------------------------------------------------------------------


def outside(ball, values):
    return ~np.asarray(ball.contains(values.astype(np.float64)))


@SHORT
@pytest.mark.parametrize("head", ["sigmoid", "tanh"])
@pytest.mark.parametrize("off", [-4, 4])
def test_four_steps_beside_the_nearest_number_no_activation_is_right(fmt, head, off):
    x = fmt.all_finite()
    ball = contract(fmt).forward(head, *points(fmt, x))
    ordinals = fmt.ordinals(fmt.nearest(ball.center)) + off
    # A naive sigmoid may be zero where its exponential overflows, and then anything up to there.
    tight = ball.rad < np.abs(ball.center)
    tight |= np.abs(ball.center) < fmt.smallest_normal * fmt.unit_roundoff
    wrong = outside(ball, fmt.from_ordinals(ordinals))
    assert wrong[tight].all()
    assert tight.mean() > 0.99


@SHORT
@pytest.mark.parametrize("head", ["sigmoid", "tanh"])
def test_every_activation_of_a_short_format_is_enclosed_by_one_ulp(fmt, head):
    ball = contract(fmt).forward(head, *points(fmt, fmt.all_finite()))
    normal = (np.abs(ball.center) > fmt.smallest_normal) & (ball.rad < np.abs(ball.center))
    assert (ball.rad <= fmt.ulp(ball.magnitude) * (1 + 2.0**-8))[normal].all()
    assert normal.mean() > 0.5


@WIDELY
def test_one_operation_is_enclosed_by_one_rounding(fmt):
    rng, ar = np.random.default_rng(8), contract(fmt).arithmetic
    a, b = (ar.point(rng.uniform(1, 2, 500).astype(fmt.work.dtype).astype(float)) for _ in "ab")
    u = fmt.work.unit_roundoff
    for ball in (ar.add(a, b), ar.multiply(a, b), ar.divide(a, b), ar.sqrt(a)):
        assert (ball.rad <= u * np.abs(ball.center) * (1 + 2.0**-20)).all()


@pytest.mark.parametrize("sign", [-1, 1])
@WIDELY
def test_gradients_that_are_one_percent_off_fall_out(fmt, sign):
    # The ulp of bfloat16 is up to 0.8 %, and its saved outputs are off by half of that.
    wrong = 1 + sign * (0.05 if fmt is BFLOAT16 else 0.01)
    rng, rules = np.random.default_rng(9), contract(fmt)
    x, w, f, g = (fmt.nearest(rng.normal(size=shape)) for shape in [(16, 3), (3, 3), 3, (16, 3)])
    operands = {
        "sigmoid": (x, fmt.nearest(rules.forward("sigmoid", *points(fmt, x)).center)),
        "tanh": (x, fmt.nearest(rules.forward("tanh", *points(fmt, x)).center)),
        "linear": (x, w, f, g),
        "residual": (x, g, g),
        "batch_norm": (x, f, f, Fraction(1, 1000), x),
    }
    for head, arrays in operands.items():
        for ball in rules.backward(head, *points(fmt, *arrays, g)):
            if ball is not None:
                share = outside(ball, fmt.nearest(ball.center * wrong)).mean()
                assert share > 0.9, head  # the others are small, and sums of what cancels


def normalised(x, mean, variance, eps=1e-5):
    return (x - mean) / np.sqrt(variance + x.dtype.type(eps))


def assert_falls_out(fmt, x, values, share=0.5):
    one, zero = np.ones(x.shape[1]), np.zeros(x.shape[1])
    ball = contract(fmt).forward("batch_norm", *points(fmt, x, one, zero, Fraction(1, 100_000)))
    assert outside(ball, fmt.nearest(values.astype(np.float64))).mean() > share


def test_a_mean_that_is_accumulated_in_half_precision_falls_out():
    x = (np.random.default_rng(10).normal(size=(64, 50)) + 10).astype(np.float16)
    mean = in_order(x.T, 0 * x[0]) / np.float16(64)
    assert_falls_out(FLOAT16, x, normalised(wide(FLOAT16, x), mean, wide(FLOAT16, x).var(axis=0)))


@pytest.mark.parametrize(("fmt", "offset"), [(FLOAT32, 1000), (FLOAT64, 1e7)], ids=str)
def test_a_variance_in_one_pass_falls_out_where_the_mean_is_large(fmt, offset):
    x = (np.random.default_rng(11).normal(size=(16, 50)) + offset).astype(fmt.dtype)
    mean = x.mean(axis=0)
    assert_falls_out(fmt, x, normalised(x, mean, (x * x).mean(axis=0) - mean * mean))


@WIDELY
def test_a_variance_divided_by_one_less_falls_out(fmt):
    x = fmt.nearest(np.random.default_rng(12).normal(size=(16, 50)))
    w = wide(fmt, x)
    assert_falls_out(fmt, x, normalised(w, w.mean(axis=0), w.var(axis=0, ddof=1)))


@WIDELY
def test_an_epsilon_outside_the_root_falls_out(fmt):
    x = fmt.nearest(np.random.default_rng(13).normal(size=(16, 50)) / 32)
    w = wide(fmt, x)
    assert_falls_out(fmt, x, (w - w.mean(axis=0)) / (w.std(axis=0) + fmt.work.dtype(1e-5)))


@WIDELY
def test_clipping_each_gradient_by_its_own_norm_falls_out(fmt):
    grads = [fmt.nearest(np.array([3.0, 4.0])), fmt.nearest(np.array([5.0]))]
    balls = contract(fmt).forward("clip_by_norm", points(fmt, *grads), Fraction(1))
    for ball, own in zip(balls, ([0.6, 0.8], [1.0]), strict=True):
        assert outside(ball, fmt.nearest(np.array(own))).all()


# -- the exact reading ----------------------------------------------------------------------------

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


def exact_points(fmt, *arrays):
    ar = contract(fmt).exact
    return ar, [ar.point(a.astype(np.float64)) for a in arrays]


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


# -- devices that flush ---------------------------------------------------------------------------


@contextmanager
def flushing():
    """This thread's arithmetic reads and delivers zero for subnormals, NumPy's included."""
    if not torch.set_flush_denormal(True):
        pytest.skip("this processor does not flush")
    try:
        yield
    finally:
        torch.set_flush_denormal(False)


def batch_norm_by_rows(x, gamma, beta):
    mean, variance = by_rows(x)
    return normal_form(x, gamma, beta, mean, 1 / np.sqrt(variance + np.float32(2.0**-30)))


FLUSHED = {
    "add": lambda x, w, b: x + w,
    "mul": lambda x, w, b: x * w,
    "total": lambda x, w, b: np.asarray(in_order(x.ravel(), np.float32(0))),
    "linear": lambda x, w, b: in_order(products(x, w), b),
    "sigmoid": lambda x, w, b: SIGMOIDS["naive"](x, 0),
    "tanh": lambda x, w, b: np.tanh(x),
    "batch_norm": lambda x, w, b: batch_norm_by_rows(x, w[0], b),
}
OPERANDS = {"add": 2, "mul": 2, "linear": 3, "batch_norm": 3}


@pytest.mark.parametrize("head", FLUSHED)
@FEWER
@given(seed=SEEDS, tiny=st.integers(0, 2))
def test_what_a_flushing_device_computes_is_enclosed(head, seed, tiny):
    rng, rules = np.random.default_rng(seed), contract(FLOAT32, flushes=True)
    parts = [rng.normal(size=shape).astype(np.float32) for shape in [(4, 4), (4, 4), 4]]
    # Around the smallest normal number, and the sigmoid's input where its value is.
    parts[tiny] = np.ldexp(parts[tiny], rng.integers(-130, -120, parts[tiny].shape))
    if head == "sigmoid":
        parts[0] = parts[0] - np.float32(87)
    with flushing():
        computed = FLUSHED[head](*parts)
    if head == "batch_norm":
        parts[1] = parts[1][0]
    balls = [rules.arithmetic.point(part) for part in parts[: OPERANDS.get(head, 1)]]
    numbers = [Fraction(1, 2**30)] if head == "batch_norm" else []
    assert_honest(FLOAT32, rules.forward(head, *balls, *numbers), computed)


@FEWER
@given(seed=SEEDS)
def test_gradients_that_a_flushing_device_computes_are_enclosed(seed):
    rng, rules = np.random.default_rng(seed), contract(FLOAT32, flushes=True)
    x = (64 * rng.normal(size=16)).astype(np.float32)
    g = np.ldexp(rng.normal(size=16), rng.integers(-130, -100, 16)).astype(np.float32)
    y = SIGMOIDS["stable"](x, seed)
    for way in SIGMOID_SLOPES.values():
        with flushing():
            computed = way(g, x, y, np.exp(-np.abs(x)))
        operands = [rules.arithmetic.point(part) for part in (x, y, g)]
        (ball,) = rules.backward("sigmoid", *operands)
        assert_honest(FLOAT32, ball, computed)

"""The balls of layers and normalisations contain every honest way to compute them."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, strategies as st

from tests.honest import (
    EVERY,
    FEWER,
    SEEDS,
    assert_honest,
    batches,
    by_rows,
    contract,
    draws,
    in_order,
    normal_form,
    nudged,
    points,
    products,
    wide,
)

# What is computed here overflows, vanishes and turns into NaN on purpose.
pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")


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


def two_passes(x):
    mean = x.mean(axis=0)
    centred = x - mean
    return mean, (centred * centred).mean(axis=0)


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
@pytest.mark.parametrize("moments", MOMENTS)
@FEWER
@given(seed=SEEDS, rows=st.integers(2, 40), offset=st.sampled_from([1, 64, 1000]))
def test_the_mean_of_a_batch_may_lie_far_from_zero(fmt, moments, seed, rows, offset):
    x = fmt.nearest(offset + np.random.default_rng(seed).normal(size=(rows, 6)))
    none, one, eps = np.zeros(6, fmt.dtype), np.ones(6, fmt.dtype), Fraction(1, 2**30)
    operands = points(fmt, none, none, x, Fraction(1))
    running = [contract(fmt).forward(f"batch_norm_running.{part}", *operands) for part in OUTPUTS]
    # A gradient for the row in the middle alone: then it is all but 1/σ, whatever the mean is.
    distance = np.abs(x.astype(np.float64) - x.astype(np.float64).mean(axis=0))
    g = (distance == distance.min(axis=0)).astype(fmt.dtype)
    x_ball, *_ = contract(fmt).backward("batch_norm", *points(fmt, x, one, one, eps, x, g))
    x, one, g = wide(fmt, x), wide(fmt, one), wide(fmt, g)
    mean, biased = MOMENTS[moments](x)
    assert_honest(fmt, running[0], mean)
    assert_honest(fmt, running[1], biased * x.dtype.type(rows) / x.dtype.type(rows - 1))
    inverse = 1 / np.sqrt(biased + x.dtype.type(eps))
    assert_honest(fmt, x_ball, by_normalised(g, x, one, mean, inverse)[0])


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

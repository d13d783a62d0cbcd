"""The balls of smooth and piecewise activations contain every honest way, and no way that is wrong.

As tests/honest.py has it: honest is what works in the working format and rounds once.
"""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, strategies as st

from checks.contract import Contract
from checks.enclosures import Ball
from checks.formats import BFLOAT16, FLOAT32, FLOAT64
from checks.rules import RULES
from checks.rules.activations import SELU_ALPHA, SELU_SCALE
from tests.honest import EVERY, FEWER, SEEDS, assert_honest, contract, draws, points, wide

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")

A, S = float(SELU_ALPHA), float(SELU_SCALE)
SQUARE_ROOT = math.sqrt(2 / math.pi)


def of_the_c_library(function, z):
    return np.frompyfunc(function, 1, 1)(z.astype(np.float64)).astype(z.dtype)


def tail(z):
    return np.exp(-np.abs(z))


def gate(z):
    return np.where(z > 0, 1, tail(z)) / (1 + tail(z))


def softplus(z):
    return np.maximum(z, 0) + np.log1p(tail(z))


def cubic(z):
    return np.tanh(z.dtype.type(SQUARE_ROOT) * (z + z.dtype.type(0.044715) * z * z * z))


def between(z, low, high, inside, below, above):
    return np.where(z <= low, below, np.where(z >= high, above, inside)).astype(z.dtype)


WAYS = {
    "selu": [lambda z: S * np.where(z > 0, z, A * np.expm1(np.minimum(z, 0)))],
    "softplus": [softplus, lambda z: np.logaddexp(z, z.dtype.type(0))],
    "log_sigmoid": [lambda z: np.minimum(z, 0) - np.log1p(tail(z))],
    "silu": [lambda z: z * gate(z), lambda z: z / (1 + np.exp(-z))],
    "mish": [lambda z: z * np.tanh(softplus(z))],
    "gelu": [
        lambda z: z * (of_the_c_library(math.erfc, -z * z.dtype.type(math.sqrt(0.5))) / 2),
        lambda z: z * ((1 + of_the_c_library(math.erf, z * z.dtype.type(math.sqrt(0.5)))) / 2),
    ],
    "gelu_tanh": [lambda z: z * ((1 + cubic(z)) / 2)],
    "softsign": [lambda z: z / (1 + np.abs(z))],
    "relu6": [lambda z: np.minimum(np.maximum(z, 0), 6), lambda z: between(z, 0, 6, z, 0, 6)],
    "hardtanh": [lambda z: np.clip(z, -1, 1)],
    "hardsigmoid": [
        lambda z: np.clip(z + 3, 0, 6) / 6,
        lambda z: np.clip(z / 6 + z.dtype.type(0.5), 0, 1),
    ],
    "hardswish": [lambda z: z * (np.clip(z + 3, 0, 6) / 6), lambda z: z * np.clip(z + 3, 0, 6) / 6],
}
SLOPES = {
    "selu": [lambda z: np.where(z > 0, S, S * A * np.exp(np.minimum(z, 0))).astype(z.dtype)],
    "softplus": [gate, lambda z: np.exp(z - softplus(z))],
    "log_sigmoid": [lambda z: gate(-z)],
    "silu": [
        lambda z: gate(z) * (1 + z * gate(-z)),
        lambda z: gate(z) * (1 + z * (1 - gate(z))),
        lambda z: gate(z) + z * (gate(z) * (1 - gate(z))),
    ],
    "mish": [
        lambda z: (
            np.tanh(softplus(z)) + z * gate(z) * (1 - np.tanh(softplus(z)) * np.tanh(softplus(z)))
        )
    ],
    "gelu": [
        lambda z: (
            of_the_c_library(math.erfc, -z * z.dtype.type(math.sqrt(0.5))) / 2
            + z * (np.exp(-z * z / 2) / z.dtype.type(math.sqrt(2 * math.pi)))
        ),
        lambda z: (
            (1 + of_the_c_library(math.erf, z * z.dtype.type(math.sqrt(0.5)))) / 2
            + z * (np.exp(-z * z / 2) / z.dtype.type(math.sqrt(2 * math.pi)))
        ),
    ],
    "softsign": [
        lambda z: 1 / (1 + np.abs(z)) / (1 + np.abs(z)),
        lambda z: 1 / ((1 + np.abs(z)) * (1 + np.abs(z))),
        lambda z: 1 / (1 + np.abs(z)) - np.abs(z) / (1 + np.abs(z)) / (1 + np.abs(z)),
    ],
    "relu6": [lambda z: between(z, 0, 6, 1, 0, 0)],
    "hardtanh": [lambda z: between(z, -1, 1, 1, 0, 0)],
    "hardsigmoid": [lambda z: between(z, -3, 3, z.dtype.type(1 / 6), 0, 0)],
    "hardswish": [
        lambda z: between(z, -3, 3, z / 3 + z.dtype.type(0.5), 0, 1),
        lambda z: between(z, -3, 3, (2 * z + 3) / 6, 0, 1),
    ],
}


def cases(table):
    return [pytest.param(h, way, id=f"{h}-{i}") for h in table for i, way in enumerate(table[h])]


@EVERY
@pytest.mark.parametrize(("head", "way"), cases(WAYS))
@FEWER
@given(seed=SEEDS)
def test_an_activation_may_be_computed_in_any_usual_way(fmt, head, way, seed):
    x = draws(fmt, seed, 64)
    assert_honest(fmt, contract(fmt).forward(head, *points(fmt, x)), way(wide(fmt, x)))


@EVERY
@pytest.mark.parametrize(("head", "way"), cases(SLOPES))
@FEWER
@given(seed=SEEDS)
def test_a_slope_may_be_computed_in_any_usual_way(fmt, head, way, seed):
    x, one = draws(fmt, seed, 64), fmt.nearest(np.ones(64))
    # Where the square of an input overflows, so may what is made of it.
    x = np.clip(x.astype(np.float64), -1e4, 1e4).astype(fmt.dtype)
    y = fmt.nearest(WAYS[head][0](wide(fmt, x)).astype(np.float64))
    (ball,) = contract(fmt).backward(head, *points(fmt, x, y, one))
    assert_honest(fmt, ball, way(wide(fmt, x)))


ALPHAS = st.fractions(Fraction(1, 64), 8, max_denominator=64)


@EVERY
@FEWER
@given(seed=SEEDS, alpha=ALPHAS)
def test_an_elu_slope_may_come_from_the_output_or_from_the_input(fmt, seed, alpha):
    x, g = draws(fmt, seed, 64), fmt.nearest(np.random.default_rng(seed).normal(size=64))
    z, upstream, a = wide(fmt, x), wide(fmt, g), fmt.work.dtype(float(alpha))
    value = np.where(z > 0, z, a * np.expm1(np.minimum(z, 0)))
    assert_honest(fmt, contract(fmt).forward("elu", *points(fmt, x, alpha)), value)
    y = fmt.nearest(value.astype(np.float64))
    ball, _ = contract(fmt).backward("elu", *points(fmt, x, alpha, y, g))
    for slope in (a * np.exp(np.minimum(z, 0)), wide(fmt, y) + a):
        assert_honest(fmt, ball, np.where(z > 0, upstream, upstream * slope))


FULL = pytest.mark.parametrize("fmt", [FLOAT32, FLOAT64], ids=str)


@FULL
@pytest.mark.parametrize("head", ["elu", "selu"])
def test_an_elu_may_not_cancel_near_zero(fmt, head):
    x = fmt.nearest(np.array([-(2.0**-30 if fmt is FLOAT32 else 2.0**-60)]))
    numbers = [Fraction(1)] if head == "elu" else []
    ball = contract(fmt).forward(head, *points(fmt, x, *numbers))
    assert not ball.contains(np.exp(x.astype(np.float64) * 0) - 1).any()


@FULL
def test_a_softplus_may_neither_lose_its_tail_nor_overflow(fmt):
    x = fmt.nearest(np.array([-50.0, 1000.0]))
    ball = contract(fmt).forward("softplus", *points(fmt, x))
    assert not ball.contains(np.array([0.0, np.inf])).any()


def test_a_softplus_may_be_the_identity_from_twenty_on_in_float32_but_not_in_float64():
    for fmt, allowed in ((FLOAT32, True), (FLOAT64, False)):
        x = fmt.nearest(np.array([20.5]))
        ball = contract(fmt).forward("softplus", *points(fmt, x))
        assert ball.contains(x.astype(np.float64)).all() is np.bool_(allowed)


@EVERY
def test_a_gelu_may_be_lost_where_erf_rounds_to_minus_one_and_not_before(fmt):
    saturated, not_yet = (-12.0, -2.0)
    ball = contract(fmt).forward("gelu", *points(fmt, fmt.nearest(np.array([saturated, not_yet]))))
    assert list(ball.contains(np.zeros(2))) == [True, False]


@FULL
def test_a_gelu_is_not_its_approximation(fmt):
    x = fmt.nearest(np.array([-3.0, 2.0]))
    z = wide(fmt, x)
    ball = contract(fmt).forward("gelu", *points(fmt, x))
    assert not ball.contains(WAYS["gelu_tanh"][0](z).astype(np.float64)).any()


@pytest.mark.parametrize("fmt", [BFLOAT16, FLOAT32, FLOAT64], ids=str)
@pytest.mark.parametrize("head", ["gelu", "gelu_tanh", "silu", "mish", "softplus"])
def test_a_slope_far_out_is_known_although_powers_of_x_overflow(fmt, head):
    x = fmt.nearest(np.array([-fmt.largest / 4, fmt.largest / 4]))
    one = fmt.nearest(np.ones(2))
    (ball,) = contract(fmt).backward(head, *points(fmt, x, x, one))
    assert_honest(fmt, ball, wide(fmt, fmt.nearest(np.array([0.0, 1.0]))))
    assert not ball.contains(np.array([np.nan, np.nan])).any()


@EVERY
@pytest.mark.parametrize(
    ("head", "kinks", "slopes"),
    [
        ("relu6", [0, 6], [0, 0]),
        ("hardtanh", [-1, 1], [0, 0]),
        ("hardsigmoid", [-3, 3], [0, 0]),
        ("hardswish", [-3, 3], [0, 1]),
    ],
)
def test_a_slope_at_a_kink_is_the_one_that_was_agreed_on(fmt, head, kinks, slopes):
    x, one = fmt.nearest(np.array(kinks, dtype=float)), fmt.nearest(np.ones(2))
    (ball,) = contract(fmt).backward(head, *points(fmt, x, x, one))
    assert_honest(fmt, ball, wide(fmt, fmt.nearest(np.array(slopes, dtype=float))))
    assert (ball.rad < 0.01).all()


SMOOTH = ["elu", "selu", "softplus", "log_sigmoid", "silu", "mish", "gelu", "gelu_tanh", "softsign"]


@FULL
@pytest.mark.parametrize("head", SMOOTH)
def test_a_ball_is_tight_where_nothing_cancels(fmt, head):
    x = fmt.nearest(np.array([-0.75, -0.5, 0.5, 1.0, 2.0, 3.0]))
    one = fmt.nearest(np.ones(len(x)))
    numbers = [Fraction(1)] if head == "elu" else []
    ball = contract(fmt).forward(head, *points(fmt, x, *numbers))
    back, *_ = contract(fmt).backward(head, *points(fmt, x, *numbers, x, one))
    assert (ball.rad <= 64 * fmt.unit_roundoff * np.abs(ball.center)).all()
    # The output that is handed over here is x: slopes that are taken from it say nothing.
    if head not in {"elu", "selu"}:
        assert (back.rad <= 256 * fmt.unit_roundoff).all()


@EVERY
@pytest.mark.parametrize("head", [*SMOOTH, "relu6", "hardtanh", "hardsigmoid", "hardswish"])
def test_a_wider_ball_holds_the_values_of_its_numbers(fmt, head):
    rules = Contract(fmt, fmt.work, {}) if fmt.bits > 16 else contract(fmt)
    ar, numbers = rules.arithmetic, [Fraction(1)] if head == "elu" else []
    at = np.array([-6.0, -3.0, -1.0, -0.25, 0.0, 0.25, 1.0, 3.0, 6.0])
    ball = RULES[head].forward(ar, Ball(ar.point(at).mid, np.full(len(at), 0.125)), *numbers)
    for distance in (-0.125, -0.0625, 0.0625, 0.125):
        inner = RULES[head].forward(ar, ar.point(at + distance), *numbers)
        gap = np.abs(Ball(inner.mid - ball.mid, inner.rad).center)
        assert (gap <= ball.rad).all()

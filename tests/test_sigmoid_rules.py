"""The balls of sigmoids, tanh and ReLUs contain every honest way to compute them."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, strategies as st

from checks.enclosures import Ball
from tests.honest import (
    EVERY,
    FEWER,
    SEEDS,
    SIGMOID_SLOPES,
    SIGMOIDS,
    assert_honest,
    contract,
    draws,
    nudged,
    points,
    stored,
    wide,
)

# What is computed here overflows, vanishes and turns into NaN on purpose.
pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")


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

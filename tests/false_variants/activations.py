"""Activations: true laws with one thing wrong."""

from sympy import Eq, Rational

from tests.false_variants.variant import REFUTED, false
from theory.calculus import (
    Larger,
    Slope,
)
from theory.domains import (
    Positive,
    Real,
    UnitInterval,
)
from theory.heads import (
    leaky_relu,
    sigmoid,
    tanh,
)


@false(REFUTED, attained_at={"x": 0})
def sigmoid_slope_is_at_most_0_2499(x: Real):
    """A bound that is a little too small."""
    return Slope(sigmoid(x), x) <= Rational(2499, 10000)


@false(REFUTED, attained_at={"x": 0})
def sigmoid_slope_is_below_a_quarter(x: Real):
    """Strictly, where both sides touch."""
    return Slope(sigmoid(x), x) < Rational(1, 4)


@false(REFUTED)
def sigmoid_slope_is_at_least_a_thousandth(x: Real):
    """Positive, but not bounded away from 0."""
    return Slope(sigmoid(x), x) >= Rational(1, 1000)


@false(REFUTED)
def sigmoid_slope_is_the_value_squared(x: Real):
    """The factor 1 - s replaced."""
    return Eq(Slope(sigmoid(x), x), sigmoid(x) ** 2)


@false(REFUTED)
def leaky_relu_is_the_smaller_slope(x: Real, k: UnitInterval):
    """The positive branch forgotten."""
    return Eq(leaky_relu(x, k), k * x)


@false(REFUTED)
def leaky_relu_is_the_larger_of_kx_and_x_for_positive_k(x: Real, k: Positive):
    """The upper bound on the slope forgotten."""
    return Eq(leaky_relu(x, k), Larger(k * x, x))


@false(REFUTED)
def tanh_slope_is_the_sigmoid_slope(x: Real):
    """The rescaling forgotten."""
    return Eq(Slope(tanh(x), x), Slope(sigmoid(x), x))

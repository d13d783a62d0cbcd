"""Activations: true laws with one thing wrong."""

from sympy import Abs, Eq, Rational, exp, sign

from tests.false_variants.variant import REFUTED, false
from theory.calculus import Gradient, Larger, Norm, Slope, Total
from theory.domains import (
    Batch,
    NegativeFeatures,
    NegativeWeightMatrix,
    NonnegativeBatch,
    Positive,
    PositiveReal,
    Real,
    UnitInterval,
    WeightMatrix,
)
from theory.heads import leaky_relu, linear, relu, sigmoid, tanh


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


@false(REFUTED)
def sigmoid_slope_is_odd(x: Real):
    """The sign of the other side."""
    return Eq(Slope(sigmoid(-x), -x), -Slope(sigmoid(x), x))


@false(REFUTED)
def sigmoid_slope_decays_twice_as_fast(x: Real):
    """Twice the exponent."""
    return Slope(sigmoid(x), x) <= exp(-2 * Abs(x))


@false(REFUTED)
def sigmoid_slope_decays_to_the_right(x: Real):
    """The absolute value forgotten."""
    return Slope(sigmoid(x), x) <= exp(-x) / 8


@false(REFUTED, attained_at={"x": 0})
def tanh_slope_is_below_one(x: Real):
    """Strictly, where both sides touch."""
    return Slope(tanh(x), x) < 1


@false(REFUTED)
def tanh_slope_is_rescaled_by_two(x: Real):
    """A factor forgotten."""
    return Eq(Slope(tanh(x), x), 2 * Slope(sigmoid(2 * x), 2 * x))


@false(REFUTED)
def relu_slope_is_the_sign(x: Real):
    """-1 on the left."""
    return Eq(Slope(relu(x), x), sign(x))


@false(REFUTED)
def leaky_relu_slope_is_at_least_k(x: Real, k: Positive):
    """The right side forgotten."""
    return Slope(leaky_relu(x, k), x) >= k


@false(REFUTED)
def leaky_relu_slope_is_at_most_one(x: Real, k: Positive):
    """A large k forgotten."""
    return Abs(Slope(leaky_relu(x, k), x)) <= 1


@false(REFUTED)
def any_relu_unit_is_dead(x: NonnegativeBatch, c: Batch, w: WeightMatrix, b: NegativeFeatures):
    """The sign of the weights forgotten."""
    cost = Total(c * relu(linear(x, w, b)))
    return Eq(Norm(Gradient(cost, w)) + Norm(Gradient(cost, b)), 0)


@false(REFUTED)
def a_dead_leaky_relu_unit_stays_dead(
    x: NonnegativeBatch, w: NegativeWeightMatrix, b: NegativeFeatures, k: Positive
):
    """What is true of ReLU."""
    return Eq(Norm(Gradient(Total(leaky_relu(linear(x, w, b), k)), b)), 0)


@false(REFUTED)
def a_small_step_kills_a_relu_unit(x: PositiveReal, w: PositiveReal, b: PositiveReal):
    """A tenth of the smaller rate."""
    unit, rate = relu(w * x + b), b / 10
    return Larger(w - rate * Gradient(unit, w), b - rate * Gradient(unit, b)) < 0

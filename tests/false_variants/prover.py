"""Traps for the prover itself: true laws with one thing wrong."""

from sympy import Abs, Eq, Integer, Product, Sum

from tests.false_variants.variant import OPEN, REFUTED, false
from theory.calculus import (
    Computed,
    Gradient,
    Iff,
    Jacobian,
    Total,
    i,
    layers,
)
from theory.domains import (
    Coefficient,
    DecayFactor,
    Depth,
    Positive,
    PositiveReal,
    PositiveWeights,
    Real,
    SmoothMap,
    UnitInterval,
    Vector,
    Weights,
)
from theory.heads import (
    leaky_relu,
    relu,
    sigmoid,
)


@false(OPEN)  # SymPy merges 2·(a·x) into one product, and the node a·x is gone
def gradient_of_a_merged_product_is_zero(a: Positive, x: Vector):
    """The derivative by a product that arithmetic has swallowed."""
    return Eq(Gradient(Total(2 * (a * x)), a * x), 0)


@false(OPEN)
def gradient_of_a_merged_sum_is_zero(x: Real, y: Real):
    """The derivative by a sum that arithmetic has swallowed."""
    return Eq(Gradient(sigmoid(x + y + 1), x + y), 0)


@false(REFUTED)
def variables_with_similar_names_are_one(w: Weights, w_1: Real, x: Real):
    """A layer's variable and a variable whose name looks like it."""
    return Eq(sigmoid(w[1] * x), sigmoid(w_1 * x))


@false(REFUTED)
def maps_of_two_layers_are_one(x: Vector, f: SmoothMap):
    """A smooth map with weights of its own in each layer."""
    return Eq(Jacobian(f(1, x), x), Jacobian(f(2, x), x))


@false(REFUTED)
def every_layer_uses_the_next_weight(n: Depth, x: Real, w: Weights):
    """A network whose layers use each other's variables."""
    a = layers(lambda i, h: w[i + 1] * h, x)
    return Eq(Gradient(a(n), x), Product(w[i], (i, 1, n)))


@false(REFUTED)
def depth_appears_in_every_layer(n: Depth, x: PositiveReal):
    """A network whose layers depend on how many there are."""
    a = layers(lambda i, h: n * h, x)
    return Eq(Gradient(a(n), x), n)


class NotNegative(Real):
    """A number that may be 0."""

    low = Integer(0)
    assumptions = {"nonnegative": True}


@false(REFUTED)
def relu_gradient_is_the_product_at_zero_too(n: Depth, x: NotNegative, w: PositiveWeights):
    """The slope at 0 is 0 by convention."""
    a = layers(lambda i, h: relu(w[i] * h), x)
    return Eq(Gradient(a(n), x), Product(w[i], (i, 1, n)))


class DepthFromZero(Depth):
    """A depth that may be 0."""

    low = Integer(0)
    assumptions = {"integer": True, "nonnegative": True}


@false(REFUTED)
def product_is_smaller_at_depth_zero_too(n: DepthFromZero, q: DecayFactor):
    """True from depth 1 on."""
    product = layers(lambda i, h: q * h, 1)
    return Computed(product(n)) < 1


@false(REFUTED)
def leaky_relu_is_positive_where_its_input_is_not_zero(x: Real, k: UnitInterval):
    """An equivalence that fails on one side of 0."""
    return Iff(leaky_relu(x, k) > 0, Abs(x) > 0)


@false(REFUTED)
def recurrent_gradient_is_a_power_of_another_weight(n: Depth, x: Real, w: Coefficient):
    """The exponent off by one."""
    h = layers(lambda i, h: w * h, x)
    return Eq(Gradient(h(n), x), w ** (n - 1))


@false(REFUTED)
def gradient_of_the_last_weight_is_that_of_the_first(n: Depth, x: Real, w: Weights):
    """True at n = 1, where both are the same weight."""
    a = layers(lambda i, h: w[i] * h, x)
    return Eq(Gradient(a(n), w[1]), Gradient(a(n), w[n]))


@false(REFUTED)
def a_sum_over_layers_does_not_depend_on_them(n: Depth, x: Real, w: Weights):
    """A named sum has a derivative too."""
    a = layers(lambda i, h: sigmoid(w[i] * h), x)
    total = Sum(a(i), (i, 1, n))
    return Eq(Gradient(a(n) + total, x), Gradient(a(n), x))


@false(REFUTED)
def true_up_to_depth_two_only(n: Depth, x: PositiveReal):
    """A statement that holds at the first depths."""
    a = layers(lambda i, h: h / 2, x)
    return Computed(a(n)) > x / 5

"""What is false is never proved: the laws of the book with one thing wrong in each.

A variant is refuted where simple numbers show it, and open otherwise. Both answers are right; the
one that the prover gives today is asserted, so that it does not get weaker unnoticed.
"""

from collections.abc import Callable
from typing import Any

import pytest
from sympy import Abs, Eq, Integer, Product, Rational, Sum, log

import theory.proof as proof_reading
from theory.calculus import (
    OVERFLOW_THRESHOLD,
    UNDERFLOW_THRESHOLD,
    Computed,
    Diagonal,
    Dot,
    Expectation,
    Gradient,
    Identity,
    Iff,
    Jacobian,
    Larger,
    Largest,
    Norm,
    OrderedProduct,
    SecondMoment,
    Slope,
    Total,
    Transpose,
    Zeros,
    i,
    k,
    layers,
)
from theory.claim import Claim, apart, claim
from theory.domains import (
    Batch,
    Biases,
    BiasVectors,
    Coefficient,
    DecayFactor,
    Depth,
    Epsilon,
    Features,
    Gradients,
    GrowthFactor,
    Positive,
    PositiveReal,
    PositiveWeights,
    Real,
    Seed,
    Shape,
    SmoothMap,
    UnitInterval,
    Vector,
    WeightMatrices,
    WeightMatrix,
    Weights,
)
from theory.heads import (
    batch_norm,
    clip_by_norm,
    he_normal,
    leaky_relu,
    linear,
    power,
    relu,
    residual,
    sigmoid,
    tanh,
)
from theory.proof import Outcome, prove
from theory.sources import Document

NOTES = Document("Notes", "Statements with one thing wrong").section("1")
VARIANTS: dict[str, tuple[Claim, Outcome]] = {}
OPEN, REFUTED = Outcome.OPEN, Outcome.REFUTED


def false(outcome: Outcome, **options: Any) -> Callable[[Any], Claim]:
    """Build a false claim apart from the book, with what the prover says of it."""

    def enter(function: Any) -> Claim:
        with apart():
            entry = claim(source=NOTES, **options)(function)
        assert entry.name not in VARIANTS
        VARIANTS[entry.name] = entry, outcome
        return entry

    return enter


# -- activations ------------------------------------------------------------------------------


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


# -- chains -----------------------------------------------------------------------------------


def _bias_gradient(n, x, y, w, b, factor, first=2, top=0, extra=1):
    a = layers(lambda i, h: sigmoid(w[i] * h + b[i]), x)

    def z(i):
        return w[i] * a(i - 1) + b[i]

    cost = (a(n) - y) ** 2 / 2
    product = Product(factor(i, z, w), (i, first, n - top))
    right = extra * Slope(sigmoid(z(1)), z(1)) * product * Gradient(cost, a(n))
    return Eq(Gradient(cost, b[1]), right)


@false(REFUTED)
def bias_gradient_without_weights(n: Depth, x: Real, y: Real, w: Weights, b: Biases):
    """The weights dropped from the product."""
    return _bias_gradient(n, x, y, w, b, lambda i, z, w: Slope(sigmoid(z(i)), z(i)))


@false(REFUTED)
def bias_gradient_without_slopes(n: Depth, x: Real, y: Real, w: Weights, b: Biases):
    """The slopes dropped from the product."""
    return _bias_gradient(n, x, y, w, b, lambda i, z, w: w[i])


@false(REFUTED)
def bias_gradient_from_the_first_weight_on(n: Depth, x: Real, y: Real, w: Weights, b: Biases):
    """One factor too many at the low end."""
    return _bias_gradient(n, x, y, w, b, lambda i, z, w: w[i] * Slope(sigmoid(z(i)), z(i)), first=1)


@false(REFUTED)
def bias_gradient_from_the_third_weight_on(n: Depth, x: Real, y: Real, w: Weights, b: Biases):
    """One factor too few at the low end."""
    return _bias_gradient(n, x, y, w, b, lambda i, z, w: w[i] * Slope(sigmoid(z(i)), z(i)), first=3)


@false(REFUTED)
def bias_gradient_up_to_the_last_but_one(n: Depth, x: Real, y: Real, w: Weights, b: Biases):
    """One factor too few at the high end."""
    return _bias_gradient(n, x, y, w, b, lambda i, z, w: w[i] * Slope(sigmoid(z(i)), z(i)), top=1)


@false(REFUTED)
def bias_gradient_with_shifted_weights(n: Depth, x: Real, y: Real, w: Weights, b: Biases):
    """The weight of the layer below in each factor."""
    return _bias_gradient(n, x, y, w, b, lambda i, z, w: w[i - 1] * Slope(sigmoid(z(i)), z(i)))


@false(REFUTED)
def bias_gradient_with_the_opposite_sign(n: Depth, x: Real, y: Real, w: Weights, b: Biases):
    """A sign error."""
    return _bias_gradient(
        n, x, y, w, b, lambda i, z, w: w[i] * Slope(sigmoid(z(i)), z(i)), extra=-1
    )


@false(REFUTED)
def bias_gradient_is_the_input_gradient(n: Depth, x: Real, y: Real, w: Weights, b: Biases):
    """The derivative by another variable of the first layer, whose own factor is forgotten."""
    a = layers(lambda i, h: sigmoid(w[i] * h + b[i]), x)
    cost = (a(n) - y) ** 2 / 2
    return Eq(Gradient(cost, b[1]), Gradient(cost, x))


@false(REFUTED)
def chain_gradient_shrinks_by_a_fifth(n: Depth, x: Real, w: Weights, b: Biases):
    """A base that is too small."""
    a = layers(lambda i, h: sigmoid(w[i] * h + b[i]), x)
    return Abs(Gradient(a(n), x)) <= (Largest(Abs(w[i]), (i, 1, n)) / 5) ** n


@false(REFUTED)
def chain_gradient_shrinks_by_one_layer_more(n: Depth, x: Real, w: Weights, b: Biases):
    """An exponent that is one too large."""
    a = layers(lambda i, h: sigmoid(w[i] * h + b[i]), x)
    return Abs(Gradient(a(n), x)) <= (Largest(Abs(w[i]), (i, 1, n)) / 4) ** (n + 1)


@false(REFUTED)
def chain_gradient_shrinks_without_the_magnitude(n: Depth, x: Real, w: Weights, b: Biases):
    """The largest weight instead of the largest magnitude."""
    a = layers(lambda i, h: sigmoid(w[i] * h + b[i]), x)
    return Abs(Gradient(a(n), x)) <= (Largest(w[i], (i, 1, n)) / 4) ** n


@false(REFUTED)
def chain_gradient_shrinks_by_the_first_weight(n: Depth, x: Real, w: Weights, b: Biases):
    """The first weight instead of the largest; true at n = 1."""
    a = layers(lambda i, h: sigmoid(w[i] * h + b[i]), x)
    return Abs(Gradient(a(n), x)) <= (Abs(w[1]) / 4) ** n


@false(REFUTED)
def chain_gradient_shrinks_strictly(n: Depth, x: Real, w: Weights, b: Biases):
    """Strictly, where weights may be 0."""
    a = layers(lambda i, h: sigmoid(w[i] * h + b[i]), x)
    return Abs(Gradient(a(n), x)) < (Largest(Abs(w[i]), (i, 1, n)) / 4) ** n


@false(REFUTED)
def tanh_chain_gradient_shrinks_geometrically(n: Depth, x: Real, w: Weights, b: Biases):
    """The sigmoid's bound for the tanh, whose slope reaches 1."""
    a = layers(lambda i, h: tanh(w[i] * h + b[i]), x)
    return Abs(Gradient(a(n), x)) <= (Largest(Abs(w[i]), (i, 1, n)) / 4) ** n


@false(REFUTED)
def relu_gradient_is_the_product_without_the_first_weight(
    n: Depth, x: PositiveReal, w: PositiveWeights
):
    """One factor too few."""
    a = layers(lambda i, h: relu(w[i] * h), x)
    return Eq(Gradient(a(n), x), Product(w[i], (i, 2, n)))


@false(REFUTED)
def relu_gradient_is_the_product_for_all_weights(n: Depth, x: PositiveReal, w: Weights):
    """The sign of the weights forgotten: a negative one switches the chain off."""
    a = layers(lambda i, h: relu(w[i] * h), x)
    return Eq(Gradient(a(n), x), Product(w[i], (i, 1, n)))


@false(REFUTED)
def relu_gradient_is_the_product_for_all_inputs(n: Depth, x: Real, w: PositiveWeights):
    """The sign of the input forgotten."""
    a = layers(lambda i, h: relu(w[i] * h), x)
    return Eq(Gradient(a(n), x), Product(w[i], (i, 1, n)))


# -- layers -----------------------------------------------------------------------------------


def _layer_gradient(n, x, W, b, g, arrange, low=2):
    h = layers(lambda i, h: tanh(linear(h, W[i], b[i])), x)
    z = linear(x, W[1], b[1])
    loss = Total(g * h(n))
    above = OrderedProduct(Jacobian(h(k), h(k - 1)), (k, n, low))
    return Eq(Gradient(loss, W[1]), arrange(Gradient(loss, h(n)), above, Slope(tanh(z), z), x))


@false(OPEN)  # rows and columns do not fit where the widths differ
def layer_gradient_without_a_transpose(
    n: Depth, x: Vector, W: WeightMatrices, b: BiasVectors, g: Vector
):
    """The error as a row where a column is needed."""
    return _layer_gradient(
        n, x, W, b, g, lambda u, above, s, x: Dot(Dot(Dot(u, above), Diagonal(s)), x)
    )


@false(REFUTED)
def layer_gradient_without_the_slope(
    n: Depth, x: Vector, W: WeightMatrices, b: BiasVectors, g: Vector
):
    """The first layer's slope forgotten."""
    return _layer_gradient(n, x, W, b, g, lambda u, above, s, x: Dot(Transpose(Dot(u, above)), x))


@false(REFUTED)
def layer_gradient_without_the_upstream_gradient(
    n: Depth, x: Vector, W: WeightMatrices, b: BiasVectors, g: Vector
):
    """A fixed upstream gradient of the slopes instead of the loss's."""
    return _layer_gradient(
        n, x, W, b, g, lambda u, above, s, x: Dot(Transpose(2 * Dot(Dot(u, above), Diagonal(s))), x)
    )


@false(REFUTED)
def layer_gradient_without_the_second_jacobian(
    n: Depth, x: Vector, W: WeightMatrices, b: BiasVectors, g: Vector
):
    """The product of Jacobians starts one layer too high; true at n = 1."""
    return _layer_gradient(
        n, x, W, b, g, lambda u, a, s, x: Dot(Transpose(Dot(Dot(u, a), Diagonal(s))), x), low=3
    )


@false(REFUTED)
def layer_gradient_by_the_second_weight(
    n: Depth, x: Vector, W: WeightMatrices, b: BiasVectors, g: Vector
):
    """The first layer's formula for the second layer's weights."""
    h = layers(lambda i, h: tanh(linear(h, W[i], b[i])), x)
    loss = Total(g * h(n))
    return Eq(Gradient(loss, W[1]), Gradient(loss, W[2]))


# -- residual connections ---------------------------------------------------------------------


@false(REFUTED)
def skip_connection_subtracts_identity(x: Vector, f: SmoothMap):
    """A sign error in front of the branch."""
    return Eq(Jacobian(residual(x, f(x)), x), Identity(x) - Jacobian(f(x), x))


@false(REFUTED)
def skip_connection_adds_nothing(x: Vector, f: SmoothMap):
    """The identity forgotten."""
    return Eq(Jacobian(residual(x, f(x)), x), Jacobian(f(x), x))


def _residual(n, x, f, g, bracket):
    h = layers(lambda i, h: residual(h, f(i, h)), x)
    loss = Total(g * h(n))
    return Eq(Gradient(loss, x), Dot(Gradient(loss, h(n)), bracket(h)))


@false(REFUTED)
def residual_gradient_without_the_one(n: Depth, x: Vector, f: SmoothMap, g: Vector):
    """The additive one forgotten."""
    return _residual(n, x, f, g, lambda h: Jacobian(Sum(f(i, h(i - 1)), (i, 1, n)), x))


@false(REFUTED)
def residual_gradient_without_the_last_branch(n: Depth, x: Vector, f: SmoothMap, g: Vector):
    """One branch too few."""
    return _residual(
        n, x, f, g, lambda h: Identity(x) + Jacobian(Sum(f(i, h(i - 1)), (i, 1, n - 1)), x)
    )


@false(REFUTED)
def residual_gradient_without_the_first_branch(n: Depth, x: Vector, f: SmoothMap, g: Vector):
    """One branch too few at the other end."""
    return _residual(
        n, x, f, g, lambda h: Identity(x) + Jacobian(Sum(f(i, h(i - 1)), (i, 2, n)), x)
    )


@false(REFUTED)
def residual_gradient_with_branches_of_the_input(n: Depth, x: Vector, f: SmoothMap, g: Vector):
    """Every branch taken at the first input; true at n = 1."""
    return _residual(n, x, f, g, lambda h: Identity(x) + Jacobian(Sum(f(i, x), (i, 1, n)), x))


@false(REFUTED)
def residual_gradient_by_the_last_output(n: Depth, x: Vector, f: SmoothMap, g: Vector):
    """The document's reading: the branches differentiated by the last output."""
    return _residual(
        n, x, f, g, lambda h: Identity(x) + Jacobian(Sum(f(i, h(i - 1)), (i, 1, n)), h(n))
    )


# -- clipping ---------------------------------------------------------------------------------


@false(REFUTED)
def clipping_halves_the_bound(g: Gradients, c: Positive):
    """A bound that is too small."""
    return Norm(clip_by_norm(g, c)) <= c / 2


@false(REFUTED)
def clipping_stays_below_the_bound(g: Gradients, c: Positive):
    """Strictly, where the clipped norm reaches the bound."""
    return Norm(clip_by_norm(g, c)) < c


@false(REFUTED)
def clipping_always_reaches_the_bound(g: Gradients, c: Positive):
    """Rescaling without the condition."""
    return Eq(Norm(clip_by_norm(g, c)), c)


@false(REFUTED)
def gradients_need_no_clipping(g: Gradients, c: Positive):
    """Clipping forgotten."""
    return Norm(g) <= c


# -- formats ----------------------------------------------------------------------------------


@false(REFUTED)
def power_overflows_one_step_later(q: GrowthFactor, n: Depth):
    """The end of the range counted in."""
    return Iff(Abs(power(q, n)) < OVERFLOW_THRESHOLD, n <= log(OVERFLOW_THRESHOLD) / log(q))


@false(REFUTED)
def power_overflows_at_the_inverse_ratio(q: GrowthFactor, n: Depth):
    """The quotient of the logarithms upside down."""
    return Iff(Abs(power(q, n)) < OVERFLOW_THRESHOLD, n < log(q) / log(OVERFLOW_THRESHOLD))


@false(REFUTED)
def power_overflows_for_any_positive_factor(q: Positive, n: Depth):
    """A factor below 1 turns the inequality round."""
    return Iff(Abs(power(q, n)) < OVERFLOW_THRESHOLD, n < log(OVERFLOW_THRESHOLD) / log(q))


@false(REFUTED)
def product_overflows_in_the_other_direction(q: GrowthFactor, n: Depth):
    """The inequality turned round."""
    product = layers(lambda i, h: q * h, 1)
    return Iff(Abs(Computed(product(n))) < OVERFLOW_THRESHOLD, n > log(OVERFLOW_THRESHOLD) / log(q))


@false(REFUTED)
def product_of_twice_the_factor_overflows_at_that_depth(q: GrowthFactor, n: Depth):
    """Another factor in the layers than in the formula."""
    product = layers(lambda i, h: 2 * q * h, 1)
    return Iff(Abs(Computed(product(n))) < OVERFLOW_THRESHOLD, n < log(OVERFLOW_THRESHOLD) / log(q))


@false(REFUTED)
def power_underflows_for_growing_factors(q: GrowthFactor, n: Depth):
    """The law of shrinking factors for growing ones."""
    return Iff(power(q, n) > UNDERFLOW_THRESHOLD, n < log(UNDERFLOW_THRESHOLD) / log(q))


@false(REFUTED)
def product_is_positive_for_any_factor(q: Coefficient, n: Depth):
    """The sign of the factor forgotten."""
    product = layers(lambda i, h: q * h, 1)
    return Computed(product(n)) > 0


@false(REFUTED)
def product_stays_above_a_half(q: DecayFactor, n: Depth):
    """Positive, but not bounded away from 0; true at n = 1."""
    product = layers(lambda i, h: q * h, 1)
    return Computed(product(n)) > Rational(1, 2)


@false(REFUTED)
def growing_product_keeps_shrinking(q: GrowthFactor, n: Depth):
    """The law of shrinking factors for growing ones."""
    product = layers(lambda i, h: q * h, 1)
    return Computed(product(n)) < Computed(product(n - 1))


@false(REFUTED)
def product_of_a_negative_start_keeps_shrinking(q: DecayFactor, n: Depth):
    """From below 0 the product rises towards 0."""
    product = layers(lambda i, h: q * h, -1)
    return Computed(product(n)) < Computed(product(n - 1))


# -- initialisation ---------------------------------------------------------------------------


@false(OPEN)  # what is random is not searched for counterexamples
def he_doubles_the_second_moment(x: Vector, shape: Shape, seed: Seed):
    """The ReLU's half forgotten."""
    z = linear(x, he_normal(shape, seed), Zeros(shape))
    return Eq(Expectation(SecondMoment(relu(z)), seed), 2 * SecondMoment(x))


@false(OPEN)
def he_keeps_the_second_moment_of_a_leaky_layer(x: Vector, shape: Shape, seed: Seed):
    """Another activation than the one that He's variance is made for."""
    z = linear(x, he_normal(shape, seed), Zeros(shape))
    return Eq(Expectation(SecondMoment(leaky_relu(z, Rational(1, 2))), seed), SecondMoment(x))


@false(OPEN)
def he_keeps_the_sum_of_squares(x: Vector, shape: Shape, seed: Seed):
    """The sum instead of the mean, where the widths differ."""
    z = linear(x, he_normal(shape, seed), Zeros(shape))
    return Eq(Expectation(Total(relu(z) ** 2), seed), Total(x**2))


# -- normalisation ----------------------------------------------------------------------------


@false(REFUTED)
def batch_norm_ignores_scale_with_the_same_eps(
    x: Batch, gamma: Features, beta: Features, eps: Epsilon, a: Positive, c: Coefficient
):
    """eps not scaled alike."""
    return Eq(batch_norm(a * x + c, gamma, beta, eps), batch_norm(x, gamma, beta, eps))


@false(REFUTED)
def batch_norm_ignores_scale_with_eps_scaled_once(
    x: Batch, gamma: Features, beta: Features, eps: Epsilon, a: Positive, c: Coefficient
):
    """eps scaled by a instead of its square."""
    return Eq(batch_norm(a * x + c, gamma, beta, a * eps), batch_norm(x, gamma, beta, eps))


@false(REFUTED)
def batch_norm_ignores_negative_scale(
    x: Batch, gamma: Features, beta: Features, eps: Epsilon, a: Coefficient
):
    """The sign of the scale forgotten."""
    return Eq(batch_norm(a * x, gamma, beta, a**2 * eps), batch_norm(x, gamma, beta, eps))


@false(REFUTED)
def batch_norm_ignores_gamma(x: Batch, gamma: Features, beta: Features, eps: Epsilon, a: Positive):
    """The scale behind the normalisation instead of the one in front of it."""
    return Eq(batch_norm(x, a * gamma, beta, eps), batch_norm(x, gamma, beta, eps))


def _weight_gradients(u, W, gamma, beta, eps, a, g, scale, eps_scale):

    def loss(V, eps):
        return Total(g * batch_norm(linear(u, V, Zeros(V)), gamma, beta, eps))

    return Eq(scale * Gradient(loss(a * W, eps_scale * eps), a * W), Gradient(loss(W, eps), W))


@false(REFUTED)
def batch_norm_weight_gradient_does_not_scale(
    u: Batch, W: WeightMatrix, gamma: Features, beta: Features, eps: Epsilon, a: Positive, g: Batch
):
    """The factor forgotten."""
    return _weight_gradients(u, W, gamma, beta, eps, a, g, 1, a**2)


@false(REFUTED)
def batch_norm_weight_gradient_scales_inversely_squared(
    u: Batch, W: WeightMatrix, gamma: Features, beta: Features, eps: Epsilon, a: Positive, g: Batch
):
    """The factor twice."""
    return _weight_gradients(u, W, gamma, beta, eps, a, g, a**2, a**2)


@false(REFUTED)
def batch_norm_weight_gradient_scales_with_the_same_eps(
    u: Batch, W: WeightMatrix, gamma: Features, beta: Features, eps: Epsilon, a: Positive, g: Batch
):
    """eps not scaled alike."""
    return _weight_gradients(u, W, gamma, beta, eps, a, g, a, 1)


# -- traps for the prover itself --------------------------------------------------------------


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


@pytest.mark.parametrize("name", VARIANTS)
def test_a_false_variant_is_not_proved(name: str) -> None:
    variant, outcome = VARIANTS[name]
    proof = prove(variant)
    assert proof.outcome is outcome, str(proof)
    if outcome is REFUTED:
        assert proof.witness is not None
        assert {"left", "right"} <= set(proof.witness)


@pytest.mark.parametrize("name", VARIANTS)
def test_no_method_proves_a_false_variant(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # Examples refute most variants before a method sees them; here the methods are on their own.
    monkeypatch.setattr(proof_reading, "SPOT_CHECKS", 0)
    monkeypatch.setattr(proof_reading, "TRIES", 0)
    proof = prove(VARIANTS[name][0])
    assert proof.outcome is OPEN, str(proof)
    assert proof.reason

"""Chains and layers: true laws with one thing wrong."""

from sympy import Abs, Eq, Product

from tests.false_variants.variant import OPEN, REFUTED, false
from theory.calculus import (
    Diagonal,
    Dot,
    Gradient,
    Jacobian,
    Largest,
    OrderedProduct,
    Slope,
    Total,
    Transpose,
    i,
    k,
    layers,
)
from theory.domains import (
    Batch,
    Biases,
    BiasVectors,
    Coefficient,
    Depth,
    Features,
    GrowthRate,
    PositiveReal,
    PositiveWeights,
    Real,
    SquareMatrix,
    Surpluses,
    Vector,
    WeightMatrices,
    WeightMatrix,
    Weights,
)
from theory.heads import (
    linear,
    relu,
    sigmoid,
    tanh,
)


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


@false(REFUTED)
def network_is_its_first_layer_applied_last(n: Depth, x: Vector, W: WeightMatrices, b: BiasVectors):
    """The layers in another order."""
    h = layers(lambda i, h: tanh(linear(h, W[i], b[i])), x)
    return Eq(h(n), tanh(linear(h(n - 1), W[1], b[1])))


@false(REFUTED)
def factors_below_one_vanish_one_power_faster(n: Depth, x: Real, w: Weights, b: Biases):
    """One layer too many."""
    a = layers(lambda i, h: sigmoid(w[i] * h + b[i]), x)
    z = w[i] * a(i - 1) + b[i]
    largest = Largest(Abs(w[i] * Slope(sigmoid(z), z)), (i, 1, n))
    return Abs(Gradient(a(n), x)) <= largest ** (n + 1)


@false(REFUTED)
def factors_above_one_explode_one_power_faster(
    n: Depth, x: PositiveReal, p: Surpluses, q: GrowthRate
):
    """One layer too many."""
    a = layers(lambda i, h: relu((q + p[i]) * h), x)
    return Abs(Gradient(a(n), x)) >= q ** (n + 1)


@false(REFUTED)
def layer_jacobian_is_slope_after_weight(h: Vector, W: SquareMatrix, b: Features):
    """The slopes scale the columns instead of the rows."""
    z = linear(h, W, b)
    return Eq(Jacobian(tanh(z), h), Dot(W, Diagonal(Slope(tanh(z), z))))


@false(REFUTED)
def second_layer_gradient_without_the_third(x: Real, y: Real, u: Real, v: Real, s: Real, t: Real):
    """A factor left out."""
    f2 = sigmoid(v * sigmoid(u * x))
    f4 = sigmoid(t * sigmoid(s * f2))
    loss = (f4 - y) ** 2 / 2
    return Eq(Gradient(loss, v), Gradient(loss, f4) * Slope(f2, v))


@false(REFUTED)
def weight_gradient_forgets_the_slope(u: Batch, W: WeightMatrix, b: Features, g: Batch):
    """The error in front of the activation."""
    loss = Total(g * tanh(linear(u, W, b)))
    return Eq(Gradient(loss, W), Dot(Transpose(g), u))


@false(REFUTED)
def relu_jacobian_is_the_bare_weight_product(
    n: Depth, x: Vector, W: WeightMatrices, b: BiasVectors
):
    """The masks left out: true only where every unit is active."""
    h = layers(lambda i, h: relu(linear(h, W[i], b[i])), x)
    return Eq(Jacobian(h(n), x), OrderedProduct(W[k], (k, n, 1)))


@false(REFUTED)
def factors_that_are_negative_grow_all_the_same(n: Depth, x: Real, q: Coefficient):
    """A bound from below whose factor may be negative."""
    a = layers(lambda i, h: q * h, x)
    return Abs(Gradient(a(n), x)) >= (-q) ** n / 2 + 1


@false(REFUTED)
def relu_chains_never_shrink(n: Depth, x: Real, p: Surpluses, q: GrowthRate):
    """Where the ReLUs may be inactive."""
    a = layers(lambda i, h: relu((q + p[i]) * h), x)
    return Abs(Gradient(a(n), x)) >= q**n

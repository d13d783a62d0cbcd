"""Chains: what depth does to a product of derivatives."""

from theory.language import *


@claim(source=(CV.section("1"), NIELSEN_2015.chapter(5)))
def chain_bias_gradient_is_a_product(n: Depth, x: Real, y: Real, w: Weights, b: Biases):
    """The gradient of the first bias is σ'(z₁) ∏ wᵢσ'(zᵢ) ∂C/∂aₙ, a factor for each layer above."""
    a = layers(lambda i, h: sigmoid(w[i] * h + b[i]), x)
    z = lambda i: w[i] * a(i - 1) + b[i]
    cost = (a(n) - y) ** 2 / 2
    product = Product(w[i] * Slope(sigmoid(z(i)), z(i)), (i, 2, n))
    return Eq(Gradient(cost, b[1]), Slope(sigmoid(z(1)), z(1)) * product * Gradient(cost, a(n)))


@claim(
    source=CV.section("1"),
    attained_at={"n": 7, "x": Rational(1, 2), "w": Rational(195, 128), "b": -Rational(195, 256)},
)
def sigmoid_chain_gradient_shrinks_geometrically(n: Depth, x: Real, w: Weights, b: Biases):
    """A chain of n sigmoids lets at most (max|w| / 4)ⁿ of a gradient through, for every input.

    Equality where every layer's argument is 0: there a product that is rounded up breaks the bound.
    """
    a = layers(lambda i, h: sigmoid(w[i] * h + b[i]), x)
    return Abs(Gradient(a(n), x)) <= (Largest(Abs(w[i]), (i, 1, n)) / 4) ** n


@claim(source=ML38.section("一"))
def layer_gradient_is_a_product_of_jacobians(
    n: Depth, x: Vector, W: WeightMatrices, b: BiasVectors, g: Vector
):
    """A layer's weight gradient is ∂ℓ/∂h_d times the Jacobians of all layers above, times ∂h/∂w.

    Stated for the first of n layers; any other is the first of the network above it.
    """
    h = layers(lambda i, h: tanh(linear(h, W[i], b[i])), x)
    z = linear(x, W[1], b[1])
    loss = Total(g * h(n))
    above = OrderedProduct(Jacobian(h(k), h(k - 1)), (k, n, 2))
    error = Dot(Dot(Gradient(loss, h(n)), above), Diagonal(Slope(tanh(z), z)))
    return Eq(Gradient(loss, W[1]), Dot(Transpose(error), x))


@claim(
    source=(ML38.section("三"), SOLUTIONS.section("3.3")),
    corrects="relu_cannot_explode_or_vanish",
)
def relu_chain_gradient_is_the_product_of_its_weights(
    n: Depth, x: PositiveReal, w: PositiveWeights
):
    """Where every ReLU is active, the gradient is the bare product of the weights."""
    a = layers(lambda i, h: relu(w[i] * h), x)
    return Eq(Gradient(a(n), x), Product(w[i], (i, 1, n)))


@refuted(
    source=(SOLUTIONS.section("3.3"), CV.section("2.1")),
    by=({"n": 20, "x": 1, "w": 2}, {"n": 20, "x": 1, "w": Rational(1, 2)}),
    instead="relu_chain_gradient_is_the_product_of_its_weights",
)
def relu_cannot_explode_or_vanish(n: Depth, x: PositiveReal, w: PositiveWeights):
    """The slope of an active ReLU is 1, so the gradient passes any number of layers unchanged.

    The activation's factor is 1, the layer's is w: w = 2 grows as 2ⁿ, w = 1/2 vanishes as 2⁻ⁿ.
    """
    a = layers(lambda i, h: relu(w[i] * h), x)
    return Eq(Gradient(a(n), x), 1)


@claim(
    source=(
        CV.section("1"),
        SOLUTIONS.section("2.1"),
        RECTIFIER.section("1"),
        ML38.section("二"),
        NIELSEN_2015.chapter(5),
    )
)
def layers_near_the_input_learn_slowest(seed: Seed):
    """In a net of four sigmoid layers of 30 the errors shrink from layer to layer to the input.

    Measured: by a factor of about 4.5 a layer, the slope of ln‖δ‖ being −1.50 in the median.
    """
    net = Network(depth=4, width=30, inputs=30, activation="sigmoid", start="lecun normal")
    return Probability(LogErrorSlope(net, seed) < 0, seed) > Rational(9, 10)

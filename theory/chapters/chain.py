"""Chains: what depth does to a product of derivatives."""

from theory.language import *


@claim(source=(SOLUTIONS.section("1"), ML38.section("一")))
def forward_is_a_composition(n: Depth, x: Vector, W: WeightMatrices, b: BiasVectors):
    """A network of n layers is its nth layer applied to the network of the n - 1 below it."""
    h = layers(lambda i, h: tanh(linear(h, W[i], b[i])), x)
    return Eq(h(n), tanh(linear(h(n - 1), W[n], b[n])))


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
    corrects="data_augmentation_prevents_vanishing",
)
def sigmoid_chain_gradient_shrinks_geometrically(n: Depth, x: Real, w: Weights, b: Biases):
    """A chain of n sigmoids lets at most (max|w| / 4)ⁿ of a gradient through, for every input.

    With max|w| < 4 that shrinks geometrically. Equality where every layer's argument is 0: there a
    product that is rounded up breaks the bound.
    """
    a = layers(lambda i, h: sigmoid(w[i] * h + b[i]), x)
    return Abs(Gradient(a(n), x)) <= (Largest(Abs(w[i]), (i, 1, n)) / 4) ** n


@claim(source=(CV.section("1"), SOLUTIONS.section("2.1")))
def factors_below_one_vanish(n: Depth, x: Real, w: Weights, b: Biases):
    """Where no layer's factor |wφ'| exceeds q, at most qⁿ of a gradient passes n layers.

    It is the factor that counts, here with q the largest of them: weights may well be above 1.
    Equality where all factors are alike: there a product that is rounded up breaks the bound.
    """
    a = layers(lambda i, h: sigmoid(w[i] * h + b[i]), x)
    z = lambda i: w[i] * a(i - 1) + b[i]
    factor = lambda i: Abs(w[i] * Slope(sigmoid(z(i)), z(i)))
    return Abs(Gradient(a(n), x)) <= Largest(factor(i), (i, 1, n)) ** n


@claim(source=(CV.section("1"), SOLUTIONS.section("2.1")))
def factors_above_one_explode(n: Depth, x: PositiveReal, p: Surpluses, q: GrowthRate):
    """Where every layer's factor |wφ'| is at least q > 1, at least qⁿ of a gradient arrives.

    Stated for active ReLUs and weights from q + 1/8 to q + 1/2.
    """
    a = layers(lambda i, h: relu((q + p[i]) * h), x)
    return Abs(Gradient(a(n), x)) >= q**n


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


@claim(source=SOLUTIONS.section("2.1"), corrects="layer_jacobian_is_the_activation_derivative")
def layer_jacobian_is_weight_times_slope(h: Vector, W: WeightMatrix, b: Features):
    """The Jacobian of a layer is its weight, each row scaled by the activation's slope there."""
    z = linear(h, W, b)
    return Eq(Jacobian(tanh(z), h), Dot(Diagonal(Slope(tanh(z), z)), W))


@refuted(
    source=SOLUTIONS.section("2.1"),
    by={"h": 0, "W": 2, "b": 0},
    instead="layer_jacobian_is_weight_times_slope",
)
def layer_jacobian_is_the_activation_derivative(h: Vector, W: SquareMatrix, b: Features):
    """The Jacobian of a layer is the derivative of its activation.

    The document drops the weight, which is what makes a gradient explode where no slope can.
    """
    z = linear(h, W, b)
    return Eq(Jacobian(tanh(z), h), Diagonal(Slope(tanh(z), z)))


@claim(source=SOLUTIONS.section("2.1"), corrects="second_layer_gradient_chain_as_printed")
def second_layer_gradient_chain(x: Real, y: Real, u: Real, v: Real, s: Real, t: Real):
    """Of four layers the second's gradient is ∂L/∂f₄ · ∂f₄/∂f₃ · ∂f₃/∂f₂ · ∂f₂/∂w₂."""
    f1 = sigmoid(u * x)
    f2 = sigmoid(v * f1)
    f3 = sigmoid(s * f2)
    f4 = sigmoid(t * f3)
    loss = (f4 - y) ** 2 / 2
    chain = Gradient(loss, f4) * Slope(f4, f3) * Slope(f3, f2) * Slope(f2, v)
    return Eq(Gradient(loss, v), chain)


@refuted(
    source=SOLUTIONS.section("2.1"),
    by={"x": 1, "y": 0, "u": 1, "v": 1, "s": 1, "t": 1},
    instead="second_layer_gradient_chain",
)
def second_layer_gradient_chain_as_printed(x: Real, y: Real, u: Real, v: Real, s: Real, t: Real):
    """Of four layers the second's gradient is ∂L/∂f₄ · ∂f₂/∂f₃ · ∂f₂/∂f₂ · ∂f₂/∂w₂.

    The document differentiates the second layer by the third, on which it does not depend, so the
    printed product is 0; and the factor ∂f₂/∂f₂ is 1.
    """
    f1 = sigmoid(u * x)
    f2 = sigmoid(v * f1)
    f3 = sigmoid(s * f2)
    f4 = sigmoid(t * f3)
    loss = (f4 - y) ** 2 / 2
    chain = Gradient(loss, f4) * Slope(f2, f3) * Slope(f2, f2) * Slope(f2, v)
    return Eq(Gradient(loss, v), chain)


@claim(source=(SOLUTIONS.section("2.1"), RUMELHART_1986.equation(6)))
def weight_gradient_is_error_times_input(u: Batch, W: WeightMatrix, b: Features, g: Batch):
    """A layer's weight gradient is the error φ'(z)g times the input, added up over the batch."""
    z = linear(u, W, b)
    loss = Total(g * tanh(z))
    return Eq(Gradient(loss, W), Dot(Transpose(g * Slope(tanh(z), z)), u))


@claim(source=ML38.section("三"))
def relu_jacobian_is_a_masked_weight_product(
    n: Depth, x: Vector, W: WeightMatrices, b: BiasVectors
):
    """The Jacobian of n ReLU layers is the product of the weights, each masked by its slopes."""
    h = layers(lambda i, h: relu(linear(h, W[i], b[i])), x)
    z = lambda i: linear(h(i - 1), W[i], b[i])
    mask = lambda i: Diagonal(Slope(relu(z(i)), z(i)))
    return Eq(Jacobian(h(n), x), OrderedProduct(Dot(mask(k), W[k]), (k, n, 1)))


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
    """In a net of four sigmoid layers of 30 the errors shrink by a factor of e a layer, and more.

    Measured: by a factor of about 4.5, the slope of ln‖δ‖ being −1.50 in the median.
    """
    net = Network(depth=4, width=30, inputs=30, activation="sigmoid", start="lecun normal")
    return Probability(LogErrorSlope(net, seed) < -1, seed) > Rational(9, 10)


@claim(
    source=(PASCANU_2013.section("2.1"), SAXE_2014.section("2")),
    attained_at={"n": 7, "x": 0, "W": Rational(195, 128), "b": 0, "g": 1},
)
def gradient_norm_is_at_most_the_product_of_largest_singular_values(
    n: Depth, x: Vector, W: WeightMatrices, b: BiasVectors, g: Vector
):
    """Through tanh layers a gradient grows at most by the product of their ‖W‖ = σ_max(W).

    Equality in layers of one neuron whose argument is 0: there a product that is rounded up breaks
    the bound.
    """
    h = layers(lambda i, h: tanh(linear(h, W[i], b[i])), x)
    loss = Total(g * h(n))
    return Norm(Gradient(loss, x)) <= Norm(g) * Product(LargestSingularValue(W[i]), (i, 1, n))


@claim(
    source=SAXE_2014.section("2"),
    attained_at={"n": 7, "x": -1, "W": Rational(205, 128), "b": 0, "g": 1, "k": Rational(1, 2)},
)
def gradient_norm_is_at_least_the_product_of_smallest_singular_values(
    n: Depth, x: Vector, W: SquareMatrices, b: BiasesAlike, g: Vector, k: UnitInterval
):
    """Through leaky ReLU layers a gradient keeps at least the product of k times their σ_min(W).

    The slopes are k or 1. Equality in layers of one neuron on the left: there a product that is
    rounded down breaks the bound.
    """
    h = layers(lambda i, h: leaky_relu(linear(h, W[i], b[i]), k), x)
    loss = Total(g * h(n))
    smallest = Product(k * SmallestSingularValue(W[i]), (i, 1, n))
    return Norm(Gradient(loss, x)) >= Norm(g) * smallest


@claim(source=SAXE_2014.section("3"))
def orthogonal_linear_layers_keep_the_gradient_norm(
    n: Depth, x: Vector, Q: OrthogonalMatrices, g: Vector
):
    """Through linear layers with orthogonal weights a gradient keeps its norm, at any depth."""
    h = layers(lambda i, h: linear(h, Q[i], Zeros(Q[i])), x)
    return Eq(Norm(Gradient(Total(g * h(n)), x)), Norm(g))


@claim(source=RECTIFIER.section("1"))
def error_signal_decays_exponentially_with_depth(seed: Seed):
    """Through 30 sigmoid layers of 100 the logarithm of the error falls along a straight line.

    Measured: by 1.45 a layer, a factor of 4.3, and the line explains more than 0.9998 of it.
    """
    net = Network(depth=30, width=100, inputs=100, activation="sigmoid", start="lecun normal")
    falls, straight = LogErrorSlope(net, seed) < -1, LogErrorFit(net, seed) > Rational(99, 100)
    return Probability(And(falls, straight), seed) > Rational(9, 10)


@claim(source=HANIN_2020.section("1"))
def random_relu_gradients_spread_with_inverse_width(seed: Seed):
    """The variance of the log squared gradient is 5 times the sum of 1/width over ReLU layers.

    Within a half, from 100 starts each; for 5 layers of 40 units, 10 of 40 and 10 of 80.
    """
    net = lambda steps, width: Network(
        depth=steps + 1, width=width, inputs=width, activation="relu", start="he normal", rows=1
    )
    spread = lambda steps, width: (
        LogRatioVariance(net(steps, width), seed) / Rational(5 * steps, width)
    )
    near = lambda ratio: Abs(ratio - 1) < Rational(1, 2)
    event = And(near(spread(5, 40)), near(spread(10, 40)), near(spread(10, 80)))
    return Probability(event, seed) > Rational(1, 2)

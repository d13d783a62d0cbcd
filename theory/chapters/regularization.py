"""Regularisation: what penalties and weight decay do to weights, and so to gradients."""

from theory.language import *


@claim(source=(SOLUTIONS.section("3.2"), HOERL_1970.section("2")))
def ridge_gradient(x: Batch, y: Batch, W: WeightMatrix, alpha: Positive):
    """The gradient of (y − Wx)² + α‖W‖² by W is 2αW less twice the error times the input."""
    error = y - linear(x, W, Zeros(W))
    loss = Total(error**2) + l2_penalty(W, alpha)
    return Eq(Gradient(loss, W), 2 * alpha * W - 2 * Dot(Transpose(error), x))


@claim(source=(SOLUTIONS.section("3.2"), KROGH_1992.section("1")))
def l2_gradient_is_twice_the_weights(w: Parameters, alpha: Positive):
    """The gradient of α times the sum of the squares of all weights is 2αw."""
    return Eq(Gradient(l2_penalty(w, alpha), w), 2 * alpha * w)


@claim(source=(SOLUTIONS.section("3.2"), TIBSHIRANI_1996.section("1")))
def l1_gradient_is_a_sign(w: Parameters, alpha: Positive):
    """The gradient of α times the sum of the magnitudes of all weights is α sign(w), 0 at 0."""
    return Eq(Gradient(l1_penalty(w, alpha), w), alpha * sign(w))


@claim(source=(CV.section("2.4"), SOLUTIONS.section("3.2"), KROGH_1992.section("1")))
def weight_decay_contracts_weights(
    theta: Parameters, g: Gradients, rate: LearningRate, alpha: Positive
):
    """With a decay of 2α every step multiplies the weights by 1 − 2αη before the gradient acts.

    A contraction as long as αη < 1; beyond that the decay itself explodes.
    """
    return Eq(sgd_step(theta, g, rate, 2 * alpha), (1 - 2 * alpha * rate) * theta - rate * g)


@claim(
    source=(CV.section("2.4"), SOLUTIONS.section("3.2")),
    attained_at={"n": 7, "x": 0, "W": Rational(195, 128), "b": 0, "g": 1},
)
def bounded_weights_bound_the_gradient(
    n: Depth, x: Vector, W: WeightMatrices, b: BiasVectors, g: Vector
):
    """Through n layers of tanh a gradient grows by at most the product of the weights' norms.

    Equality in layers of one neuron whose argument is 0: there a product that is rounded up breaks
    the bound. By the singular values, which are at most these norms, it is a bound as well.
    """
    h = layers(lambda i, h: tanh(linear(h, W[i], b[i])), x)
    return Norm(Gradient(Total(g * h(n)), x)) <= Product(Norm(W[i]), (i, 1, n)) * Norm(g)


@claim(source=LOSHCHILOV_2019.section("2"), corrects="l2_equals_decoupled_decay_in_adam")
def l2_equals_decay_in_sgd(theta: Real, g: Real, rate: LearningRate, alpha: Positive):
    """In gradient descent the gradient 2αθ of an L2 penalty does what a weight decay of 2α does."""
    return Eq(sgd_step(theta, g + 2 * alpha * theta, rate, 0), sgd_step(theta, g, rate, 2 * alpha))


@refuted(
    source=LOSHCHILOV_2019.section("2"),
    by={
        "theta": 1,
        "g": 1,
        "rate": Rational(1, 2),
        "beta1": Rational(1, 2),
        "beta2": Rational(1, 2),
        "eps": Rational(1, 16),
        "alpha": 1,
    },
    instead="l2_equals_decay_in_sgd",
)
def l2_equals_decoupled_decay_in_adam(
    theta: Real,
    g: Real,
    rate: LearningRate,
    beta1: ForgettingRate,
    beta2: ForgettingRate,
    eps: Epsilon,
    alpha: Positive,
):
    """In Adam the gradient 2αθ of an L2 penalty does what a decoupled decay of 2α, AdamW's, does.

    Adam divides the penalty's gradient by the root of the second moment, together with the loss's:
    the weights that have the largest gradients are then decayed the least.
    """
    start = FreshState(theta)
    penalised, _ = adam_step(theta, g + 2 * alpha * theta, start, rate, beta1, beta2, eps, 0)
    decayed, _ = adamw_step(theta, g, start, rate, beta1, beta2, eps, 2 * alpha)
    return Eq(penalised, decayed)


@claim(source=LOSHCHILOV_2019.section("2"))
def decay_in_adam_is_an_l2_penalty(
    theta: Real,
    f: Real,
    g: Real,
    rate: LearningRate,
    beta1: ForgettingRate,
    beta2: ForgettingRate,
    eps: Epsilon,
    alpha: Positive,
):
    """What Adam calls a weight decay of 2α is the gradient 2αθ of an L2 penalty."""
    _, state = adam_step(theta, f, FreshState(theta), rate, beta1, beta2, eps, 0)
    penalised, _ = adam_step(theta, g + 2 * alpha * theta, state, rate, beta1, beta2, eps, 0)
    decayed, _ = adam_step(theta, g, state, rate, beta1, beta2, eps, 2 * alpha)
    return Eq(penalised, decayed)


@claim(source=LOSHCHILOV_2019.section("2"))
def decay_in_adamw_is_that_of_sgd(
    theta: Parameters,
    f: Gradients,
    g: Gradients,
    rate: LearningRate,
    beta1: ForgettingRate,
    beta2: ForgettingRate,
    eps: Epsilon,
    decay: Positive,
):
    """AdamW takes Adam's step and subtracts the rate times the decay times the weights, no more."""
    _, state = adam_step(theta, f, FreshState(theta), rate, beta1, beta2, eps, 0)
    plain, _ = adam_step(theta, g, state, rate, beta1, beta2, eps, 0)
    decayed, _ = adamw_step(theta, g, state, rate, beta1, beta2, eps, decay)
    return Eq(decayed, plain - rate * decay * theta)


@claim(source=LOSHCHILOV_2019.section("2"))
def decay_in_adamw_leaves_the_moments_alone(
    theta: Parameters,
    f: Gradients,
    g: Gradients,
    rate: LearningRate,
    beta1: ForgettingRate,
    beta2: ForgettingRate,
    eps: Epsilon,
    decay: Positive,
):
    """After a step of AdamW the moments are those that Adam would have, whatever the decay."""
    _, moments = adamw_step(theta, f, FreshState(theta), rate, beta1, beta2, eps, decay)
    _, plain = adam_step(theta, f, FreshState(theta), rate, beta1, beta2, eps, 0)
    after, _ = adam_step(theta, g, moments, rate, beta1, beta2, eps, 0)
    usual, _ = adam_step(theta, g, plain, rate, beta1, beta2, eps, 0)
    return Eq(after, usual)


@refuted(
    source=TECHNIQUES.section("2.2.2"),
    by={"n": 2, "x": 1, "shift": 1, "w": 1, "b": -2},
    instead="sigmoid_chain_gradient_shrinks_geometrically",
)
def data_augmentation_prevents_vanishing(
    n: Depth, x: Real, shift: Coefficient, w: Weights, b: Biases
):
    """With data that are moved, the gradient does not shrink from layer to layer of sigmoids.

    It is bounded by (max|w| / 4)ⁿ for every input, and so for every change of the data: where all
    weights are below 4 it vanishes.
    """
    a = layers(lambda i, h: sigmoid(w[i] * h + b[i]), x + shift)
    return Abs(Gradient(a(n), x)) >= Abs(Gradient(a(1), x))

"""Regularisation: true laws with one thing wrong."""

from sympy import Eq, Product, sign

from tests.false_variants.variant import OPEN, REFUTED, false
from theory.calculus import Dot, FreshState, Gradient, Norm, Total, Transpose, Zeros, i, layers
from theory.domains import (
    Batch,
    BiasVectors,
    Depth,
    Epsilon,
    ForgettingRate,
    Gradients,
    LearningRate,
    Parameters,
    Positive,
    Real,
    Vector,
    WeightMatrices,
    WeightMatrix,
)
from theory.heads import adamw_step, l1_penalty, l2_penalty, leaky_relu, linear, sgd_step, tanh


@false(REFUTED)
def ridge_gradient_without_a_two(x: Batch, y: Batch, W: WeightMatrix, alpha: Positive):
    """The penalty's gradient halved."""
    error = y - linear(x, W, Zeros(W))
    loss = Total(error**2) + l2_penalty(W, alpha)
    return Eq(Gradient(loss, W), alpha * W - 2 * Dot(Transpose(error), x))


@false(REFUTED)
def ridge_gradient_with_the_other_sign(x: Batch, y: Batch, W: WeightMatrix, alpha: Positive):
    """The error is y − Wx, so that its gradient points down."""
    error = y - linear(x, W, Zeros(W))
    loss = Total(error**2) + l2_penalty(W, alpha)
    return Eq(Gradient(loss, W), 2 * alpha * W + 2 * Dot(Transpose(error), x))


@false(REFUTED)
def l2_gradient_is_a_sign(w: Parameters, alpha: Positive):
    """That of the other penalty."""
    return Eq(Gradient(l2_penalty(w, alpha), w), alpha * sign(w))


@false(REFUTED)
def l1_gradient_is_proportional(w: Parameters, alpha: Positive):
    """That of the other penalty."""
    return Eq(Gradient(l1_penalty(w, alpha), w), alpha * w)


@false(REFUTED)
def weight_decay_contracts_by_half_as_much(
    theta: Parameters, g: Gradients, rate: LearningRate, alpha: Positive
):
    """1 − αη for a decay of 2α."""
    return Eq(sgd_step(theta, g, rate, 2 * alpha), (1 - alpha * rate) * theta - rate * g)


@false(REFUTED)
def weight_decay_contracts_the_gradient_too(
    theta: Parameters, g: Gradients, rate: LearningRate, alpha: Positive
):
    """The decay after the step."""
    decayed = (1 - 2 * alpha * rate) * (theta - rate * g)
    return Eq(sgd_step(theta, g, rate, 2 * alpha), decayed)


@false(OPEN)
def one_layer_of_weights_bounds_the_gradient(
    n: Depth, x: Vector, W: WeightMatrices, b: BiasVectors, g: Vector
):
    """The layers above the first are left out of the product."""
    h = layers(lambda i, h: tanh(linear(h, W[i], b[i])), x)
    return Norm(Gradient(Total(g * h(n)), x)) <= Product(Norm(W[i]), (i, 1, 1)) * Norm(g)


@false(REFUTED)
def weights_bound_the_gradient_of_a_steep_activation(
    n: Depth, x: Vector, W: WeightMatrices, b: BiasVectors, g: Vector
):
    """The slope of the activation is 2 on the left."""
    h = layers(lambda i, h: leaky_relu(linear(h, W[i], b[i]), 2), x)
    return Norm(Gradient(Total(g * h(n)), x)) <= Product(Norm(W[i]), (i, 1, n)) * Norm(g)


@false(OPEN)
def weights_bound_the_gradient_whatever_comes_from_above(
    n: Depth, x: Vector, W: WeightMatrices, b: BiasVectors, g: Vector
):
    """The upstream gradient left out."""
    h = layers(lambda i, h: tanh(linear(h, W[i], b[i])), x)
    return Norm(Gradient(Total(g * h(n)), x)) <= Product(Norm(W[i]), (i, 1, n))


@false(REFUTED)
def l2_equals_half_the_decay(theta: Real, g: Real, rate: LearningRate, alpha: Positive):
    """A decay of α for the gradient 2αθ."""
    return Eq(sgd_step(theta, g + 2 * alpha * theta, rate, 0), sgd_step(theta, g, rate, alpha))


@false(REFUTED)
def adamw_decays_without_the_rate(
    theta: Real,
    g: Real,
    rate: LearningRate,
    beta1: ForgettingRate,
    beta2: ForgettingRate,
    eps: Epsilon,
    decay: Positive,
):
    """The decay not multiplied by the rate."""
    start = FreshState(theta)
    decayed, _ = adamw_step(theta, g, start, rate, beta1, beta2, eps, decay)
    plain, _ = adamw_step(theta, g, start, rate, beta1, beta2, eps, 0)
    return Eq(decayed, plain - decay * theta)

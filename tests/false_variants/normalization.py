"""Normalisation: true laws with one thing wrong."""

from sympy import Eq

from tests.false_variants.variant import REFUTED, false
from theory.calculus import (
    Gradient,
    Total,
    Zeros,
)
from theory.domains import (
    Batch,
    Coefficient,
    Epsilon,
    Features,
    Positive,
    WeightMatrix,
)
from theory.heads import (
    batch_norm,
    linear,
)


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

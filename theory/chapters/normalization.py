"""Normalisation: what batch norm forgets."""

from theory.language import *


@claim(source=CV.section("2.2"))
def batch_norm_ignores_shift_and_scale(
    x: Batch, gamma: Features, beta: Features, eps: Epsilon, a: Positive, c: Coefficient
):
    """A batch that is shifted and scaled normalises to the same values once eps is scaled alike."""
    return Eq(batch_norm(a * x + c, gamma, beta, a**2 * eps), batch_norm(x, gamma, beta, eps))


@claim(source=(SOLUTIONS.section("3.4"), IOFFE_2015.section("3.3")))
def batch_norm_weight_gradient_scales_inversely(
    u: Batch, W: WeightMatrix, gamma: Features, beta: Features, eps: Epsilon, a: Positive, g: Batch
):
    """Weights that are a times larger in front of a batch norm get a gradient a times smaller."""
    loss = lambda V, eps: Total(g * batch_norm(linear(u, V, Zeros(V)), gamma, beta, eps))
    return Eq(a * Gradient(loss(a * W, a**2 * eps), a * W), Gradient(loss(W, eps), W))

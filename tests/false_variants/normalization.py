"""Normalisation: true laws with one thing wrong."""

from typing import Any

from sympy import Eq, sqrt

from tests.false_variants.variant import REFUTED, false
from theory.calculus import (
    ColumnMean,
    ColumnTotal,
    ColumnVariance,
    Gradient,
    Rows,
    Slope,
    Total,
    Transpose,
    Zeros,
)
from theory.domains import (
    Batch,
    Coefficient,
    Epsilon,
    Features,
    Positive,
    UnitInterval,
    Variances,
    WeightMatrix,
)
from theory.heads import (
    batch_norm,
    batch_norm_eval,
    batch_norm_running,
    layer_norm,
    linear,
    rms_norm,
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


@false(REFUTED)
def batch_norm_output_has_mean_zero(x: Batch, gamma: Features, beta: Features, eps: Epsilon):
    """The shift forgotten."""
    return Eq(ColumnMean(batch_norm(x, gamma, beta, eps)), 0)


@false(REFUTED)
def batch_norm_output_variance_is_scaled_by_gamma(
    x: Batch, gamma: Features, beta: Features, eps: Epsilon
):
    """Gamma where its square belongs."""
    v = ColumnVariance(x)
    return Eq(ColumnVariance(batch_norm(x, gamma, beta, eps)), gamma * v / (v + eps))


@false(REFUTED)
def batch_norm_ignores_the_sign_of_the_weight_scale(
    u: Batch, W: WeightMatrix, gamma: Features, beta: Features, eps: Epsilon, a: Positive
):
    """Gamma with the sign that it had."""

    def normal(V: Any, eps: Any) -> Any:
        return batch_norm(linear(u, V, Zeros(V)), gamma, beta, eps)

    return Eq(normal(-a * W, a**2 * eps), normal(W, eps))


@false(REFUTED)
def batch_norm_input_gradient_sums_to_that_of_beta(
    x: Batch, gamma: Features, beta: Features, eps: Epsilon, g: Batch
):
    """What the gradient of the shift sums to."""
    loss = Total(g * batch_norm(x, gamma, beta, eps))
    return Eq(ColumnTotal(Gradient(loss, x)), ColumnTotal(g))


@false(REFUTED)
def batch_norm_weight_gradient_is_orthogonal_at_any_eps(
    u: Batch, W: WeightMatrix, gamma: Features, beta: Features, eps: Epsilon, g: Batch
):
    """The term that eps leaves is dropped."""
    loss = Total(g * batch_norm(linear(u, W, Zeros(W)), gamma, beta, eps))
    return Eq(ColumnTotal(Transpose(W * Gradient(loss, W))), 0)


@false(REFUTED)
def batch_norm_output_is_bounded_by_a_smaller_batch(x: Batch, gamma: Features, eps: Epsilon):
    """One row less than there is."""
    y = batch_norm(x, gamma, Zeros(gamma), eps)
    return y**2 <= gamma**2 * (Rows(x) - 2)


@false(REFUTED)
def running_variance_is_biased(mean: Features, var: Variances, x: Batch, q: UnitInterval):
    """The variance of the output in the running estimate."""
    _, new = batch_norm_running(mean, var, x, q)
    return Eq(new, (1 - q) * var + q * ColumnVariance(x))


@false(REFUTED)
def evaluation_gradient_is_not_scaled_by_gamma(
    x: Batch, mean: Features, var: Variances, gamma: Features, beta: Features, eps: Epsilon
):
    """Gamma forgotten."""
    y = batch_norm_eval(x, mean, var, gamma, beta, eps)
    return Eq(Slope(y, x), 1 / sqrt(var + eps))


@false(REFUTED)
def layer_norm_ignores_scale_with_the_same_eps(
    x: Batch, gamma: Features, beta: Features, eps: Epsilon, a: Positive
):
    """eps not scaled alike."""
    return Eq(layer_norm(a * x, gamma, beta, eps), layer_norm(x, gamma, beta, eps))


@false(REFUTED)
def rms_norm_ignores_shift(x: Batch, gamma: Features, eps: Epsilon, c: Coefficient):
    """What layer norm ignores and RMS norm does not."""
    return Eq(rms_norm(x + c, gamma, eps), rms_norm(x, gamma, eps))

"""Rules for layers."""

import numpy as np

from checks.enclosures import Arithmetic, Ball, gamma
from checks.rules.rule import Contributions, Rule


def _linear(ar: Arithmetic, x: Ball, weight: Ball, bias: Ball) -> Ball:
    # n products and the bias are n + 1 terms in any order: an accumulator may start from the bias.
    # The last of the n additions rounds the result. Before it a product passes through at most
    # n − 1 others, which γₙ covers with its own rounding, and the bias through as many: γₙ₋₁.
    earlier = gamma(x.shape[-1] - 1, ar.unit)
    product = ar.dot(x, weight.map(np.transpose))
    return ar.add(product, ar.widened(bias, earlier * bias.magnitude))


def _linear_backward(
    ar: Arithmetic, x: Ball, weight: Ball, bias: Ball, output: Ball, grad: Ball
) -> Contributions:
    return (
        ar.dot(grad, weight),
        ar.dot(grad.map(np.transpose), x),
        ar.sum(grad, axis=0),
    )


def _residual(ar: Arithmetic, x: Ball, branch: Ball) -> Ball:
    return ar.add(x, branch)


def _residual_backward(
    ar: Arithmetic, x: Ball, branch: Ball, output: Ball, grad: Ball
) -> Contributions:
    return grad, grad


RULES = {
    "linear": Rule(_linear, _linear_backward),
    "residual": Rule(_residual, _residual_backward),
}

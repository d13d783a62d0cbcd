"""Rules for the steps of optimisers, which nobody differentiates through."""

from fractions import Fraction
from functools import partial
from typing import Any

from checks.enclosures import Arithmetic, Ball
from checks.lists import mapped
from checks.rules.rule import Rule


def _sgd_step(
    ar: Arithmetic, params: Any, grads: Any, rate: Fraction, weight_decay: Fraction
) -> Any:
    return mapped(partial(_descended, ar, rate, weight_decay), params, grads)


def _descended(
    ar: Arithmetic, rate: Fraction, weight_decay: Fraction, param: Ball, grad: Ball
) -> Ball:
    """θ − η(g + λθ)."""
    if not weight_decay:
        return ar.subtract(param, ar.multiply(ar.number(rate), grad))
    decay = ar.multiply(ar.number(weight_decay), param)
    result = ar.subtract(param, ar.multiply(ar.number(rate), ar.add(grad, decay)))
    # θ(1 − ηλ) − ηg: ηλ, 1 − ηλ and its product with θ are rounded at the size of θ and of ηλθ,
    # and ηg at its own size instead of at that of the sum.
    eta, shrunk = float(rate), abs(float(rate * weight_decay)) + 1
    size = 2 * shrunk * param.magnitude + abs(eta) * grad.magnitude
    return ar.widened(result, ar.unit * size + 2 * ar.tiny * (1 + param.magnitude))


RULES = {"sgd_step": Rule(_sgd_step)}

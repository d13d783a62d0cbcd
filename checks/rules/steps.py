"""Rules for the steps of optimisers; through those of Adam nobody differentiates."""

from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np

from checks.accuracy import POWER, units
from checks.enclosures import Arithmetic, Ball
from checks.lists import entered, fresh_state, mapped
from checks.rules.rule import Contributions, Rule, joined

# -- gradient descent -----------------------------------------------------------------------------


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
    shrunk = 1 + abs(float(rate * weight_decay))
    size = 2 * shrunk * param.magnitude + abs(float(rate)) * grad.magnitude
    return ar.widened(result, ar.unit * size + 2 * ar.tiny * (1 + param.magnitude))


def _sgd_step_backward(
    ar: Arithmetic,
    params: Any,
    grads: Any,
    rate: Fraction,
    weight_decay: Fraction,
    output: Any,
    grad: Any,
) -> Contributions:
    def kept(part: Ball) -> Ball:
        if not weight_decay:
            return part
        decay = ar.number(rate * weight_decay)
        product = ar.multiply(_rest(ar, decay), part)
        # As part − ηλ·part it is rounded at the size of both.
        size = (1 + 2 * decay.magnitude) * part.magnitude
        return ar.widened(product, ar.unit * size + 2 * ar.tiny)

    to_grads = mapped(partial(ar.multiply, ar.negative(ar.number(rate))), grad)
    return mapped(kept, grad), to_grads, None, None


# -- Adam -----------------------------------------------------------------------------------------


def _fresh_state(ar: Arithmetic, params: Any) -> list[Any]:
    return fresh_state(lambda shape: ar.point(np.zeros(shape)), params)


def _adam_params(decoupled: bool, ar: Arithmetic, params: Any, *operands: Any) -> Any:
    """η m̂ / (√v̂ + ε) subtracted from the parameters."""
    _, _, rate, beta1, beta2, eps, weight_decay = operands
    param = joined(entered(params))
    first, second, steps = _moments(decoupled, ar, params, *operands)
    correction = _correction(ar, beta2, steps)
    root = _root(ar, ar.divide(second, correction))
    # √v/√c for √(v/c) is rounded twice more.
    inverse = ar.reciprocal(ar.add(ar.rounded(root.mid, root.rad, 2.0), ar.number(eps)))
    mean = ar.divide(first, _correction(ar, beta1, steps))
    update = ar.multiply(ar.number(rate), ar.multiply(mean, inverse))
    # By η√c₂/c₁ · m/(√v + ε√c₂) the corrections take four roundings more.
    update = ar.reordered(ar.rounded(update.mid, update.rad, 4.0), inverse, ar.number(rate), mean)
    with np.errstate(all="ignore"):
        # What underflows first is multiplied by all that comes after it, and the largest that any
        # order multiplies up may overflow.
        lost = 4 * ar.tiny * np.maximum(inverse.magnitude, 1) * max(float(rate), 1)
        scale = np.sqrt(np.maximum(correction.center - correction.rad, 0))
        largest = mean.magnitude * np.maximum(inverse.magnitude / scale, 1) * max(float(rate), 1)
    update = ar.widened(update, np.where(largest <= ar.ceiling, lost, np.inf))
    if decoupled and weight_decay:
        decay = ar.number(rate * weight_decay)
        kept = ar.multiply(_rest(ar, decay), param)
        # θ − ηλθ in any order: what is subtracted is rounded at the size of θ and of the update.
        size = (1 + decay.magnitude) * param.magnitude + update.magnitude
        param = ar.widened(kept, 2 * ar.unit * size + ar.tiny)
    return _split(ar.subtract(param, update), params)


def _adam_state(decoupled: bool, ar: Arithmetic, params: Any, *operands: Any) -> list[Any]:
    """The new moments, and one step more."""
    first, second, steps = _moments(decoupled, ar, params, *operands)
    return [*(_split(part, entered(params)) for part in (first, second)), steps]


def _moments(
    decoupled: bool,
    ar: Arithmetic,
    params: Any,
    grads: Any,
    state: list[Any],
    rate: Fraction,
    beta1: Fraction,
    beta2: Fraction,
    eps: Fraction,
    weight_decay: Fraction,
) -> tuple[Ball, Ball, Ball]:
    """β₁m + (1 − β₁)g and β₂v + (1 − β₂)g², and the number of steps."""
    grad = joined(entered(grads))
    if not decoupled and weight_decay:
        grad = ar.add(grad, ar.multiply(ar.number(weight_decay), joined(entered(params))))
    first, second, steps = state
    square = ar.reordered(ar.multiply(grad, grad), grad)
    return (
        _mixed(ar, beta1, joined(entered(first)), grad),
        _mixed(ar, beta2, joined(entered(second)), square),
        ar.add(steps, ar.number(Fraction(1))),
    )


def _mixed(ar: Arithmetic, beta: Fraction, old: Ball, new: Ball) -> Ball:
    """β·old + (1 − β)·new."""
    weight = _rest(ar, ar.number(beta))
    mixed = ar.add(ar.multiply(ar.number(beta), old), ar.multiply(weight, new))
    # old + (1 − β)(new − old): the difference is rounded at the size of both, and so is its product
    # with a weight that was rounded itself.
    with np.errstate(over="ignore", invalid="ignore"):
        apart = old.magnitude + new.magnitude
        error = ar.unit * 3 * weight.magnitude * apart + 2 * ar.tiny
    return ar.widened(mixed, np.where(apart <= ar.ceiling, error, np.inf))


def _rest(ar: Arithmetic, part: Ball) -> Ball:
    """1 − part."""
    return ar.subtract(ar.number(Fraction(1)), part)


def _correction(ar: Arithmetic, beta: Fraction, steps: Ball) -> Ball:
    """1 − βᵗ, unbounded where t is no number of steps."""
    count = float(steps.center)
    if not (np.isfinite(count) and steps.rad < 0.5):
        return Ball(ar.number(Fraction(1)).mid, np.array(np.inf))
    return _rest(ar, ar.power(ar.number(beta), round(count), units(POWER)))


def _root(ar: Arithmetic, square: Ball) -> Ball:
    """The root of what is nowhere negative; a bounded ball even where it may be zero."""
    root = ar.sqrt(square)
    with np.errstate(over="ignore"):
        most = np.sqrt(square.magnitude) * (1 + 4 * ar.unit) + ar.tiny
    return Ball(root.mid, np.fmin(root.rad, most))


def _split(row: Ball, like: Any) -> Any:
    """The row as the arrays that it was joined of."""
    ends = np.cumsum([part.mid.size for part in entered(like)])[:-1]
    rows = zip(np.split(row.mid, ends), np.split(row.rad, ends), strict=True)
    balls = iter([Ball(mid, rad) for mid, rad in rows])
    return mapped(lambda of: next(balls).map(lambda part: part.reshape(of.shape)), like)


RULES = {
    "sgd_step": Rule(_sgd_step, _sgd_step_backward),
    "fresh_state": Rule(_fresh_state),
    "adam_step.params": Rule(partial(_adam_params, False)),
    "adam_step.state": Rule(partial(_adam_state, False)),
    "adamw_step.params": Rule(partial(_adam_params, True)),
    "adamw_step.state": Rule(partial(_adam_state, True)),
}

"""Rules for what is done to gradients."""

from fractions import Fraction

import numpy as np

from checks.enclosures import DOUBLE_UNIT, Arithmetic, Ball
from checks.rules.rule import Rule, joined


def _clip_by_norm(ar: Arithmetic, grads: list[Ball], max_norm: Fraction) -> list[Ball]:
    factor = _clipping_factor(ar, grads, max_norm)
    return [ar.multiply(grad, factor) for grad in grads]


def _clipping_factor(ar: Arithmetic, grads: list[Ball], max_norm: Fraction) -> Ball:
    """min(1, c/‖g‖), where the sum of squares may also overflow, or vanish, on the way."""
    entries = joined(grads)
    norm, limit = ar.norm(entries), ar.number(max_norm)
    factor = _at_most_one(ar.divide(limit, norm))
    if ar.is_exact or not np.isfinite(entries.magnitude).all():
        return factor
    smallest_limit, mid = limit.center - limit.rad, factor.center
    if smallest_limit <= 0:  # 0/0, where the norm vanishes too
        return ar.widened(factor, np.inf)
    if np.isfinite(norm.rad):  # from 0 to its largest: the factor from c by that to 1
        with np.errstate(divide="ignore"):
            smallest = np.minimum(smallest_limit / norm.magnitude * (1 - 4 * ar.unit), 1.0)
        rad = np.maximum(1 - mid, mid - smallest)
    else:  # it may overflow, and c by an infinity is 0
        rad = mid
    rad = rad + 16 * DOUBLE_UNIT * mid  # the roundings of these lines
    return Ball(factor.mid, np.fmin(factor.rad, rad))


def _at_most_one(factor: Ball) -> Ball:
    """min(1, factor): exact, and never further from 1 than the factor was."""
    mid = np.where(np.asarray(factor.mid < 1, dtype=bool), factor.mid, factor.mid * 0 + 1)
    with np.errstate(invalid="ignore"):
        inside = factor.center - factor.rad >= 1
    beyond = np.isposinf(factor.center)
    return Ball(np.where(beyond, 1.0, mid), np.where(inside | beyond, 0.0, factor.rad))


def _clip_by_value(ar: Arithmetic, grads: list[Ball], limit: Fraction) -> list[Ball]:
    bound = ar.number(limit)
    return [_cut(grad, bound) for grad in grads]


def _cut(grad: Ball, bound: Ball) -> Ball:
    """min(max(g, −c), c): a choice, which is exact."""
    above = np.asarray(grad.mid > bound.mid, dtype=bool)
    below = np.asarray(grad.mid < -bound.mid, dtype=bool)
    mid = np.where(above, bound.mid, np.where(below, -bound.mid, grad.mid))
    inside = grad.magnitude < bound.center - bound.rad
    return Ball(mid, np.where(inside, grad.rad, np.maximum(grad.rad, bound.rad)))


def _global_norm(ar: Arithmetic, grads: list[Ball]) -> Ball:
    return ar.norm(joined(grads))


RULES = {
    "global_norm": Rule(_global_norm),
    "clip_by_norm": Rule(_clip_by_norm),
    "clip_by_value": Rule(_clip_by_value),
}

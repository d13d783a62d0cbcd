"""Rules for penalties: sums over the entries of several arrays, in any order."""

from fractions import Fraction
from typing import Any

import numpy as np

from checks.enclosures import Arithmetic, Ball
from checks.lists import entered, mapped
from checks.rules.rule import Contributions, Rule, joined


def _l2_penalty(ar: Arithmetic, weights: Any, strength: Fraction) -> Ball:
    flat = joined(entered(weights))
    penalty = _weighed(ar, ar.multiply(flat, flat), strength)
    # Also as the square of a norm: the root and the square are rounded, and the root's own
    # rounding counts twice.
    return ar.rounded(penalty.mid, penalty.rad, 3.0)


def _l2_penalty_backward(
    ar: Arithmetic, weights: Any, strength: Fraction, output: Ball, grad: Ball
) -> Contributions:
    twice = ar.number(2 * strength)

    def one(part: Ball) -> Ball:
        product = ar.multiply(grad, ar.multiply(twice, part))
        # What underflows before the last factor may still be doubled.
        product = ar.reordered(ar.reordered(product, grad, twice, part), grad, twice, part)
        return ar.rounded(product.mid, product.rad, 3.0)

    return mapped(one, weights), None


def _l1_penalty(ar: Arithmetic, weights: Any, strength: Fraction) -> Ball:
    return _weighed(ar, ar.absolute(joined(entered(weights))), strength)


def _l1_penalty_backward(
    ar: Arithmetic, weights: Any, strength: Fraction, output: Ball, grad: Ball
) -> Contributions:
    slope = ar.multiply(grad, ar.number(strength))

    def one(part: Ball) -> Ball:
        sign = np.sign(part.center)
        doubtful = (part.rad > 0) & (np.abs(part.center) <= part.rad)
        rad = np.where(doubtful, 2.0, np.where(np.isnan(sign), np.inf, 0.0))
        return ar.multiply(slope, Ball(ar.point(sign).mid, rad))

    return mapped(one, weights), None


def _weighed(ar: Arithmetic, terms: Ball, strength: Fraction) -> Ball:
    """The sum, times the strength; or every term times it, where it may underflow once more."""
    factor = ar.number(strength)
    total = ar.multiply(factor, ar.sum(terms))
    return ar.widened(total, terms.mid.size * ar.tiny * (1 + float(factor.magnitude)))


RULES = {
    "l2_penalty": Rule(_l2_penalty, _l2_penalty_backward),
    "l1_penalty": Rule(_l1_penalty, _l1_penalty_backward),
}

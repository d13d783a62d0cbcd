"""Rules for the array library's own arithmetic, and for powers."""

from fractions import Fraction

import numpy as np

from checks.accuracy import POWER, units
from checks.enclosures import Arithmetic, Ball
from checks.rules.rule import Contributions, Rule, Value, as_ball, joined, unbroadcast


def _add(ar: Arithmetic, a: Value, b: Value) -> Ball:
    return ar.add(as_ball(ar, a), as_ball(ar, b))


def _add_backward(ar: Arithmetic, a: Value, b: Value, output: Ball, grad: Ball) -> Contributions:
    return unbroadcast(ar, grad, a), unbroadcast(ar, grad, b)


def _mul(ar: Arithmetic, a: Value, b: Value) -> Ball:
    return ar.multiply(as_ball(ar, a), as_ball(ar, b))


def _mul_backward(ar: Arithmetic, a: Value, b: Value, output: Ball, grad: Ball) -> Contributions:
    return tuple(
        None
        if isinstance(one, Fraction)
        else unbroadcast(ar, ar.multiply(grad, as_ball(ar, other)), one)
        for one, other in ((a, b), (b, a))
    )


def _raise(ar: Arithmetic, base: Ball, exponent: Fraction) -> Ball:
    return ar.power(base, int(exponent), units(POWER))


def _raise_backward(
    ar: Arithmetic, base: Ball, exponent: Fraction, output: Ball, grad: Ball
) -> Contributions:
    slope = ar.multiply(ar.number(exponent), ar.power(base, int(exponent) - 1, units(POWER)))
    return ar.multiply(grad, slope), None


def _total(ar: Arithmetic, x: Ball) -> Ball:
    return ar.sum(x)


def _total_backward(ar: Arithmetic, x: Ball, output: Ball, grad: Ball) -> Contributions:
    return (grad.map(lambda part: np.broadcast_to(part, x.shape)),)


def _constant(ar: Arithmetic, value: Fraction) -> Ball:
    return ar.number(value)


def _zeros(ar: Arithmetic, like: Value) -> Ball:
    rows = like[0] if isinstance(like, tuple) else like.shape[0]
    return ar.point(np.zeros(rows))


def _joined(ar: Arithmetic, arrays: list[Ball]) -> list[Ball]:
    return [joined(arrays)]


def _power(ar: Arithmetic, base: Ball, exponent: Fraction) -> Ball:
    return ar.power(base, int(exponent), units(POWER))


RULES = {
    "add": Rule(_add, _add_backward),
    "mul": Rule(_mul, _mul_backward),
    "raise": Rule(_raise, _raise_backward),
    "total": Rule(_total, _total_backward),
    "constant": Rule(_constant),
    "zeros": Rule(_zeros),
    "joined": Rule(_joined),
    "power": Rule(_power, _raise_backward),
}

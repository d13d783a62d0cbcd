"""Rules for activations that are made of lines, and of one parabola.

At a kink the slope is that of the side and not that of the part between, as in torch.
"""

from fractions import Fraction

import numpy as np

from checks.enclosures import Arithmetic, Ball, hull
from checks.rules.elementwise import by_sign, or_from_output, product, shifted
from checks.rules.rule import Contributions, Rule

SIXTH, THIRD, HALF = Fraction(1, 6), Fraction(1, 3), Fraction(1, 2)


def _between(ar: Arithmetic, x: Ball, low: int, high: int, inside: Ball, *sides: Ball) -> Ball:
    """One ball strictly between two kinks, and those of the sides from them on."""
    below, above = sides
    right = by_sign(shifted(ar.negative(x), high), inside, above)
    return by_sign(shifted(x, -low), right, below)


def _blurred(ar: Arithmetic, x: Ball, slope: Ball, inside: Ball, above: Ball) -> Ball:
    """Either slope beside the kink at 3, where x + 3 may round to 6, or x/6 + 1/2 to 1.

    The first is off by 6u, the second by 3/2 u, which is 9u of x. At 3 itself all of it is exact.
    """
    distance = np.abs(x.center - 3)
    beside = (distance > 0) & (distance <= 9 * ar.unit)
    return Ball(slope.mid, np.where(beside, hull(slope.mid, inside, above).rad, slope.rad))


def _level(ar: Arithmetic, value: int, x: Ball) -> Ball:
    return ar.point(np.full(x.shape, float(value)))


def _relu6(ar: Arithmetic, x: Ball) -> Ball:
    return _between(ar, x, 0, 6, x, _level(ar, 0, x), _level(ar, 6, x))


def _relu6_backward(ar: Arithmetic, x: Ball, output: Ball, grad: Ball) -> Contributions:
    flat = _level(ar, 0, x)
    return (_between(ar, x, 0, 6, grad, flat, flat),)


def _hardtanh(ar: Arithmetic, x: Ball) -> Ball:
    return _between(ar, x, -1, 1, x, _level(ar, -1, x), _level(ar, 1, x))


def _hardtanh_backward(ar: Arithmetic, x: Ball, output: Ball, grad: Ball) -> Contributions:
    flat = _level(ar, 0, x)
    return (_between(ar, x, -1, 1, grad, flat, flat),)


def _hardsigmoid(ar: Arithmetic, x: Ball) -> Ball:
    rising = _line(ar, x, SIXTH, 3)
    return _between(ar, x, -3, 3, rising, _level(ar, 0, x), _level(ar, 1, x))


def _line(ar: Arithmetic, x: Ball, steepness: Fraction, root: int) -> Ball:
    """k·(x + r), or k·x + k·r."""
    slope = ar.number(steepness)
    factored = ar.multiply(ar.add(x, ar.number(Fraction(root))), slope)
    if ar.is_exact:
        return factored
    expanded = ar.add(ar.multiply(x, slope), ar.number(steepness * root))
    return hull(factored.mid, factored, expanded)


def _hardsigmoid_backward(ar: Arithmetic, x: Ball, output: Ball, grad: Ball) -> Contributions:
    flat, rising = _level(ar, 0, x), ar.multiply(grad, ar.number(SIXTH))
    return (_blurred(ar, x, _between(ar, x, -3, 3, rising, flat, flat), rising, flat),)


def _hardswish(ar: Arithmetic, x: Ball) -> Ball:
    curved = product(ar, x, _line(ar, x, SIXTH, 3))
    # x·6/6: the product may be rounded, and the quotient, and the product may overflow.
    whole = ar.multiply(ar.multiply(x, ar.number(Fraction(6))), ar.number(SIXTH))
    return _between(ar, x, -3, 3, curved, _level(ar, 0, x), whole)


def _hardswish_backward(ar: Arithmetic, x: Ball, output: Ball, grad: Ball) -> Contributions:
    # (2x + 3)/6, or x/3 + 1/2
    slope = ar.add(ar.multiply(x, ar.number(THIRD)), ar.number(HALF))
    # or both parts of the product x · (x + 3)/6, differentiated one after the other.
    parts = product(ar, grad, _line(ar, x, SIXTH, 3)), product(ar, grad, x, ar.number(SIXTH))
    inside = or_from_output(ar, product(ar, grad, slope), ar.add(*parts))
    # By way of a hard sigmoid without a slope, grad · 1 is left as well.
    return (_blurred(ar, x, _between(ar, x, -3, 3, inside, _level(ar, 0, x), grad), inside, grad),)


RULES = {
    "relu6": Rule(_relu6, _relu6_backward),
    "hardtanh": Rule(_hardtanh, _hardtanh_backward),
    "hardsigmoid": Rule(_hardsigmoid, _hardsigmoid_backward),
    "hardswish": Rule(_hardswish, _hardswish_backward),
}

"""Rules for activations: functions of one number, and their slopes."""

from fractions import Fraction
from functools import reduce
from typing import Any

import numpy as np

from checks import reference
from checks.accuracy import ELEMENTARY, units
from checks.enclosures import Arithmetic, Ball, broadcast, gamma, hull
from checks.rules.rule import Contributions, Rule


def _sigmoid(ar: Arithmetic, x: Ball) -> Ball:
    y, slope = _sigmoid_and_slope(ar, x)
    # 1 / (1 + e): the exponential's error, the addition and the division.
    result = ar.function(y, x.rad, slope, units(ELEMENTARY) + 2)
    return _or_zero_beyond(ar, result, x.rad - x.center)


def _or_zero_beyond(ar: Arithmetic, ball: Ball, power: Any) -> Ball:
    """Zero too where the exponential of `power`, which a naive evaluation divides by, overflows."""
    if ar.is_exact:
        return ball
    with np.errstate(over="ignore"):
        # The exponential may be larger by its own ulps; 2⁻⁴⁰ covers the rounding of the power.
        largest = np.exp(power) * (1 + gamma(units(ELEMENTARY), ar.unit) + 2.0**-40)
        overflows = ~(largest < ar.ceiling)
    return ar.widened(ball, np.where(overflows, np.abs(ball.center), 0.0))


def _sigmoid_and_slope(ar: Arithmetic, x: Ball) -> tuple[Any, Any]:
    """The value at the midpoint, and the steepest slope in the ball."""
    tail = reference.exp(-np.abs(x.mid))
    positive = np.asarray(x.mid > 0, dtype=bool)
    y = np.where(positive, tail * 0 + 1, tail) / (1 + tail)
    nearest = np.exp(-_nearest_to_zero(x))
    # The slope falls with |x|; rounded up by the two roundings of its evaluation in doubles.
    return y, nearest / (1 + nearest) ** 2 * (1 + 2.0**-50)


def _nearest_to_zero(x: Ball) -> Any:
    """The smallest magnitude in each ball; zero where the ball is unbounded or its center lost."""
    with np.errstate(invalid="ignore"):
        return np.nan_to_num(np.maximum(np.abs(x.center) - x.rad, 0.0), nan=0.0, posinf=np.inf)


def _sigmoid_backward(ar: Arithmetic, x: Ball, output: Ball, grad: Ball) -> Contributions:
    tail = reference.exp(-np.abs(x.mid))
    mid = tail / ((1 + tail) * (1 + tail))
    _, steepest = _sigmoid_and_slope(ar, x)
    # |σ''| = σ'·|1 − 2σ| never exceeds σ'.
    direct = ar.function(mid, x.rad, steepest, units(ELEMENTARY) + 3)
    # σ(x)·σ(−x) divides by the exponential of |x|, as σ itself does by that of −x.
    direct = _or_zero_beyond(ar, direct, x.magnitude)
    slope = _or_from_output(ar, direct, _complement_product(ar, output))
    one = ar.number(Fraction(1))  # y and 1 − y, or e/(1 + e) and 1/(1 + e), are no larger
    return (ar.reordered(ar.multiply(grad, slope), one, one),)


def _complement_product(ar: Arithmetic, y: Ball) -> Ball:
    """y(1 − y)."""
    return ar.multiply(y, ar.subtract(ar.number(Fraction(1)), y))


def _or_from_output(ar: Arithmetic, direct: Ball, from_output: Ball) -> Ball:
    """The slope by either method; exactly, there is only the true one."""
    return direct if ar.is_exact else hull(direct.mid, direct, from_output)


def _tanh(ar: Arithmetic, x: Ball) -> Ball:
    return ar.function(reference.tanh(x.mid), x.rad, _tanh_steepest(x), units(ELEMENTARY))


def _tanh_steepest(x: Ball) -> Any:
    nearest = np.tanh(_nearest_to_zero(x) * (1 - 2.0**-50))
    return np.minimum((1 - nearest) * (1 + nearest) * (1 + 2.0**-50), 1.0) + 2.0**-50


def _tanh_backward(ar: Arithmetic, x: Ball, output: Ball, grad: Ball) -> Contributions:
    tail = reference.exp(-2 * np.abs(x.mid))
    mid = 4 * tail / ((1 + tail) * (1 + tail))
    # |tanh''| = 2·tanh'·|tanh| never exceeds 2·tanh'.
    direct = ar.function(mid, x.rad, 2 * _tanh_steepest(x), units(ELEMENTARY) + 5)
    from_output = ar.subtract(ar.number(Fraction(1)), ar.multiply(output, output))
    slope = _or_from_output(ar, direct, from_output)
    two = ar.number(Fraction(2))  # 1 + y and 1 − y are no larger
    return (ar.reordered(ar.multiply(grad, slope), two, two),)


def _leaky_relu(ar: Arithmetic, x: Ball, slope: Fraction) -> Ball:
    scaled = ar.multiply(ar.number(slope), x)
    return _by_sign(x, x, scaled)


def _leaky_relu_backward(
    ar: Arithmetic, x: Ball, slope: Fraction, output: Ball, grad: Ball
) -> Contributions:
    return (_by_sign(x, grad, ar.multiply(ar.number(slope), grad)), None)


def _relu(ar: Arithmetic, x: Ball) -> Ball:
    return _by_sign(x, x, ar.point(np.zeros(x.shape)))


def _relu_backward(ar: Arithmetic, x: Ball, output: Ball, grad: Ball) -> Contributions:
    return (_by_sign(x, grad, ar.point(np.zeros(x.shape))),)


def _by_sign(x: Ball, positive: Ball, otherwise: Ball) -> Ball:
    """One ball where x > 0 and the other elsewhere; both where the ball of x holds a zero.

    A NaN takes either branch or passes itself on: max(NaN, 0) is NaN, NaN > 0 is false.
    """
    x, positive, otherwise = broadcast(x, positive, otherwise)
    right = np.asarray(x.mid > 0, dtype=bool)
    mid = np.where(right, positive.mid, otherwise.mid)
    rad = np.where(right, positive.rad, otherwise.rad)
    kink = (x.rad > 0) & (np.abs(x.center) <= x.rad)
    rad = np.where(kink, hull(mid, positive, otherwise).rad, rad)
    return Ball(mid, np.where(np.isnan(x.center), np.inf, rad))


def _elu(ar: Arithmetic, x: Ball, alpha: Fraction) -> Ball:
    return _by_sign(x, x, ar.multiply(ar.number(alpha), _expm1(ar, _left(ar, x))))


def _elu_backward(
    ar: Arithmetic, x: Ball, alpha: Fraction, output: Ball, grad: Ball
) -> Contributions:
    scale, left = ar.number(alpha), _left(ar, x)
    growth = ar.function(reference.exp(left.mid), left.rad, _growth(left), units(ELEMENTARY))
    direct = _product(ar, grad, scale, growth)
    from_output = _product(ar, grad, ar.add(output, scale))
    return (_by_sign(x, grad, _or_from_output(ar, direct, from_output)), None)


def _left(ar: Arithmetic, x: Ball) -> Ball:
    """The balls moved to 0 from the right of it, for functions that serve on the left only."""
    right = np.asarray(x.mid > 0, dtype=bool)
    return Ball(np.where(right, ar.number(Fraction(0)).mid, x.mid), x.rad)


def _expm1(ar: Arithmetic, x: Ball) -> Ball:
    """eˣ − 1, which is as accurate as any elementary function: eˣ less 1 is not, near 0."""
    return ar.function(reference.expm1(x.mid), x.rad, _growth(x), units(ELEMENTARY))


def _growth(x: Ball) -> Any:
    """The largest of eˣ in each ball, rounded up."""
    with np.errstate(over="ignore"):
        return np.exp(x.center + x.rad) * (1 + 2.0**-50)


def _product(ar: Arithmetic, *factors: Ball) -> Ball:
    """The product of several factors in any order: any part of it may underflow, or overflow."""
    product = reduce(ar.multiply, factors)
    if ar.is_exact:
        return product
    with np.errstate(over="ignore"):
        # What a part loses to an underflow is multiplied by the factors that come after it.
        after = reduce(np.multiply, (np.maximum(factor.magnitude, 1.0) for factor in factors))
        extra = np.where(after <= ar.ceiling, len(factors) * ar.tiny * after, np.inf)
    return ar.widened(product, extra)


RULES = {
    "sigmoid": Rule(_sigmoid, _sigmoid_backward),
    "tanh": Rule(_tanh, _tanh_backward),
    "relu": Rule(_relu, _relu_backward),
    "leaky_relu": Rule(_leaky_relu, _leaky_relu_backward),
    "elu": Rule(_elu, _elu_backward),
}

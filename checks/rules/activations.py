"""Rules for activations: functions of one number, and their slopes."""

from fractions import Fraction
from typing import Any

import numpy as np

from checks import reference
from checks.accuracy import ELEMENTARY, units
from checks.enclosures import Arithmetic, Ball, gamma
from checks.rules.elementwise import (
    by_sign,
    growth,
    left_of_zero,
    nearest_to_zero,
    or_from_output,
    or_zero_beyond,
    product,
)
from checks.rules.rule import Contributions, Rule
from theory.heads.activations import SELU_ALPHA as ALPHA, SELU_SCALE as SCALE

SELU_ALPHA, SELU_SCALE = (Fraction(int(number.p), int(number.q)) for number in (ALPHA, SCALE))


def sigmoid(ar: Arithmetic, x: Ball) -> Ball:
    """1 / (1 + e⁻ˣ) by any of its forms; 0 too where e⁻ˣ overflows."""
    y, slope = _sigmoid_and_slope(ar, x)
    # 1 / (1 + e): the exponential's error, the addition and the division.
    result = ar.function(y, x.rad, slope, units(ELEMENTARY) + 2)
    return or_zero_beyond(ar, result, x.rad - x.center)


def _sigmoid_and_slope(ar: Arithmetic, x: Ball) -> tuple[Any, Any]:
    """The value at the midpoint, and the steepest slope in the ball."""
    tail = reference.exp(-np.abs(x.mid))
    positive = np.asarray(x.mid > 0, dtype=bool)
    y = np.where(positive, tail * 0 + 1, tail) / (1 + tail)
    nearest = np.exp(-nearest_to_zero(x))
    # The slope falls with |x|; rounded up by the two roundings of its evaluation in doubles.
    return y, nearest / (1 + nearest) ** 2 * (1 + 2.0**-50)


def _sigmoid_backward(ar: Arithmetic, x: Ball, output: Ball, grad: Ball) -> Contributions:
    tail = reference.exp(-np.abs(x.mid))
    mid = tail / ((1 + tail) * (1 + tail))
    _, steepest = _sigmoid_and_slope(ar, x)
    # |σ''| = σ'·|1 − 2σ| never exceeds σ'.
    direct = ar.function(mid, x.rad, steepest, units(ELEMENTARY) + 3)
    # σ(x)·σ(−x) divides by the exponential of |x|, as σ itself does by that of −x.
    direct = or_zero_beyond(ar, direct, x.magnitude)
    slope = or_from_output(ar, direct, _complement_product(ar, output))
    one = ar.number(Fraction(1))  # y and 1 − y, or e/(1 + e) and 1/(1 + e), are no larger
    return (ar.reordered(ar.multiply(grad, slope), one, one),)


def _complement_product(ar: Arithmetic, y: Ball) -> Ball:
    """y(1 − y)."""
    return ar.multiply(y, ar.subtract(ar.number(Fraction(1)), y))


def _tanh(ar: Arithmetic, x: Ball) -> Ball:
    return ar.function(reference.tanh(x.mid), x.rad, _tanh_steepest(x), units(ELEMENTARY))


def _tanh_steepest(x: Ball) -> Any:
    nearest = np.tanh(nearest_to_zero(x) * (1 - 2.0**-50))
    return np.minimum((1 - nearest) * (1 + nearest) * (1 + 2.0**-50), 1.0) + 2.0**-50


def _tanh_backward(ar: Arithmetic, x: Ball, output: Ball, grad: Ball) -> Contributions:
    tail = reference.exp(-2 * np.abs(x.mid))
    mid = 4 * tail / ((1 + tail) * (1 + tail))
    # |tanh''| = 2·tanh'·|tanh| never exceeds 2·tanh'.
    direct = ar.function(mid, x.rad, 2 * _tanh_steepest(x), units(ELEMENTARY) + 5)
    from_output = ar.subtract(ar.number(Fraction(1)), ar.multiply(output, output))
    # g − g·y·y and (g + g·y)(1 − y) round another product with y, which is not small as 1 − y² is.
    another = gamma(1.0, ar.unit) * (output.magnitude + from_output.magnitude)
    slope = or_from_output(ar, direct, ar.widened(from_output, another))
    two = ar.number(Fraction(2))  # 1 + y and 1 − y are no larger
    return (ar.reordered(ar.multiply(grad, slope), two, two),)


def _leaky_relu(ar: Arithmetic, x: Ball, slope: Fraction) -> Ball:
    scaled = ar.multiply(ar.number(slope), x)
    return by_sign(x, x, scaled)


def _leaky_relu_backward(
    ar: Arithmetic, x: Ball, slope: Fraction, output: Ball, grad: Ball
) -> Contributions:
    return (by_sign(x, grad, ar.multiply(ar.number(slope), grad)), None)


def _relu(ar: Arithmetic, x: Ball) -> Ball:
    return by_sign(x, x, ar.point(np.zeros(x.shape)))


def _relu_backward(ar: Arithmetic, x: Ball, output: Ball, grad: Ball) -> Contributions:
    return (by_sign(x, grad, ar.point(np.zeros(x.shape))),)


def _elu(ar: Arithmetic, x: Ball, alpha: Fraction) -> Ball:
    return by_sign(x, x, product(ar, ar.number(alpha), _expm1(ar, left_of_zero(ar, x))))


def _elu_backward(
    ar: Arithmetic, x: Ball, alpha: Fraction, output: Ball, grad: Ball
) -> Contributions:
    scale = ar.number(alpha)
    return (by_sign(x, grad, _elu_slope(ar, x, output, grad, scale)), None)


def _elu_slope(ar: Arithmetic, x: Ball, output: Ball, grad: Ball, *scales: Ball) -> Ball:
    """The gradient times the scales and eˣ, on the left, or times the output plus the scales.

    Or times the scales and expm1(x) + 1, as autograd has it.
    """
    left = left_of_zero(ar, x)
    power = ar.function(reference.exp(left.mid), left.rad, growth(left), units(ELEMENTARY))
    from_output = ar.multiply(grad, ar.add(output, product(ar, *scales)))
    apart = ar.add(ar.multiply(grad, output), product(ar, grad, *scales))
    by_expm1 = product(ar, grad, *scales, ar.add(_expm1(ar, left), ar.number(Fraction(1))))
    return or_from_output(ar, product(ar, grad, *scales, power), from_output, apart, by_expm1)


def _expm1(ar: Arithmetic, x: Ball) -> Ball:
    """eˣ − 1, which is as accurate as any elementary function: eˣ less 1 is not, near 0."""
    return ar.function(reference.expm1(x.mid), x.rad, growth(x), units(ELEMENTARY))


def _selu(ar: Arithmetic, x: Ball) -> Ball:
    scale, alpha = ar.number(SELU_SCALE), ar.number(SELU_ALPHA)
    right = ar.multiply(scale, x)
    return by_sign(x, right, product(ar, scale, alpha, _expm1(ar, left_of_zero(ar, x))))


def _selu_backward(ar: Arithmetic, x: Ball, output: Ball, grad: Ball) -> Contributions:
    scale, alpha = ar.number(SELU_SCALE), ar.number(SELU_ALPHA)
    right = ar.multiply(scale, grad)
    return (by_sign(x, right, _elu_slope(ar, x, output, grad, scale, alpha)),)


RULES = {
    "sigmoid": Rule(sigmoid, _sigmoid_backward),
    "tanh": Rule(_tanh, _tanh_backward),
    "relu": Rule(_relu, _relu_backward),
    "leaky_relu": Rule(_leaky_relu, _leaky_relu_backward),
    "elu": Rule(_elu, _elu_backward),
    "selu": Rule(_selu, _selu_backward),
}

"""Rules for smooth activations that are a gate times their input, or an integral of a gate.

Their slopes are sums in which the terms cancel somewhere, so that errors are absolute there. Where
a gate saturates, what the usual method takes from 1 is rounded at the size of 1: 1 − σ(x) on the
right, 1 + erf(x/√2) on the left. That is enclosed beside the direct evaluation, which is not.
"""

from fractions import Fraction
from typing import Any

import numpy as np

from checks import reference
from checks.accuracy import COMPLEMENTARY_ERROR, ELEMENTARY, units
from checks.enclosures import DOUBLE_TINY, Arithmetic, Ball, gamma, hull
from checks.rules.activations import sigmoid
from checks.rules.elementwise import complement, growth, nearest_to_zero, product
from checks.rules.rule import Contributions, Rule

ONE, HALF = Fraction(1), Fraction(1, 2)
# To more digits than the widest reference has.
ROOT_HALF = Fraction("0.70710678118654752440084436210484903928483593768847403658833986899536624")
INVERSE_ROOT_TAU = Fraction(
    "0.39894228040143267793994605993438186847585863116493465766592582967065793"
)
ROOT_TWO_OVER_PI = 2 * INVERSE_ROOT_TAU
CUBIC = Fraction(44715, 1000000)
# From here on e^(−x²/2) times x is 0 in every format, and in doubles.
FAR = 64.0


# -- softplus and the logarithm of the sigmoid ----------------------------------------------------


def _softplus(ar: Arithmetic, x: Ball) -> Ball:
    tail = reference.log1p(reference.exp(-np.abs(x.mid)))
    positive = np.asarray(x.mid > 0, dtype=bool)
    mid = np.where(positive, x.mid, ar.number(Fraction(0)).mid) + tail
    steepest = np.minimum(growth(x), 1.0)
    # max(x, 0) + log1p(e^−|x|): two functions and an addition.
    return ar.function(mid, x.rad, steepest, 2 * units(ELEMENTARY) + 1)


def _softplus_backward(ar: Arithmetic, x: Ball, output: Ball, grad: Ball) -> Contributions:
    return (product(ar, grad, _gate_of_softplus(ar, x)),)


def _gate_of_softplus(ar: Arithmetic, x: Ball) -> Ball:
    """σ(x), or e^(x − y) from the softplus y, in which absolute errors become relative ones."""
    gate = sigmoid(ar, x)
    if ar.is_exact:
        return gate
    # Both y and x − y are rounded at no more than the size of x, until one is lost beside the
    # other: then the difference is x, or 0. The logarithm in y is at most ln 2, which is below 1.
    rounded_at = np.minimum(x.magnitude, -np.log(ar.unit))
    error = gamma(1, ar.unit) * (2 * rounded_at + 2 * units(ELEMENTARY) + 2)
    return ar.widened(gate, gate.magnitude * error)


def _log_sigmoid(ar: Arithmetic, x: Ball) -> Ball:
    return ar.negative(_softplus(ar, ar.negative(x)))


def _log_sigmoid_backward(ar: Arithmetic, x: Ball, output: Ball, grad: Ball) -> Contributions:
    return (product(ar, grad, _gate_of_softplus(ar, ar.negative(x))),)


# -- gates ----------------------------------------------------------------------------------------


def _silu(ar: Arithmetic, x: Ball) -> Ball:
    return product(ar, x, sigmoid(ar, x))


def _silu_backward(ar: Arithmetic, x: Ball, output: Ball, grad: Ball) -> Contributions:
    gate = sigmoid(ar, x)
    closed = complement(ar, sigmoid(ar, ar.negative(x)), units(ELEMENTARY) + 2)
    return (ar.add(product(ar, grad, gate), product(ar, grad, x, gate, closed)),)


def _mish(ar: Arithmetic, x: Ball) -> Ball:
    return product(ar, x, _mish_gate(ar, x))


def _mish_gate(ar: Arithmetic, x: Ball) -> Ball:
    """tanh(softplus(x))."""
    inner = _softplus(ar, x)
    steepest = _steepest_tanh(inner)
    return ar.function(reference.tanh(inner.mid), inner.rad, steepest, units(ELEMENTARY))


def _steepest_tanh(x: Ball) -> Any:
    """1/cosh² is at most 4e^−2|x|, and at most 1."""
    return np.minimum(4 * np.exp(-2 * nearest_to_zero(x)) * (1 + 2.0**-40), 1.0)


def _mish_backward(ar: Arithmetic, x: Ball, output: Ball, grad: Ball) -> Contributions:
    # With c = σ(−x) = e^−softplus(x), 1 − tanh² is 4c²/(1 + c²)², whose slope is at most twice it.
    tail = reference.exp(-np.abs(x.mid))
    positive = np.asarray(x.mid > 0, dtype=bool)
    closed = np.where(positive, tail, tail * 0 + 1) / (1 + tail)
    square = closed * closed
    mid = 4 * square / ((1 + square) * (1 + square))
    steepest = 2 * _steepest_tanh(_softplus(ar, x))
    part = ar.function(mid, x.rad, steepest, 2 * units(ELEMENTARY))
    # The gate has the errors of three functions and an addition, and is squared.
    rest = complement(ar, part, 2 * (3 * units(ELEMENTARY) + 1) + 1)
    gate = _mish_gate(ar, x)
    return (ar.add(product(ar, grad, gate), product(ar, grad, x, sigmoid(ar, x), rest)),)


# -- GELU -----------------------------------------------------------------------------------------


def _gelu(ar: Arithmetic, x: Ball) -> Ball:
    return product(ar, x, _twice_the_distribution(ar, x), ar.number(HALF))


def _twice_the_distribution(ar: Arithmetic, x: Ball) -> Ball:
    """erfc(−x/√2), or 1 + erf(x/√2)."""
    z = ar.multiply(x, ar.number(ROOT_HALF))
    # |erfc′| is 2/√π·e^−z².
    steepest = 2 / np.sqrt(np.pi) * np.exp(-(nearest_to_zero(z) ** 2)) * (1 + 2.0**-40)
    accuracy = units(COMPLEMENTARY_ERROR)
    tail = ar.function(reference.erfc(-z.mid), z.rad, steepest, accuracy)
    return complement(ar, tail, units(ELEMENTARY))


def _gelu_backward(ar: Arithmetic, x: Ball, output: Ball, grad: Ball) -> Contributions:
    near = _not_far(ar, x)
    # x·x/2, or (x/√2)², whose factors are rounded twice each
    half_square = ar.multiply(ar.number(HALF), ar.multiply(near, near))
    half_square = ar.rounded(half_square.mid, half_square.rad, 3.0)
    power = ar.negative(half_square)
    bell = ar.function(reference.exp(power.mid), power.rad, growth(power), units(ELEMENTARY))
    bump = product(ar, grad, near, bell, ar.number(INVERSE_ROOT_TAU))
    return (
        ar.add(
            product(ar, grad, _twice_the_distribution(ar, x), ar.number(HALF)),
            _nothing_far_out(ar, x, bump),
        ),
    )


def _not_far(ar: Arithmetic, x: Ball) -> Ball:
    """The balls moved to 0 where they are far out, so that their powers do not overflow."""
    far = _is_far(x)
    zero = ar.number(Fraction(0)).mid
    return Ball(np.where(far, zero, x.mid), np.where(far, 0.0, x.rad))


def _nothing_far_out(ar: Arithmetic, x: Ball, bump: Ball) -> Ball:
    """Zero far out, where the bump is nothing."""
    far, zero = _is_far(x), ar.number(Fraction(0)).mid
    return Ball(np.where(far, zero, bump.mid), np.where(far, DOUBLE_TINY, bump.rad))


def _is_far(x: Ball) -> Any:
    return nearest_to_zero(x) >= FAR


def _gelu_tanh(ar: Arithmetic, x: Ball) -> Ball:
    return product(ar, x, _tanh_gate(ar, x)[0], ar.number(HALF))


def _tanh_gate(ar: Arithmetic, x: Ball) -> tuple[Ball, Ball]:
    """1 + tanh(w), which is 2σ(2w), and 1 − tanh(w)², for w = √(2/π)·(x + 0.044715x³)."""
    near = _not_far(ar, x)
    cube = product(ar, ar.number(CUBIC), near, near, near)
    double = product(ar, ar.number(2 * ROOT_TWO_OVER_PI), ar.add(near, cube))
    double = ar.rounded(double.mid, double.rad, 2.0)  # or x·(1 + 0.044715x²)
    # Far out the gate is open or closed, whatever x³ overflows to.
    far, open_, zero = _is_far(x), np.asarray(x.mid > 0, dtype=bool), ar.number(Fraction(0)).mid
    saturated = Ball(np.where(open_, zero + 2, zero), np.full(x.shape, DOUBLE_TINY))
    gate, closed = sigmoid(ar, double), sigmoid(ar, ar.negative(double))
    rest = ar.multiply(ar.number(Fraction(4)), ar.multiply(gate, closed))
    rest = complement(ar, rest, 2 * units(ELEMENTARY) + 1)
    gate = complement(ar, ar.multiply(ar.number(Fraction(2)), gate), units(ELEMENTARY))
    gate = Ball(np.where(far, saturated.mid, gate.mid), np.where(far, saturated.rad, gate.rad))
    return gate, rest


def _gelu_tanh_backward(ar: Arithmetic, x: Ball, output: Ball, grad: Ball) -> Contributions:
    near = _not_far(ar, x)
    gate, rest = _tanh_gate(ar, x)
    cubic = product(ar, ar.number(3 * CUBIC), near, near)
    steepness = ar.multiply(ar.number(ROOT_TWO_OVER_PI / 2), ar.add(ar.number(ONE), cubic))
    bump = product(ar, grad, near, rest, steepness)
    return (ar.add(product(ar, grad, gate, ar.number(HALF)), _nothing_far_out(ar, x, bump)),)


# -- softsign -------------------------------------------------------------------------------------


def _softsign(ar: Arithmetic, x: Ball) -> Ball:
    # The quotient rises by 1/(1 + |x|)² and never by more than 1.
    mid = x.mid / (1 + np.abs(x.mid))
    return ar.function(mid, x.rad, _softsign_steepest(x), 3.0)  # or by the reciprocal


def _softsign_steepest(x: Ball) -> Any:
    return (1 + nearest_to_zero(x)) ** -2.0 * (1 + 2.0**-40)


def _softsign_backward(ar: Arithmetic, x: Ball, output: Ball, grad: Ball) -> Contributions:
    size = 1 + np.abs(x.mid)
    # |softsign''| is at most twice softsign'.
    slope = ar.function(1 / size / size, x.rad, 2 * _softsign_steepest(x), 4.0)
    if ar.is_exact:
        return (product(ar, grad, slope),)
    with np.errstate(over="ignore"):
        overflows = ~((1 + x.magnitude) ** 2 * (1 + gamma(4, ar.unit)) < ar.ceiling)
    slope = ar.widened(slope, np.where(overflows, np.abs(slope.center), 0.0))
    direct = product(ar, grad, slope)
    # The quotient rule as it stands, 1/s − |x|/s², in which almost all cancels far out.
    inverse = ar.function(1 / size, x.rad, _softsign_steepest(x), 2.0)
    lost = product(ar, grad, ar.absolute(x), inverse, inverse)
    by_quotient = ar.subtract(product(ar, grad, inverse), lost)
    return (hull(direct.mid, direct, by_quotient),)


RULES = {
    "softplus": Rule(_softplus, _softplus_backward),
    "log_sigmoid": Rule(_log_sigmoid, _log_sigmoid_backward),
    "silu": Rule(_silu, _silu_backward),
    "mish": Rule(_mish, _mish_backward),
    "gelu": Rule(_gelu, _gelu_backward),
    "gelu_tanh": Rule(_gelu_tanh, _gelu_tanh_backward),
    "softsign": Rule(_softsign, _softsign_backward),
}

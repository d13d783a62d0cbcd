"""Smooth activations: true laws with one thing wrong."""

from sympy import Abs, Eq, Rational, exp

from tests.false_variants.variant import OPEN, REFUTED, false
from theory.calculus import Computed, Gradient, Slope
from theory.domains import NegativeReal, Positive, PositiveReal, Real
from theory.heads import (
    elu,
    gelu,
    gelu_tanh,
    hardsigmoid,
    hardswish,
    hardtanh,
    log_sigmoid,
    mish,
    relu6,
    selu,
    silu,
    softplus,
    softsign,
)


@false(REFUTED)
def elu_slope_is_its_value(x: NegativeReal, alpha: Positive):
    """The alpha forgotten."""
    return Eq(Slope(elu(x, alpha), x), elu(x, alpha))


@false(REFUTED)
def elu_slope_is_value_plus_alpha_everywhere(x: Real, alpha: Positive):
    """On the right the slope is 1."""
    return Eq(Slope(elu(x, alpha), x) - alpha, elu(x, alpha))


@false(REFUTED)
def elu_slope_is_continuous(x: PositiveReal, alpha: Positive):
    """As it would be for alpha = 1."""
    jump = Slope(elu(x, alpha), x) - Slope(elu(-x, alpha), -x)
    return Eq(jump, 1 - exp(-x))


@false(REFUTED)
def elu_slope_is_at_most_one(x: Real, alpha: Positive):
    """A large alpha forgotten."""
    return Abs(Slope(elu(x, alpha), x)) <= 1


@false(REFUTED)
def elu_slope_is_at_most_alpha(x: Real, alpha: Positive):
    """A small alpha, or the right side, forgotten."""
    return Abs(Slope(elu(x, alpha), x)) <= alpha


@false(OPEN)
def elu_slope_is_above_a_small_bound(x: Real):
    """Positive, but not bounded away from 0."""
    return Slope(elu(x, 1), x) > Rational(1, 10**6)


@false(REFUTED)
def selu_slope_at_most_1_758(x: Real):
    """A bound that is a little too small."""
    return Abs(Slope(selu(x), x)) <= Rational("1.758")


@false(OPEN)
def silu_slope_at_most_1_09983(x: Real):
    """A bound that is a little too small."""
    return Abs(Slope(silu(x), x)) <= Rational("1.09983")


@false(OPEN)
def gelu_slope_at_most_1_1289(x: Real):
    """A bound that is a little too small."""
    return Abs(Slope(gelu(x), x)) <= Rational("1.1289")


@false(OPEN)
def gelu_tanh_slope_at_most_1_12899(x: Real):
    """A bound that is a little too small."""
    return Abs(Slope(gelu_tanh(x), x)) <= Rational("1.12899")


@false(OPEN)
def mish_slope_at_most_1_08849(x: Real):
    """A bound that is a little too small."""
    return Abs(Slope(mish(x), x)) <= Rational("1.08849")


@false(OPEN)
def softplus_slope_at_most_0_999(x: Real):
    """A bound that is a little too small."""
    return Abs(Slope(softplus(x), x)) <= Rational("0.999")


@false(REFUTED)
def log_sigmoid_slope_at_most_0_999(x: Real):
    """A bound that is a little too small."""
    return Abs(Slope(log_sigmoid(x), x)) <= Rational("0.999")


@false(REFUTED)
def softsign_slope_at_most_0_999(x: Real):
    """A bound that is a little too small."""
    return Abs(Slope(softsign(x), x)) <= Rational("0.999")


@false(REFUTED)
def relu6_slope_at_most_0_999(x: Real):
    """A bound that is a little too small."""
    return Abs(Slope(relu6(x), x)) <= Rational("0.999")


@false(REFUTED)
def hardtanh_slope_at_most_0_999(x: Real):
    """A bound that is a little too small."""
    return Abs(Slope(hardtanh(x), x)) <= Rational("0.999")


@false(REFUTED)
def hardsigmoid_slope_at_most_0_166(x: Real):
    """A bound that is a little too small."""
    return Abs(Slope(hardsigmoid(x), x)) <= Rational("0.166")


@false(OPEN)
def hardswish_slope_at_most_1_499(x: Real):
    """A bound that is a little too small."""
    return Abs(Slope(hardswish(x), x)) <= Rational("1.499")


@false(REFUTED)
def a_dead_elu_unit_stays_dead(w: NegativeReal, x: Positive):
    """What is true of ReLU."""
    return Eq(Gradient(elu(x * w, 1), w), 0)


@false(REFUTED)
def gelu_is_nowhere_negative(x: NegativeReal):
    """As ReLU is not."""
    return Computed(gelu(x)) >= 0

"""Smooth activations: true laws with one thing wrong."""

from sympy import Abs, Eq, Rational, exp

from tests.false_variants.variant import OPEN, REFUTED, false
from theory.calculus import Slope
from theory.domains import NegativeReal, Positive, PositiveReal, Real
from theory.heads import elu


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

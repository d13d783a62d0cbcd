"""Formats: true laws with one thing wrong."""

from sympy import Abs, Integer, Rational, log

from tests.false_variants.variant import REFUTED, false
from theory.calculus import (
    OVERFLOW_THRESHOLD,
    UNDERFLOW_THRESHOLD,
    Computed,
    Constant,
    Iff,
    layers,
)
from theory.domains import (
    Coefficient,
    DecayFactor,
    Depth,
    GrowthFactor,
    Positive,
)
from theory.heads import (
    power,
)


@false(REFUTED)
def power_overflows_one_step_later(q: GrowthFactor, n: Depth):
    """The end of the range counted in."""
    return Iff(Abs(power(q, n)) < OVERFLOW_THRESHOLD, n <= log(OVERFLOW_THRESHOLD) / log(q))


@false(REFUTED)
def power_overflows_at_the_inverse_ratio(q: GrowthFactor, n: Depth):
    """The quotient of the logarithms upside down."""
    return Iff(Abs(power(q, n)) < OVERFLOW_THRESHOLD, n < log(q) / log(OVERFLOW_THRESHOLD))


@false(REFUTED)
def power_overflows_for_any_positive_factor(q: Positive, n: Depth):
    """A factor below 1 turns the inequality round."""
    return Iff(Abs(power(q, n)) < OVERFLOW_THRESHOLD, n < log(OVERFLOW_THRESHOLD) / log(q))


@false(REFUTED)
def product_overflows_in_the_other_direction(q: GrowthFactor, n: Depth):
    """The inequality turned round."""
    product = layers(lambda i, h: q * h, 1)
    return Iff(Abs(Computed(product(n))) < OVERFLOW_THRESHOLD, n > log(OVERFLOW_THRESHOLD) / log(q))


@false(REFUTED)
def product_of_twice_the_factor_overflows_at_that_depth(q: GrowthFactor, n: Depth):
    """Another factor in the layers than in the formula."""
    product = layers(lambda i, h: 2 * q * h, 1)
    return Iff(Abs(Computed(product(n))) < OVERFLOW_THRESHOLD, n < log(OVERFLOW_THRESHOLD) / log(q))


@false(REFUTED)
def power_underflows_for_growing_factors(q: GrowthFactor, n: Depth):
    """The law of shrinking factors for growing ones."""
    return Iff(power(q, n) > UNDERFLOW_THRESHOLD, n < log(UNDERFLOW_THRESHOLD) / log(q))


@false(REFUTED)
def product_is_positive_for_any_factor(q: Coefficient, n: Depth):
    """The sign of the factor forgotten."""
    product = layers(lambda i, h: q * h, 1)
    return Computed(product(n)) > 0


@false(REFUTED)
def product_stays_above_a_half(q: DecayFactor, n: Depth):
    """Positive, but not bounded away from 0; true at n = 1."""
    product = layers(lambda i, h: q * h, 1)
    return Computed(product(n)) > Rational(1, 2)


@false(REFUTED)
def growing_product_keeps_shrinking(q: GrowthFactor, n: Depth):
    """The law of shrinking factors for growing ones."""
    product = layers(lambda i, h: q * h, 1)
    return Computed(product(n)) < Computed(product(n - 1))


@false(REFUTED)
def product_of_a_negative_start_keeps_shrinking(q: DecayFactor, n: Depth):
    """From below 0 the product rises towards 0."""
    product = layers(lambda i, h: q * h, -1)
    return Computed(product(n)) < Computed(product(n - 1))


@false(REFUTED)
def one_and_a_half_to_the_hundredth_is_five_e17():
    """The wrong digit."""
    power_of = power(Constant(Rational(3, 2)), 100)
    return Abs(power_of - 5 * 10**17) <= 10**17 / Integer(2)

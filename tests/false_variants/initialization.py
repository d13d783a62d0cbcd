"""Initialisation: true laws with one thing wrong."""

from sympy import Eq, Rational

from tests.false_variants.variant import OPEN, false
from theory.calculus import (
    Expectation,
    SecondMoment,
    Total,
    Zeros,
)
from theory.domains import (
    Seed,
    Shape,
    Vector,
)
from theory.heads import (
    he_normal,
    leaky_relu,
    linear,
    relu,
)


@false(OPEN)  # what is random is not searched for counterexamples
def he_doubles_the_second_moment(x: Vector, shape: Shape, seed: Seed):
    """The ReLU's half forgotten."""
    z = linear(x, he_normal(shape, seed), Zeros(shape))
    return Eq(Expectation(SecondMoment(relu(z)), seed), 2 * SecondMoment(x))


@false(OPEN)
def he_keeps_the_second_moment_of_a_leaky_layer(x: Vector, shape: Shape, seed: Seed):
    """Another activation than the one that He's variance is made for."""
    z = linear(x, he_normal(shape, seed), Zeros(shape))
    return Eq(Expectation(SecondMoment(leaky_relu(z, Rational(1, 2))), seed), SecondMoment(x))


@false(OPEN)
def he_keeps_the_sum_of_squares(x: Vector, shape: Shape, seed: Seed):
    """The sum instead of the mean, where the widths differ."""
    z = linear(x, he_normal(shape, seed), Zeros(shape))
    return Eq(Expectation(Total(relu(z) ** 2), seed), Total(x**2))

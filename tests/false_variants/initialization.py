"""Initialisation: true laws with one thing wrong."""

from sympy import Eq, Rational, exp, pi, sqrt

from tests.false_variants.variant import OPEN, false
from theory.calculus import (
    Dot,
    Expectation,
    FanIn,
    FanOut,
    Gradient,
    Identity,
    SecondMoment,
    Total,
    Trace,
    Transpose,
    Zeros,
)
from theory.domains import (
    Positive,
    Seed,
    Shape,
    StandardNormal,
    TallShape,
    Vector,
)
from theory.heads import (
    elu,
    he_normal,
    he_uniform,
    leaky_relu,
    linear,
    orthogonal,
    relu,
    truncated_normal,
    xavier_normal,
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


@false(OPEN)
def xavier_keeps_gradients(x: Vector, shape: Shape, seed: Seed):
    """Stated without the condition that both fans are equal."""
    z = linear(x, xavier_normal(shape, 1, seed), Zeros(shape))
    return Eq(Expectation(SecondMoment(Gradient(Total(z), x)), seed), 1)


@false(OPEN)
def he_scales_a_transposed_layer_the_other_way(x: Vector, shape: Shape, seed: Seed):
    """Fan-in over fan-out."""
    z = linear(x, he_normal(shape, seed), Zeros(shape))
    scale = 2 * FanIn(shape) / FanOut(shape)
    return Eq(Expectation(SecondMoment(Gradient(Total(z), x)), seed), scale)


@false(OPEN)
def he_uniform_has_the_square_of_its_bound(shape: Shape, seed: Seed):
    """The third forgotten."""
    return Eq(Expectation(SecondMoment(he_uniform(shape, seed)), seed), 6 / FanIn(shape))


@false(OPEN)
def truncated_normal_keeps_its_variance(
    shape: Shape, std: Positive, low: Positive, high: Positive, seed: Seed
):
    """As if nothing had been cut off."""
    weight = truncated_normal(shape, std, -low, high, seed)
    return Eq(Expectation(SecondMoment(weight), seed), std**2)


@false(OPEN)
def orthogonal_has_a_trace(shape: Shape, seed: Seed):
    """That of the identity."""
    return Eq(Expectation(Trace(orthogonal(shape, 1, seed)), seed), FanIn(shape))


@false(OPEN)
def the_square_of_a_trace_is_zero(shape: Shape, seed: Seed):
    """Even where it changes its sign with a row."""
    return Eq(Expectation(Trace(orthogonal(shape, 1, seed)) ** 2, seed), 0)


@false(OPEN)  # its numbers are drawn and not chosen
def tall_orthogonal_weights_have_orthonormal_rows(shape: TallShape, gain: Positive, seed: Seed):
    """There are more of them than columns."""
    weight = orthogonal(shape, gain, seed)
    return Eq(Dot(weight, Transpose(weight)), gain**2 * Identity(Transpose(weight)))


@false(OPEN)
def elu_has_the_mean_of_relu(z: StandardNormal):
    """The exponential forgotten."""
    return Eq(Expectation(elu(z, 1), z), 1 / sqrt(2 * pi))


@false(OPEN)
def elu_has_the_mean_of_an_exponential(z: StandardNormal):
    """All of it, and not the half below 0."""
    return Eq(Expectation(elu(z, 1), z), 1 / sqrt(2 * pi) + exp(Rational(1, 2)) - 1)


@false(OPEN)
def relu_is_closer_to_zero_mean_than_elu(z: StandardNormal):
    """The inequality the other way round."""
    return Expectation(relu(z), z) < Expectation(elu(z, 1), z)

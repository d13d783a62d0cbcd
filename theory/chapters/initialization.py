"""Initialisation: what a start keeps, on average over its draws."""

from theory.language import *


@claim(source=(TECHNIQUES.section("2.2.2"), HE_2015.equation(10)))
def he_keeps_relu_second_moment(x: Vector, shape: Shape, seed: Seed):
    """With He's start a ReLU layer keeps its input's second moment, on average over the weights."""
    z = linear(x, he_normal(shape, seed), Zeros(shape))
    return Eq(Expectation(SecondMoment(relu(z)), seed), SecondMoment(x))


@claim(source=(SOLUTIONS.section("2.1"), TECHNIQUES.section("2.2.2"), HE_2015.equation(10)))
def large_start_explodes_small_start_vanishes(seed: Seed):
    """He's start times g makes a gradient grow by g a layer, through 20 ReLU layers of 64.

    Within a tenth: it halves with g = 1/2, stays with g = 1 and doubles with g = 2.
    """
    net = Network(depth=20, width=64, inputs=64, activation="relu", start="he normal")
    growth = lambda gain: GrowthPerLayer(net.but(gain=gain), seed) / gain
    near = lambda ratio: Abs(ratio - 1) < Rational(1, 10)
    event = And(near(growth(Rational(1, 2))), near(growth(1)), near(growth(2)))
    return Probability(event, seed) > Rational(1, 2)

"""Initialisation: what a start keeps, on average over its draws."""

from theory.language import *


@claim(source=(TECHNIQUES.section("2.2.2"), HE_2015.equation(10)))
def he_keeps_relu_second_moment(x: Vector, shape: Shape, seed: Seed):
    """With He's start a ReLU layer keeps its input's second moment, on average over the weights."""
    z = linear(x, he_normal(shape, seed), Zeros(shape))
    return Eq(Expectation(SecondMoment(relu(z)), seed), SecondMoment(x))

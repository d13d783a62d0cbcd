"""Clipping: what it bounds."""

from theory.language import *


@claim(source=(CV.section("2.4"), SOLUTIONS.section("3.2"), PASCANU_2013.section("3.2")))
def norm_clipping_bounds_the_norm(g: Gradients, c: Positive):
    """Gradients that are clipped to norm c have a norm of at most c."""
    return Norm(clip_by_norm(g, c)) <= c


@claim(source=(CV.section("2.4"), PASCANU_2013.section("3.2")))
def clipping_saves_an_exploding_run(seed: Seed):
    """A run whose gradients overflow learns the two circles once their norm is clipped to 1/10.

    Ten ReLU layers of 20 at one and a half times He's start and a rate of 1/10: without clipping 18
    of 20 runs overflow and none learns, with it all learn. Clipped to 1, 13 do.
    """
    net = Network(depth=10, width=20, activation="relu", start="he normal", gain=Rational(3, 2))
    free = Training(rate=Rational(1, 10), epochs=100)
    clipped = free.but(clip=Rational(1, 10))
    overflows = FirstNonfiniteStep(net, free, seed) < oo
    learns = TestAccuracy(net, clipped, seed) >= Rational(3, 4)
    return Probability(And(overflows, learns), seed) > Rational(1, 2)

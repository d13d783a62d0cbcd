"""Clipping: what it bounds."""

from theory.language import *


@claim(source=(CV.section("2.4"), SOLUTIONS.section("3.2"), PASCANU_2013.section("3.2")))
def norm_clipping_bounds_the_norm(g: Gradients, c: Positive):
    """Gradients that are clipped to norm c have a norm of at most c."""
    return Norm(clip_by_norm(g, c)) <= c

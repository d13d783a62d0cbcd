"""Clipping: true laws with one thing wrong."""

from sympy import Eq

from tests.false_variants.variant import REFUTED, false
from theory.calculus import (
    Norm,
)
from theory.domains import (
    Gradients,
    Positive,
)
from theory.heads import (
    clip_by_norm,
)


@false(REFUTED)
def clipping_halves_the_bound(g: Gradients, c: Positive):
    """A bound that is too small."""
    return Norm(clip_by_norm(g, c)) <= c / 2


@false(REFUTED)
def clipping_stays_below_the_bound(g: Gradients, c: Positive):
    """Strictly, where the clipped norm reaches the bound."""
    return Norm(clip_by_norm(g, c)) < c


@false(REFUTED)
def clipping_always_reaches_the_bound(g: Gradients, c: Positive):
    """Rescaling without the condition."""
    return Eq(Norm(clip_by_norm(g, c)), c)


@false(REFUTED)
def gradients_need_no_clipping(g: Gradients, c: Positive):
    """Clipping forgotten."""
    return Norm(g) <= c

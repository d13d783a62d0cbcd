"""Clipping: true laws with one thing wrong."""

from sympy import Abs, Eq, sign

from tests.false_variants.variant import REFUTED, false
from theory.calculus import (
    Identical,
    Norm,
    Total,
)
from theory.domains import (
    Gradients,
    Positive,
)
from theory.heads import (
    clip_by_norm,
    clip_by_value,
    global_norm,
    sgd_step,
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


@false(REFUTED)
def clipping_keeps_the_norm_too(g: Gradients, c: Positive):
    """The direction, and the length."""
    return Eq(Norm(clip_by_norm(g, c)), Norm(g))


@false(REFUTED)
def clipping_is_identity_outside_the_ball_too(g: Gradients, c: Positive):
    """A clip to half of the norm that was allowed."""
    return Identical(clip_by_norm(clip_by_norm(g, c), c / 2), clip_by_norm(g, c))


@false(REFUTED)
def global_norm_is_the_sum_of_magnitudes(g: Gradients):
    """Another norm."""
    return Eq(global_norm(g), Total(Abs(g)))


@false(REFUTED)
def value_clipping_halves_the_bound(g: Gradients, c: Positive):
    """A bound that is too small."""
    return Abs(clip_by_value(g, c)) <= c / 2


@false(REFUTED)
def value_clipping_bounds_the_norm(g: Gradients, c: Positive):
    """Of one entry it does, of several not."""
    return Norm(clip_by_value(g, c)) <= c


@false(REFUTED)
def value_clipping_lengthens(g: Gradients, c: Positive):
    """The cosine the wrong way round."""
    clipped = clip_by_value(g, c)
    return Total(g * clipped) <= Norm(clipped) ** 2


@false(REFUTED)
def clipped_step_is_bounded_by_the_norm_alone(
    p: Gradients, g: Gradients, c: Positive, lr: Positive
):
    """The rate forgotten."""
    return Norm(sgd_step(p, clip_by_norm(g, c), lr, 0) - p) <= c


@false(REFUTED)
def sign_step_is_never_longer_than_a_clipped_one(g: Gradients, c: Positive):
    """The inequality the wrong way round."""
    return Abs(clip_by_value(g, c)) >= c * Abs(sign(g))

"""Symptoms: what a training record shows, and how often it tells what is wrong.

    Probability(ErrorGrowth(Zoo(of="exploding"), seed) > FAR, seed) >= Rational(9, 10)
    Probability(ErrorGrowth(Zoo(of="not exploding"), seed) > FAR, seed) <= Rational(1, 10)

The first line is the sensitivity of a rule, the second its specificity; a rule that has only one of
them tells nothing. What is wrong with a network of the zoo is known from how it was made and from
whether a twin learns that differs in nothing else, never from a rule. A seed picks one network, all
rows of the zoo in turn, and draws its weights and data.
"""

from types import MappingProxyType

from sympy import Integer, Rational

from theory.kind import Kind
from theory.measures import Measure
from theory.recipes import Recipe

__all__ = [
    "CUSTOMARY_LOG_UPDATE",
    "FAR",
    "GROWTH_AFTER_JUMP",
    "JUMP",
    "SLOW_GROWTH_THEN_INFINITY",
    "STILL",
    "SUDDEN_INFINITY",
    "ErrorFade",
    "ErrorGrowth",
    "ExplosionShape",
    "FirstLayerLag",
    "FirstLayerLogUpdate",
    "LargestNodeError",
    "LastingNodeError",
    "LossDrift",
    "LossJump",
    "NonfiniteEntries",
    "SmallestNodeError",
    "WeightJump",
    "Zoo",
]

# Round numbers, fixed before any network was looked at: a factor of ten from one step to the next
# is a jump, a factor of a hundred from one end of a network to the other is far, and a tenth of the
# loss at the start is no progress.
JUMP, FAR, STILL = Integer(10), Integer(100), Rational(1, 10)
# What textbooks recommend for log10 of mean|Δw|/mean|w|.
CUSTOMARY_LOG_UPDATE = Integer(-3)

# The shapes of an explosion, as `ExplosionShape` numbers them; 0 is none.
SUDDEN_INFINITY, SLOW_GROWTH_THEN_INFINITY, GROWTH_AFTER_JUMP = map(Integer, (1, 2, 3))


class Zoo(Recipe):
    """Small networks that train for 40 steps: healthy, idle, vanishing or exploding ones.

    Idle ones have gradients that flow and yet a loss that stands still: the rate is too small, or
    there is nothing left to learn. The three shapes are quadratic bowls whose rate fixes the factor
    by which the loss grows at each step.
    """

    defaults = MappingProxyType({"of": "healthy"})
    choices = MappingProxyType(
        {
            "of": (
                "healthy",
                "idle",
                "vanishing",
                "exploding",
                "not vanishing",
                "not exploding",
                "sudden infinity",
                "slow growth then infinity",
                "growth after a jump",
            )
        }
    )


class Reading(Measure):
    """A number that a rule reads in the record of one network's training."""

    parameters = ("zoo", "seed")
    mark = Kind.E


class NonfiniteEntries(Reading):
    """How many losses and weights are infinite or NaN, over all steps."""


class LossJump(Reading):
    """The largest ratio of a loss to the largest loss before it."""


class WeightJump(Reading):
    """The largest ratio of a layer's mean|w| to the largest that the layer had before."""


class ErrorGrowth(Reading):
    """‖∂loss/∂z‖ at the first layer over that at the output, the largest of all steps."""


class ErrorFade(Reading):
    """‖∂loss/∂z‖ at the first layer over that at the output, the median of all steps."""


class FirstLayerLogUpdate(Reading):
    """log10 of mean|Δw|/mean|w| of the first layer, the median of all steps."""


class FirstLayerLag(Reading):
    """log10 of mean|Δw|/mean|w| of the first layer less that of the last, the median of steps."""


class LargestNodeError(Reading):
    """The largest |∂loss/∂z| of any node on any sample at any step."""


class LastingNodeError(Reading):
    """The largest |∂loss/∂z| of any node on any sample, the smallest of all finite steps."""


class SmallestNodeError(Reading):
    """The smallest mean|∂loss/∂z| of any layer at any step that is finite."""


class LossDrift(Reading):
    """How far the loss strays from its start at most, relative to its start."""


class ExplosionShape(Reading):
    """The shape of the loss over the steps: one of the three of an explosion, or 0."""

"""Measures: numbers that a run of a network yields, and the probability of what is said of them.

    Probability(TestAccuracy(net, training, seed) >= Rational(3, 4), seed) > Rational(1, 2)

A claim of this form is no theorem. Its event is looked at for many seeds, and an exact interval for
its probability says which side of 1/2 it lies on.

Measures of a start take a network and a seed: the network starts, standard normal inputs go forward
and a random normal gradient goes backward. The error δ of a layer is what arrives at the layer's
output before the activation; of a residual block, behind the block; of a step in time, at the
step's input. Measures of a training take a network, a training and a seed.
"""

from typing import Any, ClassVar

from sympy.core.relational import Relational
from sympy.logic.boolalg import And, Not, Or

from theory.head import Head
from theory.kind import Kind
from theory.recipes import Recipe

__all__ = [
    "DeadUnits",
    "DifferenceFromScikitLearn",
    "FirstGradientNorm",
    "FirstNonfiniteStep",
    "GradientGrowth",
    "GradientNormRatio",
    "GrowthPerLayer",
    "LargestGradient",
    "LogErrorFit",
    "LogErrorSlope",
    "LogRatioVariance",
    "MeanGradientRatio",
    "Probability",
    "ReconstructionRatio",
    "TestAccuracy",
    "WeightGrowth",
]

COMPARISONS = (">", ">=", "<", "<=")


class Probability(Head):
    """How often an event happens over the seeds; only ever compared with a number."""

    parameters = ("event", "seed")
    symbol = r"\mathbb{P}"
    mark = Kind.S

    def __new__(cls, event: Any, seed: Any) -> Any:
        """Take a relation, or several joined by And, Or and Not."""
        parts = event.args if isinstance(event, And | Or | Not) else (event,)
        if not all(isinstance(part, Relational | And | Or | Not) for part in parts):
            raise TypeError(
                f"Probability: {event} is no event; write a relation between measures, such as "
                "TestAccuracy(net, training, seed) >= Rational(3, 4)"
            )
        return super().__new__(cls, event, seed)


class Measure(Head):
    """A number that one start yields: no training, a forward and a backward pass."""

    parameters: ClassVar[tuple[str, ...]] = ("network", "seed")
    mark = Kind.S

    def __new__(cls, *arguments: Any) -> Any:
        """Take one recipe for each parameter but the last, which is the seed."""
        made = super().__new__(cls, *arguments)
        if not all(isinstance(argument, Recipe) for argument in arguments[:-1]):
            raise TypeError(f"{cls.__name__} takes recipes and a seed: write {cls.signature()}")
        return made


class TrainedMeasure(Measure):
    """A number that one training yields."""

    parameters = ("network", "training", "seed")
    mark = Kind.E


# -- of a start -----------------------------------------------------------------------------------


class GradientNormRatio(Measure):
    """‖δ‖ of the first layer divided by ‖δ‖ of the last."""


class GrowthPerLayer(Measure):
    """The factor by which ‖δ‖ grows from a layer to the one before it, as a geometric mean."""


class LogErrorSlope(Measure):
    """The least-squares slope of ln‖δ‖ against the number of layers passed backward."""


class LogErrorFit(Measure):
    """How much of the variation of ln‖δ‖ a straight line in depth explains: R²."""


class LogRatioVariance(Measure):
    """The variance of ln(‖δ‖² of the first layer / ‖δ‖² of the last) over 100 starts."""


class LargestGradient(Measure):
    """The largest |∂C/∂w| of any weight."""


class DeadUnits(Measure):
    """The share of hidden units whose output before the activation is negative for every input."""


# -- of a training --------------------------------------------------------------------------------


class TestAccuracy(TrainedMeasure):
    """The share of the points held back that the trained network tells apart."""


class FirstNonfiniteStep(TrainedMeasure):
    """The first step whose loss or gradient is not finite; infinite where there is none."""


class FirstGradientNorm(TrainedMeasure):
    """The largest norm of ∂L/∂w of any layer at the first step, before any clipping."""


class GradientGrowth(TrainedMeasure):
    """The largest norm of ∂L/∂w of any layer at any step, over that at the first step."""


class WeightGrowth(TrainedMeasure):
    """By which factor the mean |w| of a layer grew at most, from the start to any step."""


class MeanGradientRatio(TrainedMeasure):
    """The mean |∂L/∂w| of the first layer over that of the last, both averaged over the steps."""


class ReconstructionRatio(TrainedMeasure):
    """The error of reconstructing a layer's input, after its pretraining over before, at worst."""


# -- of the data ----------------------------------------------------------------------------------


class DifferenceFromScikitLearn(Measure):
    """The largest difference to the points and classes that scikit-learn draws from the seed."""

    parameters = ("data", "seed")
    mark = Kind.E  # it takes scikit-learn, which only the experiments require


def form_of(formula: Any) -> tuple[Any, str, Any]:
    """The probability, the comparison and the number of a measured claim's formula.

    Raises TypeError for every other formula.
    """
    if isinstance(formula, Relational) and formula.rel_op in COMPARISONS:
        for relation in (formula, formula.reversed):
            if isinstance(relation.lhs, Probability) and relation.rhs.is_Rational:
                return relation.lhs, relation.rel_op, relation.rhs
    raise TypeError(
        "what is measured has a probability and no value; write Probability(event, seed) > p with "
        "a fraction p, or < p"
    )

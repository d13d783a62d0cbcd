"""What a training run writes down, what a rule reads in it, and what is really wrong: three types.

A record holds magnitudes, one a step and layer, and never the tensors themselves. Entries that are
not finite are counted before anything is averaged: a mean over them would be NaN and hide which
tensor went first, and a mean that skips them in silence would look healthy.
"""

from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from checks.formats import Doubles, Format


class Cause(Enum):
    """What is really wrong with a network; the value says how one would know without any rule."""

    HEALTHY = "it learns"
    IDLE = "its gradients flow; its rate is too small or it has nothing left to learn"
    VANISHING = "the error signal dies on its way to the input, and its twin learns"
    EXPLODING = "the error signal, or the step, outgrows the weights, and its twin learns"


@dataclass(frozen=True)
class Measurement:
    """Magnitudes of one tensor a layer at every step; each array is (steps, layers), input first.

    `mean`, `norm` (Euclidean) and `largest` are over the finite entries only; `nonfinite` counts
    the others.
    """

    mean: Doubles
    norm: Doubles
    largest: Doubles
    nonfinite: NDArray[np.int64]


@dataclass(frozen=True)
class Record:
    """A training run in numbers.

    `loss` has one entry a step, measured before the step is taken; `weights` likewise. `gradients`
    are those of the weights and `updates` what the step changed them by. `errors` are Nielsen's: of
    each sample's own loss by what each node passes to its activation, the output being the last
    layer; a mean over the batch would make them depend on its size.
    """

    format: Format
    loss: Doubles
    weights: Measurement
    gradients: Measurement
    errors: Measurement
    updates: Measurement

    @property
    def finite_steps(self) -> int:
        """How many steps were taken before the first number that is not finite."""
        found = first_nonfinite(self)
        return len(self.loss) if found is None else found.step


@dataclass(frozen=True)
class Place:
    """A tensor of a record, at a step."""

    tensor: str
    step: int

    def __str__(self) -> str:
        return f"{self.tensor} at step {self.step}"


@dataclass(frozen=True)
class Symptom:
    """What a rule read: whether it fired, the number that it compared, and where it found it."""

    fired: bool
    value: float
    place: Place | None = None


def first_nonfinite(record: Record) -> Place | None:
    """The first tensor and step that hold a number that is not finite, in the order of computing.

    Within a step the weights come first, then the loss that they give, then the errors and the
    gradients from the output side back, then the updates.
    """
    layers = record.weights.nonfinite.shape[1]
    from_output = range(layers - 1, -1, -1)
    for step in range(len(record.loss)):
        if (layer := _first(record.weights, step, range(layers))) is not None:
            return Place(f"weights {layer + 1}", step)
        if not np.isfinite(record.loss[step]):
            return Place("loss", step)
        for name in ("errors", "gradients", "updates"):
            if (layer := _first(getattr(record, name), step, from_output)) is not None:
                return Place(f"{name} {layer + 1}", step)
    return None


def _first(measurement: Measurement, step: int, order: range) -> int | None:
    return next((layer for layer in order if measurement.nonfinite[step, layer]), None)

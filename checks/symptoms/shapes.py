"""The shapes of an explosion: what a trace of losses looks like when a run explodes.

An explosion has an onset: the first step whose entry is not finite or exceeds ten times everything
before it. What came before the onset, and what after, decides:

    sudden     an ordinary level, then no number
    slow       the level had risen tenfold without any jump before the onset, or to the very end
    jump       an ordinary level, a finite jump, and growth beyond what was jumped to

A jump from which the run only comes back is a spike and no explosion.
"""

from enum import IntEnum

import numpy as np

from checks.formats import Doubles
from theory import symptoms


class Shape(IntEnum):
    """The shapes, numbered as the heads of `theory.symptoms` have them."""

    NONE = 0
    SUDDEN = int(symptoms.SUDDEN_INFINITY)
    SLOW = int(symptoms.SLOW_GROWTH_THEN_INFINITY)
    JUMP = int(symptoms.GROWTH_AFTER_JUMP)


def shape(trace: Doubles) -> Shape:
    """Classify a trace of magnitudes, one a step; infinities and NaN are what it exploded to."""
    far = float(symptoms.JUMP)
    start = onset(trace)
    risen = start > 1 and trace[start - 1] > far * trace[0]
    if risen:
        return Shape.SLOW
    if start == len(trace):
        return Shape.NONE
    if not np.isfinite(trace[start]):
        return Shape.SUDDEN
    after = trace[start + 1 :]
    grows = np.any(~np.isfinite(after) | (after > trace[start]))
    return Shape.JUMP if grows else Shape.NONE


def onset(trace: Doubles) -> int:
    """The first step of an explosion; the length of the trace where there is none."""
    far = float(symptoms.JUMP)
    highest = np.maximum.accumulate(trace)  # NaN from the first NaN on
    for step in range(len(trace)):
        if not np.isfinite(trace[step]) or (step and trace[step] > far * highest[step - 1]):
            return step
    return len(trace)

"""Verdicts: what is said of a claim on one implementation, in one format, on one device."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any


class Verdict(Enum):
    """What was found; the value is the sentence that explains it."""

    HOLDS = "held on everything tried"
    FORMAT_LIMIT = "true over the reals, broken in this format even by correctly rounded operations"
    METHOD_LIMIT = "broken by the usual method, though correct rounding in this format keeps it"
    DEFECT = "a stored number lies outside its enclosure: the implementation is wrong"
    FALSE = "refuted over the reals, and the counterexample reproduced here"
    UNDECIDED = "the bound says nothing, too few samples were valid, or the budget ran out"


# The order in which verdicts outvote each other, the gravest first: one defect is a defect.
PRECEDENCE = (
    Verdict.DEFECT,
    Verdict.FALSE,
    Verdict.METHOD_LIMIT,
    Verdict.FORMAT_LIMIT,
    Verdict.UNDECIDED,
    Verdict.HOLDS,
)


@dataclass(frozen=True)
class Cell:
    """One square of the matrix: a claim, an implementation, a format and a device, all by name."""

    claim: str
    implementation: str
    format: str
    device: str

    def __str__(self) -> str:
        return f"{self.claim} [{self.implementation}-{self.device} · {self.format}]"


@dataclass(frozen=True)
class Counterexample:
    """One minimised input and what it shows.

    `inputs` holds the numbers as fractions "n/d" and every array entry in C's hexadecimal notation.
    `operation` is the function at fault where the verdict is DEFECT. `left` and `right` are the two
    sides as run; `gap` and `bound` are those of the number that fell out, else of both sides.
    """

    inputs: Mapping[str, Any]
    operation: str
    left: float
    right: float
    gap: float
    bound: float
    message: str


@dataclass(frozen=True)
class Result:
    """The judged cell. `smallest` is the simplest failing input, `worst` the one furthest out.

    `coverage` says what was tried: "exhaustive 63487", "sampled 40000", "statistical 1e-09".
    `slack_median` and `slack_largest` are observed error ÷ bound, NaN where there was no bound.
    """

    cell: Cell
    verdict: Verdict
    coverage: str
    samples: int
    decided: float
    slack_median: float
    slack_largest: float
    seconds: float
    smallest: Counterexample | None = None
    worst: Counterexample | None = None
    reason: str = ""
    notes: Mapping[str, Any] = field(default_factory=dict)

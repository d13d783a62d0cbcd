"""Every number of a format, one stride after another: minutes a cell, and nothing left to chance.

16-bit formats are enumerated whenever a claim about one number is checked. Float32 has four billion
numbers, which take a processor half an hour or so; float64 is out of reach.
"""

import sys
import time
from collections.abc import Callable, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from typing import Any

import numpy as np

from checks.deadline import can_interrupt, within
from checks.example import Example
from checks.filling import inside
from checks.formats import FORMATS, Format
from checks.lowering import LoweringError
from checks.oneline import one_line
from checks.outcomes import judge
from checks.pinned import at
from checks.runner import (
    PATIENCE,
    Task,
    cell_of,
    conclude,
    in_processes,
    resolve,
    unfinished,
)
from checks.tally import Found, Tally
from checks.traits import is_unary
from checks.unusable import Unusable
from checks.verdict import Result
from theory.claim import Claim

# Numbers that a process judges before it reports, and those that it holds at a time.
STRIDE, BLOCK = 1 << 20, 1 << 16


@dataclass(frozen=True)
class Piece:
    """A part of a cell's numbers, by their ordinals."""

    task: Task
    first: int
    end: int


def is_sweepable(claim: Claim) -> bool:
    """Whether a claim is about one real number, and every number of a format can be tried."""
    special = claim.is_of_nan or claim.is_of_infinities
    return is_unary(claim) and not (special or claim.is_statistical or claim.is_timed)


def pieces_of(task: Task) -> list[Piece]:
    """Every finite number of the format, from the lowest to the largest; zero counts once."""
    top = FORMATS[task.format].largest_ordinal
    starts = range(-top, top + 1, STRIDE)
    return [Piece(task, first, min(first + STRIDE, top + 1)) for first in starts]


def sweep(
    work: Sequence[Task],
    jobs: int,
    on_piece: Callable[[Task], None],
    on_result: Callable[[Result], None],
) -> list[Result]:
    """Judge every piece of one task after the other, several processes at a time.

    Raises WorkerDied.
    """
    results: list[Result] = []

    def collect(_: Any, result: Result) -> None:
        results.append(result)
        on_result(result)

    for task in work:
        claim, _, fmt = resolve(task)
        started, tally, faults = time.perf_counter(), Tally(claim, fmt), list[str]()

        def count(
            piece: Piece, found: Found | str, tally: Tally = tally, faults: list[str] = faults
        ) -> None:
            if isinstance(found, str):
                faults.append(found)
            else:
                tally.include(found)
            on_piece(piece.task)

        in_processes(_judged, pieces_of(task), jobs, lambda piece: [piece.task], count)
        parts = _Parts(task, tally.found, tuple(faults), started)
        in_processes(_concluded, [parts], 1, lambda parts: [parts.task], collect)
    return results


@dataclass(frozen=True)
class _Parts:
    """What all pieces of a task have shown, and why some have shown nothing."""

    task: Task
    found: Found
    faults: tuple[str, ...]
    started: float


def _judged(piece: Piece) -> Found | str:
    """What a piece shows, or why it shows nothing."""
    claim, implementation, fmt = resolve(piece.task)
    tally = Tally(claim, fmt)

    def judge_all() -> bool:
        for first in range(piece.first, piece.end, BLOCK):
            example = _block(claim, fmt, first, min(first + BLOCK, piece.end))
            if example.samples:
                tally.add(example, judge(claim, implementation, fmt, example))
        return True

    with redirect_stdout(sys.stderr):  # as in checks.runner
        try:
            if not can_interrupt():
                judge_all()
            elif not within(PATIENCE, judge_all, on_the_clock=3 * PATIENCE):
                return f"no end within {PATIENCE:g} s, as where a function does not return"
        except (Unusable, LoweringError):
            raise
        except Exception as error:
            return f"the sweep broke off with {one_line(error)}; this is Backproof's fault"
    return tally.found


def _block(claim: Claim, fmt: Format, first: int, end: int) -> Example:
    """The numbers with these ordinals that lie in the claim's domain."""
    ((name, domain),) = claim.variables.items()
    values = fmt.from_ordinals(np.arange(first, end, dtype=np.int64))
    values = values[inside(domain, values)]
    return Example({}, {(name, 0): values}, len(values))


def _concluded(whole: _Parts) -> Result:
    claim, implementation, fmt = resolve(whole.task)
    tally = Tally(claim, fmt)
    with redirect_stdout(sys.stderr):
        # A refuted claim is false at its own counterexample, which no block shows as such.
        for point in claim.witnesses:
            example = at(claim, fmt, point)
            tally.add(example, judge(claim, implementation, fmt, example))
        tally.include(whole.found)
        if whole.faults:
            cell = cell_of(claim, implementation, fmt)
            return unfinished(cell, whole.started, whole.faults[0])
        coverage = f"exhaustive {tally.samples}"
        return conclude(implementation, tally, coverage, whole.started, whole.task.expected)

"""Every number of a format, one stride after another: minutes a cell, and nothing left to chance.

16-bit formats are enumerated whenever a claim about one number is checked. Float32 has four billion
numbers, which take a processor a quarter of an hour or so; float64 is out of reach.
"""

import sys
import time
from collections.abc import Callable, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass

import numpy as np

from checks.example import Example
from checks.filling import inside
from checks.formats import FORMATS, Format
from checks.outcomes import judge
from checks.runner import Task, conclude, in_processes, resolve
from checks.tally import Found, Tally
from checks.traits import is_unary
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
    pieces: Sequence[Piece],
    jobs: int,
    on_piece: Callable[[Piece], None],
    on_result: Callable[[Result], None],
) -> list[Result]:
    """Judge every piece, several processes at a time, and then each task that they belong to.

    Raises WorkerDied.
    """
    started = time.perf_counter()
    tallies: dict[Task, Tally] = {}
    for piece in pieces:
        if piece.task not in tallies:
            claim, _, fmt = resolve(piece.task)
            tallies[piece.task] = Tally(claim, fmt)

    def count(piece: Piece, found: Found) -> None:
        tallies[piece.task].include(found)
        on_piece(piece)

    in_processes(_judged, pieces, jobs, lambda piece: [piece.task], count)
    results: dict[Task, Result] = {}

    def collect(whole: tuple[Task, Found, float], result: Result) -> None:
        results[whole[0]] = result
        on_result(result)

    wholes = [(task, tally.found, started) for task, tally in tallies.items()]
    in_processes(_concluded, wholes, jobs, lambda whole: [whole[0]], collect)
    return [results[task] for task in tallies]


def _judged(piece: Piece) -> Found:
    claim, implementation, fmt = resolve(piece.task)
    tally = Tally(claim, fmt)
    with redirect_stdout(sys.stderr):  # as in checks.runner
        for first in range(piece.first, piece.end, BLOCK):
            example = _block(claim, fmt, first, min(first + BLOCK, piece.end))
            if example.samples:
                tally.add(example, judge(claim, implementation, fmt, example))
    return tally.found


def _block(claim: Claim, fmt: Format, first: int, end: int) -> Example:
    """The numbers with these ordinals that lie in the claim's domain."""
    ((name, domain),) = claim.variables.items()
    values = fmt.from_ordinals(np.arange(first, end, dtype=np.int64))
    values = values[inside(domain, values)]
    return Example({}, {(name, 0): values}, len(values))


def _concluded(whole: tuple[Task, Found, float]) -> Result:
    task, found, started = whole
    claim, implementation, fmt = resolve(task)
    tally = Tally(claim, fmt)
    tally.include(found)
    coverage = f"exhaustive {tally.samples}"
    with redirect_stdout(sys.stderr):
        return conclude(implementation, tally, coverage, started, task.expected)

"""From a cell to its result: explore, tally, minimise, judge.

Hypothesis draws examples and is driven toward the largest slack by `target`. The first example with
the gravest verdict is shrunk by Hypothesis (structure) and `checks.minimise` (values). The same
examples are drawn for every implementation, so that their cells can be compared.
"""

import sys
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import redirect_stdout
from dataclasses import dataclass
from itertools import chain
from multiprocessing import get_context
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from hypothesis import HealthCheck, Phase, given, seed as seeded, settings, target

from checks import corpus
from checks.counterexamples import counterexamples, describe
from checks.deadline import can_interrupt, within
from checks.example import Example, MalformedInput, decode
from checks.formats import FORMATS, Format
from checks.implementation import Implementation
from checks.layouts import relaid
from checks.loading import load, load_chapter
from checks.lowering import LoweringError
from checks.matrix import has_cell
from checks.oneline import one_line
from checks.outcomes import judge
from checks.pinned import large, pinned
from checks.strategies import examples
from checks.tally import Tally
from checks.thresholds import thresholds
from checks.traits import forms, is_deep, is_enumerable
from checks.unusable import Unusable
from checks.verdict import Cell, Result, Verdict
from checks.vocabulary import BUILT_IN
from theory.claim import REGISTRY, Claim, Standing
from theory.heads import Several


@dataclass(frozen=True)
class Profile:
    """How many examples a cell gets, and whether they are the same every time."""

    examples: int
    derandomize: bool


PROFILES = {
    "ci": Profile(examples=5, derandomize=True),
    "nightly": Profile(examples=100, derandomize=False),
    "dev": Profile(examples=6, derandomize=True),
}


# Seconds for one cell, which takes about one: after these a function is taken to loop for ever, and
# after three times as many on the clock to wait for something.
PATIENCE = 300.0


@dataclass(frozen=True)
class Task:
    """A cell to judge, in words that another process understands."""

    claim: str
    implementation: str  # a built-in name or the path of a file
    device: str
    format: str
    profile: str = "ci"
    seed: int | None = None
    chapter: str | None = None  # the path of a file of claims that is not in the book
    expected: Verdict | None = None  # by the ledger; anything else is looked at more closely
    events: Path | None = None  # where a training leaves its event files


def tasks(
    claims: Sequence[Claim],
    implementations: Sequence[tuple[str, Implementation]],
    formats: Sequence[str],
    profile: str = "ci",
    seed: int | None = None,
    chapter: str | None = None,
) -> list[Task]:
    """Every cell of the matrix; claims that use none of a user's functions are left out."""
    return [
        Task(claim.name, spec, implementation.device, fmt, profile, seed, chapter)
        for claim in claims
        for spec, implementation in implementations
        for fmt in formats
        if has_cell(claim, spec, fmt, implementation.device)
        and (implementation.answers_for is None or implementation.answers_for & claim.heads)
    ]


class WorkerDied(RuntimeError):
    """A process ended without a result; the message says over which cells."""


def run_all(work: Sequence[Task], jobs: int, on_result: Callable[[Result], None]) -> list[Result]:
    """Judge every task, several processes at a time, and return the results in order.

    Raises WorkerDied.
    """
    # One process is easier to debug and to interrupt; foreign code might end it, or its own worker.
    if jobs == 1 and {task.implementation for task in work} <= set(BUILT_IN):
        results = []
        for task in work:
            results.append(run_task(task))
            on_result(results[-1])
        return results
    found: dict[Task, Result] = {}

    def collect(group: Sequence[Task], results: Sequence[Result]) -> None:
        for task, result in zip(group, results, strict=True):
            found[task] = result
            on_result(result)

    in_processes(_run_group, _together(work), jobs, lambda group: group, collect)
    return [found[task] for task in work]


Piece = TypeVar("Piece")
Answer = TypeVar("Answer")


def in_processes(
    function: Callable[[Piece], Answer],
    pieces: Sequence[Piece],
    jobs: int,
    tasks_of: Callable[[Piece], Sequence[Task]],
    on_answer: Callable[[Piece, Answer], None],
) -> None:
    """Do some work piece by piece, several processes at a time, and tell each answer.

    Raises WorkerDied.
    """
    # A process that has touched CUDA cannot be forked.
    on_cuda = any(task.device == "cuda" for piece in pieces for task in tasks_of(piece))
    jobs = min(jobs, len(pieces))  # the pool starts them all at once
    pool = ProcessPoolExecutor(jobs, mp_context=get_context("spawn" if on_cuda else None))
    futures: dict[Future[Answer], Piece] = {}
    try:
        for piece in pieces:
            futures[pool.submit(function, piece)] = piece
        for future in as_completed(futures):
            on_answer(futures[future], future.result())
    except BrokenProcessPool as error:
        # They are begun in order, so that the one that died is among the first without answers.
        open_ = [piece for future, piece in futures.items() if future.exception()]
        suspects = dict.fromkeys(
            f"{task.claim} [{task.implementation} · {task.format}]"
            for piece in open_[:jobs]
            for task in tasks_of(piece)
        )
        raise WorkerDied(
            "a worker process died, as it does when an implementation crashes the interpreter or "
            f"memory runs out; it was judging {' or '.join(suspects)}"
        ) from error
    finally:  # interrupted, what waits in the queue is not started
        pool.shutdown(wait=False, cancel_futures=True)


def _together(work: Sequence[Task]) -> list[list[Task]]:
    """The tasks of one claim in one format next to each other: they share what is exact."""
    groups: dict[tuple[str, str], list[Task]] = {}
    for task in work:
        groups.setdefault((task.claim, task.format), []).append(task)
    return list(groups.values())


def _run_group(group: Sequence[Task]) -> list[Result]:
    return [run_task(task) for task in group]


def run_task(task: Task) -> Result:
    """Judge one cell."""
    with redirect_stdout(sys.stderr):  # what a function prints is no part of the report
        claim, implementation, fmt = resolve(task)
        profile = PROFILES[task.profile]

        def judged() -> Result:
            return check(claim, implementation, fmt, profile, task.seed, task.expected, task.events)

        started = time.perf_counter()
        cell = cell_of(claim, implementation, fmt)
        try:
            if claim.is_measured or not can_interrupt():  # experiments keep a budget of their own
                return judged()
            reason = f"no verdict within {PATIENCE:g} s, as where a function does not return"
            result = within(PATIENCE, judged, on_the_clock=3 * PATIENCE)
            return result or unfinished(cell, started, reason)
        except (Unusable, LoweringError):
            raise
        except Exception as error:
            reason = f"the check itself broke off with {one_line(error)}; this is Backproof's fault"
            return unfinished(cell, started, reason)


def unfinished(cell: Cell, started: float, reason: str) -> Result:
    """The result of a cell that was given up."""
    return Result(
        cell=cell,
        verdict=Verdict.UNDECIDED,
        coverage="not finished",
        samples=0,
        decided=0.0,
        slack_median=float("nan"),
        slack_largest=float("nan"),
        seconds=time.perf_counter() - started,
        reason=reason,
    )


def replay(task: Task, inputs: Mapping[str, Any]) -> Result:
    """Judge one cell on one written-down input. Raises MalformedInput."""
    claim, implementation, fmt = resolve(task)
    if claim.is_measured:
        from checks.experiments import judge as experiments

        return experiments.replay(claim, inputs)
    example = decode(inputs, fmt)
    if claim.is_statistical:
        from checks.statistics import check_mean

        return check_mean(claim, implementation, fmt, example=example)
    started = time.perf_counter()
    tally = Tally(claim, fmt)
    try:
        outcomes = judge(claim, implementation, fmt, example)
        tally.add(example, outcomes)
    except (KeyError, IndexError, ValueError) as error:
        raise MalformedInput(f"the inputs do not fit {claim.name}: {error}") from error
    verdict = outcomes.gravest
    counterexample = describe(claim, implementation, fmt, example, verdict)
    return tally.result(
        cell_of(claim, implementation, fmt), verdict, "replayed 1", started, counterexample, None
    )


def resolve(task: Task) -> tuple[Claim, Implementation, Format]:
    """What the words of a task stand for."""
    import theory.book  # noqa: F401  # enters the claims

    if task.chapter and task.claim not in REGISTRY:
        load_chapter(task.chapter)
    return REGISTRY[task.claim], load(task.implementation, task.device), FORMATS[task.format]


def check(
    claim: Claim,
    implementation: Implementation,
    fmt: Format,
    profile: Profile,
    seed: int | None = None,
    expected: Verdict | None = None,
    events: Path | None = None,
) -> Result:
    """Judge one claim on one implementation in one format."""
    if claim.is_timed:
        from checks import costs

        return costs.judge(claim, implementation, fmt, seed)
    if claim.is_measured:
        from checks.experiments import judge as experiments

        return experiments.judge(claim, seed or 0, events=events)
    if claim.is_statistical:
        from checks.statistics import check_mean

        return check_mean(claim, implementation, fmt, seed)
    started = time.perf_counter()
    tally = Tally(claim, fmt)
    for example in chain(
        corpus.examples(claim, fmt),
        pinned(claim, fmt),
        thresholds(claim, fmt, implementation),
    ):
        tally.add(example, judge(claim, implementation, fmt, example))
    count = profile.examples
    if not claim.variables:  # there is nothing to draw
        count = 1
    elif is_enumerable(claim, fmt):  # an example holds every value, and only parameters vary
        count = min(count, 12) if len(claim.variables) > 1 else 1
    elif is_deep(claim):
        count = max(count // 8, 4)
    elif "tensors" in forms(claim) and not claim.formula.atoms(Several):  # one cheap sample each
        count *= 4

    def look(example: Example) -> None:
        outcomes = judge(claim, implementation, fmt, example)
        tally.add(example, outcomes)
        if outcomes.evidence.slack.size and outcomes.evidence.decided.all():
            target(float(np.max(outcomes.evidence.slack)))

    _settings = settings(
        max_examples=count,
        derandomize=profile.derandomize and seed is None,
        database=None,
        deadline=None,
        phases=(Phase.generate, Phase.target),
        suppress_health_check=list(HealthCheck),
    )
    exploration = given(examples(claim, fmt))(_settings(look))
    if seed is not None:
        exploration = seeded(seed)(exploration)
    exploration()
    for example in chain(large(claim, fmt), relaid(claim, fmt, implementation)):
        tally.add(example, judge(claim, implementation, fmt, example))
    coverage = f"{'exhaustive' if is_enumerable(claim, fmt) else 'sampled'} {tally.samples}"
    return conclude(implementation, tally, coverage, started, expected)


def conclude(
    implementation: Implementation,
    tally: Tally,
    coverage: str,
    started: float,
    expected: Verdict | None,
) -> Result:
    """The result of a cell whose examples are all counted."""
    claim, fmt = tally.claim, tally.format
    verdict, reason = tally.gravest, ""
    if claim.standing is Standing.REFUTED and verdict is Verdict.HOLDS:
        verdict, reason = Verdict.UNDECIDED, "the counterexample was not found"
    if verdict is Verdict.UNDECIDED and not reason:
        reason = f"only {tally.decided:.0%} of the samples had a bound that says anything"
    smallest, worst = counterexamples(
        claim, implementation, fmt, tally, verdict, is_news=verdict is not expected
    )
    return tally.result(
        cell_of(claim, implementation, fmt), verdict, coverage, started, smallest, worst, reason
    )


def cell_of(claim: Claim, implementation: Implementation, fmt: Format) -> Cell:
    """The cell of a claim, by the names of what it is judged on."""
    return Cell(claim.name, implementation.name, fmt.name, implementation.device)

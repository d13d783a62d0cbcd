"""From a cell to its result: explore, tally, minimise, judge.

Hypothesis draws examples and is driven toward the largest slack by `target`. The first example with
the gravest verdict is shrunk by Hypothesis (structure) and `checks.minimise` (values). The same
examples are drawn for every implementation, so that their cells can be compared.
"""

import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import redirect_stdout
from dataclasses import dataclass
from itertools import chain
from multiprocessing import get_context
from typing import Any

import numpy as np
from hypothesis import HealthCheck, Phase, find, given, seed as seeded, settings, target

from checks import corpus
from checks.evidence import breaks
from checks.example import Example, MalformedInput, decode, encode
from checks.formats import FORMATS, Format
from checks.implementation import Implementation
from checks.implementations.ideal import IDEAL
from checks.loading import load, load_chapter
from checks.minimise import minimise
from checks.outcomes import PRECEDENCE, Outcomes, judge
from checks.strategies import examples, forms, is_deep, is_enumerable, pinned
from checks.verdict import Cell, Counterexample, Result, Verdict
from theory.claim import REGISTRY, Claim, Standing

# A cell says something when at least half of its samples could be decided.
DECIDED_SHARE = 0.5


@dataclass(frozen=True)
class Profile:
    """How many examples a cell gets, and whether they are the same every time."""

    examples: int
    derandomize: bool


PROFILES = {
    "ci": Profile(examples=30, derandomize=True),
    "nightly": Profile(examples=100, derandomize=False),
    "dev": Profile(examples=10, derandomize=True),
}


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
        if implementation.answers_for is None or implementation.answers_for & claim.heads
    ]


class WorkerDied(RuntimeError):
    """A process ended without a result; the message says over which cells."""


def run_all(work: Sequence[Task], jobs: int, on_result: Callable[[Result], None]) -> list[Result]:
    """Judge every task, several processes at a time, and return the results in order.

    Raises WorkerDied.
    """
    if jobs == 1:
        results = []
        for task in work:
            results.append(run_task(task))
            on_result(results[-1])
        return results
    found: dict[Task, Result] = {}
    # A process that has touched CUDA cannot be forked.
    start = "spawn" if any(task.device == "cuda" for task in work) else None
    jobs = min(jobs, len(work))  # the pool starts them all at once
    pool = ProcessPoolExecutor(jobs, mp_context=get_context(start))
    futures: dict[Future[Result], Task] = {}
    try:
        for task in work:
            futures[pool.submit(run_task, task)] = task
        for future in as_completed(futures):
            found[futures[future]] = future.result()
            on_result(found[futures[future]])
    except BrokenProcessPool as error:
        # Tasks are begun in order, so that the one that died is among the first without a result.
        open_ = [task for future, task in futures.items() if future.exception()]
        suspects = (
            f"{task.claim} [{task.implementation} · {task.format}]" for task in open_[:jobs]
        )
        raise WorkerDied(
            "a worker process died, as it does when an implementation crashes the interpreter or "
            f"memory runs out; it was judging {' or '.join(suspects)}"
        ) from error
    finally:  # interrupted, what waits in the queue is not started
        pool.shutdown(wait=False, cancel_futures=True)
    return [found[task] for task in work]


def run_task(task: Task) -> Result:
    """Judge one cell."""
    with redirect_stdout(sys.stderr):  # what a function prints is no part of the report
        claim, implementation, fmt = _resolve(task)
        return check(claim, implementation, fmt, PROFILES[task.profile], task.seed)


def replay(task: Task, inputs: Mapping[str, Any]) -> Result:
    """Judge one cell on one written-down input. Raises MalformedInput."""
    claim, implementation, fmt = _resolve(task)
    example = decode(inputs, fmt)
    if claim.is_statistical:
        from checks.statistics import check_mean

        return check_mean(claim, implementation, fmt, example=example)
    started = time.perf_counter()
    try:
        outcomes = judge(claim, implementation, fmt, example)
    except (KeyError, IndexError, ValueError) as error:
        raise MalformedInput(f"the inputs do not fit {claim.name}: {error}") from error
    tally = Tally(claim, fmt)
    tally.add(example, outcomes)
    verdict = outcomes.gravest
    counterexample = _describe(claim, implementation, fmt, example, verdict)
    return tally.result(
        _cell(claim, implementation, fmt), verdict, "replayed 1", started, counterexample, None
    )


def _resolve(task: Task) -> tuple[Claim, Implementation, Format]:
    import theory.book  # noqa: F401  # enters the claims

    if task.chapter and task.claim not in REGISTRY:
        load_chapter(task.chapter)
    return REGISTRY[task.claim], load(task.implementation, task.device), FORMATS[task.format]


class Tally:
    """What the examples of a cell have shown so far."""

    def __init__(self, claim: Claim, fmt: Format) -> None:
        self.claim = claim
        self.format = fmt
        self.counts = np.zeros(len(PRECEDENCE), dtype=np.int64)
        self.slack: list[Any] = []
        # One sample each, with its distance from the simplest values and its depth.
        self.first: dict[Verdict, tuple[tuple[float, int], Example]] = {}
        self.worst: dict[Verdict, tuple[float, Example]] = {}

    def add(self, example: Example, outcomes: Outcomes) -> None:
        """Count one example."""
        self.counts += np.bincount(outcomes.codes, minlength=len(PRECEDENCE))
        slack = outcomes.evidence.slack
        self.slack.append(slack if slack.size < 64 else np.quantile(slack, np.linspace(0, 1, 33)))
        for verdict in PRECEDENCE[:-1]:
            samples = outcomes.of(verdict)
            if len(samples):
                self.keep_simplest(verdict, example, samples)
                severity, sample = _worst(outcomes, samples)
                if severity > self.worst.get(verdict, (-1.0, example))[0]:
                    self.worst[verdict] = severity, example.sample(sample)

    def keep_simplest(self, verdict: Verdict, example: Example, samples: Any) -> None:
        """Keep the failing sample nearest to its domains' simplest values, then the shallowest."""
        sizes = np.zeros(example.samples)
        if example.samples > 1:
            for (name, _), values in example.arrays.items():
                simplest = self.format.nearest(
                    np.array([float(self.claim.variables[name].simplest)])
                )
                sizes += np.abs(values.astype(np.float64) - simplest.astype(np.float64))
        nearest = int(samples[np.argmin(sizes[samples])])
        depth = max((int(d) for d in _depths(self.claim, example)), default=0)
        size = float(sizes[nearest]), depth if is_deep(self.claim) else 0
        if verdict not in self.first or size < self.first[verdict][0]:
            self.first[verdict] = size, example.sample(nearest)

    @property
    def samples(self) -> int:
        """How many samples were judged."""
        return int(self.counts.sum())

    @property
    def decided(self) -> float:
        """The share of samples whose bounds say something."""
        undecided = self.counts[PRECEDENCE.index(Verdict.UNDECIDED)]
        return 1.0 - float(undecided) / max(self.samples, 1)

    @property
    def gravest(self) -> Verdict:
        """The verdict of the cell, before its claim's standing is considered."""
        for verdict, count in zip(PRECEDENCE, self.counts, strict=True):
            if count and verdict not in {Verdict.UNDECIDED, Verdict.HOLDS}:
                return verdict
        return Verdict.HOLDS if self.decided >= DECIDED_SHARE else Verdict.UNDECIDED

    def result(
        self,
        cell: Cell,
        verdict: Verdict,
        coverage: str,
        started: float,
        smallest: Counterexample | None,
        worst: Counterexample | None,
        reason: str = "",
    ) -> Result:
        """The judged cell."""
        slack = np.concatenate(self.slack) if self.slack else np.zeros(0)
        return Result(
            cell=cell,
            verdict=verdict,
            coverage=coverage,
            samples=self.samples,
            decided=self.decided,
            slack_median=float(np.median(slack)) if slack.size else float("nan"),
            slack_largest=float(slack.max()) if slack.size else float("nan"),
            seconds=time.perf_counter() - started,
            smallest=smallest,
            worst=worst,
            reason=reason,
        )


def _depths(claim: Claim, example: Example) -> Iterator[Any]:
    return (v for n, v in example.numbers.items() if claim.variables[n].form == "depth")


def _worst(outcomes: Outcomes, samples: Any) -> tuple[float, int]:
    faults = {fault.sample: fault.severity for fault in outcomes.evidence.faults}
    severities = [np.nan_to_num(faults.get(int(s), 0.0), posinf=1e300) for s in samples]
    at = int(np.argmax(severities))
    return float(severities[at]), int(samples[at])


def check(
    claim: Claim,
    implementation: Implementation,
    fmt: Format,
    profile: Profile,
    seed: int | None = None,
) -> Result:
    """Judge one claim on one implementation in one format."""
    if claim.is_statistical:
        from checks.statistics import check_mean

        return check_mean(claim, implementation, fmt, seed)
    started = time.perf_counter()
    tally = Tally(claim, fmt)
    for example in chain(corpus.examples(claim, fmt), pinned(claim, fmt)):
        tally.add(example, judge(claim, implementation, fmt, example))
    count = profile.examples
    if is_enumerable(claim, fmt):  # an example holds every value, and only parameters vary
        count = min(count, 12) if len(claim.variables) > 1 else 1

    elif is_deep(claim):
        count = max(count // 8, 4)
    elif "tensors" in forms(claim):  # one small sample an example, and cheap
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
    verdict, reason = tally.gravest, ""
    if claim.standing is Standing.REFUTED and verdict is Verdict.HOLDS:
        verdict, reason = Verdict.UNDECIDED, "the counterexample was not found"
    if verdict is Verdict.UNDECIDED and not reason:
        reason = f"only {tally.decided:.0%} of the samples had a bound that says anything"
    smallest, worst = _counterexamples(claim, implementation, fmt, tally, verdict)
    coverage = f"{'exhaustive' if is_enumerable(claim, fmt) else 'sampled'} {tally.samples}"
    return tally.result(
        _cell(claim, implementation, fmt), verdict, coverage, started, smallest, worst, reason
    )


def _counterexamples(
    claim: Claim, implementation: Implementation, fmt: Format, tally: Tally, verdict: Verdict
) -> tuple[Counterexample | None, Counterexample | None]:
    if verdict not in tally.first or verdict is Verdict.UNDECIDED:
        return None, None

    def fails(example: Example) -> Any:
        outcomes = judge(claim, implementation, fmt, example)
        return outcomes.codes == PRECEDENCE.index(verdict)

    first = tally.first[verdict][1]
    if verdict is Verdict.FALSE:  # the claim names its own counterexample
        smallest = first
    elif is_deep(claim):  # there is no structure but the depth, which is halved until it holds
        smallest = minimise(claim, fmt, first, _quick(claim, implementation, fmt, verdict, fails))
    else:
        smallest = minimise(claim, fmt, _shrunk(claim, fmt, first, fails), fails)
    described = _describe(claim, implementation, fmt, smallest, verdict)
    if verdict is not Verdict.DEFECT:  # a limit has a first input and no worst one
        return described, None
    worst = tally.worst[verdict][1]
    return described, _describe(claim, implementation, fmt, worst, verdict)


def _quick(
    claim: Claim, implementation: Implementation, fmt: Format, verdict: Verdict, fails: Any
) -> Callable[[Example], Any]:
    """For a format's limit it is enough that both runs break the relation; no enclosures needed."""
    if verdict is not Verdict.FORMAT_LIMIT:
        return fails

    def both_break(example: Example) -> Any:
        broken = breaks(claim, implementation, fmt, example)
        if implementation.library == "ideal":
            return broken
        return broken & breaks(claim, IDEAL, fmt, example)

    return both_break


def _shrunk(
    claim: Claim, fmt: Format, example: Example, fails: Callable[[Example], Any]
) -> Example:
    """The simplest structure that Hypothesis finds to fail alike, or the example as it is."""
    from hypothesis.errors import NoSuchExample

    quiet = settings(
        max_examples=30,
        derandomize=True,
        database=None,
        deadline=None,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )
    drawn = examples(claim, fmt, enumerated=False)
    try:
        simple = find(drawn, lambda example: bool(fails(example).any()), settings=quiet)
    except NoSuchExample:
        return example
    return simple.sample(int(np.flatnonzero(fails(simple))[0]))


def _describe(
    claim: Claim,
    implementation: Implementation,
    fmt: Format,
    example: Example,
    verdict: Verdict,
) -> Counterexample:
    outcomes = judge(claim, implementation, fmt, example)
    evidence = outcomes.evidence
    fault = evidence.faults[0] if evidence.faults else None
    left, right = float(evidence.left[0]), float(evidence.right[0])
    if fault and fault.what:
        message = f"{fault.operation} {fault.what}"
    elif fault:
        message = (
            f"{fault.operation} delivered {fault.got!r}, exact {fault.expected!r}: "
            f"gap {fault.gap:.2g} > bound {fault.bound:.2g}"
        )
    else:
        message = f"left {left!r}, right {right!r}"
    if outcomes.gravest is not verdict:
        message = (
            f"{verdict.name} once, and {outcomes.gravest.name} when the same input was run again: "
            "what is delivered depends on more than the input"
        )
    return Counterexample(
        inputs=encode(example),
        operation=fault.operation if fault else "",
        left=fault.got if fault else left,
        right=fault.expected if fault else right,
        gap=fault.gap if fault else abs(left - right),
        bound=fault.bound if fault else float(evidence.bound[0]),
        message=message,
    )


def _cell(claim: Claim, implementation: Implementation, fmt: Format) -> Cell:
    return Cell(claim.name, implementation.name, fmt.name, implementation.device)

"""What the examples of a cell have shown so far."""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from checks.example import Example
from checks.formats import Format
from checks.outcomes import Outcomes
from checks.traits import is_deep
from checks.verdict import PRECEDENCE, Cell, Counterexample, Result, Verdict
from theory.claim import Claim, Standing

# A cell says something when at least half of its samples could be decided.
DECIDED_SHARE = 0.5


# Samples around a failing one that go from process to process with it.
NEIGHBOURS = 512


@dataclass(frozen=True)
class Found:
    """What the examples of a part of a cell have shown, for the tally of the whole."""

    counts: Any
    slack: Any
    first: Mapping[Verdict, tuple[tuple[float, int], Example, int]]
    worst: Mapping[Verdict, tuple[float, Example]]


class Tally:
    """What the examples of a cell have shown so far."""

    def __init__(self, claim: Claim, fmt: Format) -> None:
        self.claim = claim
        self.format = fmt
        self.counts = np.zeros(len(PRECEDENCE), dtype=np.int64)
        self.slack: list[Any] = []
        # One sample each, with its distance from the simplest values and its depth; and the example
        # that it stood in, as what a function delivers may depend on what stands beside it.
        self.first: dict[Verdict, tuple[tuple[float, int], Example, int]] = {}
        self.worst: dict[Verdict, tuple[float, Example]] = {}

    def add(self, example: Example, outcomes: Outcomes) -> None:
        """Count one example."""
        self.counts += np.bincount(outcomes.codes, minlength=len(PRECEDENCE))
        self.slack.append(_thinned(outcomes.evidence.slack))
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
                with np.errstate(over="ignore"):  # the largest float64 are as far as can be
                    sizes += np.abs(values.astype(np.float64) - simplest.astype(np.float64))
        nearest = int(samples[np.argmin(sizes[samples])])
        depth = max((int(d) for d in _depths(self.claim, example)), default=0)
        size = float(sizes[nearest]), depth if is_deep(self.claim) else 0
        if verdict not in self.first or size < self.first[verdict][0]:
            self.first[verdict] = size, example, nearest

    @property
    def found(self) -> Found:
        """What the tally of another process needs, without the rest of large examples."""
        first = {}
        for verdict, (size, example, at) in self.first.items():
            begin = max(0, at - NEIGHBOURS)
            first[verdict] = size, example.part(begin, at + NEIGHBOURS), at - begin
        slack = np.concatenate([np.zeros(0), *self.slack])
        return Found(self.counts, _thinned(slack), first, dict(self.worst))

    def include(self, found: Found) -> None:
        """Count what was found elsewhere."""
        self.counts += found.counts
        self.slack.append(found.slack)
        for verdict, sample in found.first.items():
            if verdict not in self.first or sample[0] < self.first[verdict][0]:
                self.first[verdict] = sample
        for verdict, (severity, example) in found.worst.items():
            if severity > self.worst.get(verdict, (-1.0, example))[0]:
                self.worst[verdict] = severity, example

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
        """The verdict of the cell: of a refuted claim's limits nobody asks once it is refuted."""
        found = dict(zip(PRECEDENCE, self.counts, strict=True))
        if self.claim.standing is Standing.REFUTED and found[Verdict.FALSE]:
            return Verdict.DEFECT if found[Verdict.DEFECT] else Verdict.FALSE
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


def _thinned(slack: Any) -> Any:
    """The same distribution in 33 numbers, where there are many more."""
    return slack if slack.size < 64 else np.quantile(slack, np.linspace(0, 1, 33))


def _depths(claim: Claim, example: Example) -> Iterator[Any]:
    return (v for n, v in example.numbers.items() if claim.variables[n].form == "depth")


def _worst(outcomes: Outcomes, samples: Any) -> tuple[float, int]:
    severities = np.nan_to_num(outcomes.evidence.severities[samples], posinf=1e300)
    at = int(np.argmax(severities))
    return float(severities[at]), int(samples[at])

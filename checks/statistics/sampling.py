"""The mean of a statistic over as many draws as its law needs, and how far rounding moves it.

What is averaged are the numbers that the implementation stored. Over the reals the statistic is
that of the weights before they were rounded into the format, which is computed too: the difference
of the two means is what rounding did. It counts as rounding only as far as the enclosures of all
operations allow; what goes beyond is left in the mean, where the law of the draws judges it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np

from checks import readings
from checks.contract import Contract
from checks.enclosures import Arithmetic, Ball, gamma
from checks.evidence import inspect
from checks.example import Example
from checks.formats import FLOAT64, Format
from checks.implementation import Implementation, Misbehaviour
from checks.implementations.ideal import IdealMachine
from checks.lowering import lower
from checks.machines import machine
from checks.operations import function_of, is_drawn
from checks.program import Program
from checks.rules import Exact
from checks.rules.initializers import ROUNDINGS, format_of
from checks.statement import evaluate
from checks.statistics.table import Mean, means
from checks.tracing import Arrays, Trace, run
from theory.claim import Claim

# How many of a million independent numbers are judged one by one, in multiprecision for float64.
INSPECTED = 512


@dataclass(frozen=True)
class Estimate:
    """What the mean of so many draws leaves of an expectation: an interval, rounding included."""

    mean: float
    draws: int
    low: float
    high: float
    rounding: float

    @property
    def ball(self) -> Ball:
        """The interval."""
        half = (self.high - self.low) / 2
        return Ball(np.array(self.low + half), np.array(half))

    def agrees(self, other: "Estimate") -> bool:
        """Whether both may be about the same expectation."""
        return self.low <= other.high and other.low <= self.high


@dataclass(frozen=True)
class Sample:
    """The estimates of a program's expectations, by node, and both sides of its relation."""

    program: Program
    estimates: Mapping[int, Estimate]
    left: Ball
    right: Ball


class _InDoubles(Contract):
    """A contract whose balls have doubles as midpoints, in float64 too; wider, and quick."""

    @property
    def arithmetic(self) -> Arithmetic:
        return Arithmetic.of(self.working, wide=False, flushes=self.flushes)


def sample(
    claim: Claim, implementation: Implementation, fmt: Format, example: Example, false_alarm: float
) -> Sample:
    """Run a claim's network until every mean shows its effect. Raises Misbehaviour.

    `false_alarm` is shared by the expectations.
    """
    runs = _Runs(claim, implementation, fmt, example)
    share = false_alarm / len(runs.means)
    runs.repeat(share)
    estimates = {mean.node: runs.estimate(mean, share) for mean in runs.means}
    known = {node: estimate.ball for node, estimate in estimates.items()}
    left, right = runs.sides(known)
    return Sample(runs.program, estimates, left, right)


class _Runs:
    """The runs of one example, one for each seed, and what they add up to."""

    def __init__(
        self, claim: Claim, implementation: Implementation, fmt: Format, example: Example
    ) -> None:
        self.claim, self.implementation, self.format, self.example = (
            claim,
            implementation,
            fmt,
            example,
        )
        self.strict = Contract.of(implementation, fmt)
        self.contract = _InDoubles(**vars(self.strict))
        self.exactly = Arithmetic.exact(wide=False)
        forms = {symbol.form: name for name, symbol in claim.variables.items()}
        self.seed, self.draws = forms.get("seed"), forms.get("draws")
        self.first = int(example.numbers[self.seed or self.draws])  # type: ignore[index,arg-type]  # a Fraction
        # What is drawn by the checker is an array; its number in the example is its own seed.
        numbers = {k: v for k, v in example.numbers.items() if k != self.draws}
        self.program = lower(claim, numbers)
        self.means: list[Mean] = means(claim, self.program)
        self.counts = dict.fromkeys((mean.node for mean in self.means), 0)
        # Of the statistic as it was stored, over the reals, and of its enclosure the midpoint, the
        # radius, and the rounding of the first two themselves.
        self.sums = {node: np.zeros(5) for node in self.counts}
        self.runs = 0

    # -- one run ------------------------------------------------------------------------------

    def _seeded(self, seed: int) -> Program:
        """The program with another seed, which is the last argument of everything that draws."""
        network = (
            replace(node, arguments=(*node.arguments[:-1], Fraction(seed)))
            if is_drawn(node.operation)
            else node
            for node in self.program.network
        )
        return replace(self.program, network=tuple(network))

    def _run(self, program: Program, arrays: Arrays) -> Trace:
        prepared = machine(self.implementation, self.format)
        if isinstance(prepared, IdealMachine):
            # Correct to the last bit but one is enough here, and multiprecision takes minutes.
            prepared.exact = Exact(self.exactly)
        return run(program, prepared, arrays)

    def _normals(self, count: int) -> tuple[Arrays, Any]:
        """Standard normals, rounded, and before they were."""
        if not self.draws:
            return self.example.arrays, None
        exact = np.random.default_rng(self.first).normal(size=count)
        key = self.draws, 0
        return {**self.example.arrays, key: self.format.nearest(exact)}, exact

    def _drawn(self, program: Program, trace: Trace, exact: Any) -> dict[int, Ball]:
        """Balls that hold what was drawn, before it was rounded into the format."""
        found = {}
        for index, node in enumerate(program.network):
            if is_drawn(node.operation):
                found[index] = self._weight(program, index, trace.values[index])
            elif node.key and node.key[0] == self.draws:
                found[index] = self.exactly.point(exact)
        return found

    def _weight(self, program: Program, index: int, stored: Any) -> Ball:
        """A weight as the function delivers it, whatever format it is stored in afterwards."""
        operation = function_of(program.network[index].operation)
        function = machine(self.implementation, FLOAT64)
        weight = function.save(function.forward(program, index, program.network[index].arguments))
        if not np.isfinite(weight).all():
            raise Misbehaviour(operation, "drew a weight that is not finite")
        # A conversion from float64 to bfloat16 by way of float32 rounds twice.
        if (np.abs(weight - stored) > self.format.ulp(np.abs(weight))).any():
            raise Misbehaviour(operation, "drew other weights from the same seed a second time")
        # The scaling of what the generator delivers, and the generator's own grid.
        unit, size = format_of(weight).unit_roundoff, np.abs(weight)
        return Ball(weight, gamma(ROUNDINGS, unit) * size + unit * size.max(initial=0.0))

    # -- all runs -----------------------------------------------------------------------------

    def repeat(self, false_alarm: float) -> None:
        """Run until every mean has its draws."""
        needed = {mean.node: mean.law.draws_needed(false_alarm) for mean in self.means}
        arrays, exact = self._normals(max(needed.values()))
        self._inspect(arrays)
        while any(self.counts[node] < count for node, count in needed.items()):
            program = self._seeded(self.first + self.runs)
            trace = self._run(program, arrays)
            self._add(program, arrays, trace, exact)
            self.last = program, arrays, trace

    def _inspect(self, arrays: Arrays) -> None:
        """Refuse what falls out of its enclosure, and a seed that decides nothing."""
        if self.draws:
            key = self.draws, 0
            arrays = {**arrays, key: arrays[key][:INSPECTED]}
        trace = self._run(self.program, arrays)
        for fault in inspect(self.program, self.strict, Example({}, arrays), trace)[:1]:
            raise Misbehaviour(
                fault.operation,
                f"delivered {fault.got:.6g}, expected {fault.expected:.6g}: gap {fault.gap:.2g} > "
                f"bound {fault.bound:.2g}",
            )
        if self.seed:
            other = self._run(self._seeded(self.first + 1), arrays)
            for index, node in enumerate(self.program.network):
                if is_drawn(node.operation) and np.array_equal(
                    trace.values[index], other.values[index]
                ):
                    raise Misbehaviour(
                        function_of(node.operation),
                        f"drew the same weights from seeds {self.first} and {self.first + 1}",
                    )

    def _refuse_impossible(self, program: Program, drawn: Mapping[int, Ball]) -> None:
        """Refuse weights that lie where the head cannot draw them."""
        for index, ball in drawn.items():
            node = program.network[index]
            if node.operation == "input":
                continue
            if not readings.drawn(self.contract, node, ball).contains(ball.mid).all():
                raise Misbehaviour(function_of(node.operation), "drew a weight that no draw can be")

    def _add(self, program: Program, arrays: Arrays, trace: Trace, exact: Any) -> None:
        drawn = self._drawn(program, trace, exact)
        self._refuse_impossible(program, drawn)
        stored = {index: self.exactly.point(trace.values[index]) for index in drawn}
        seen, true, enclosed = (
            evaluate(program, self.exactly, reading, arrays, self.format)
            for reading in (
                readings.observed(program, self.exactly, trace),
                readings.exact(program, self.exactly, arrays, trace, drawn),
                readings.propagated(program, self.contract, arrays, trace, stored),
            )
        )
        self.runs += 1
        for mean in self.means:
            here, there, around = (values[mean.node] for values in (seen, true, enclosed))
            self.sums[mean.node] += [
                here.center,
                there.center,
                around.center,
                around.rad,
                here.rad + there.rad,
            ]
            self.counts[mean.node] += 1 if mean.entries is None else seen[mean.entries].mid.size

    # -- what they say ------------------------------------------------------------------------

    def estimate(self, mean: Mean, false_alarm: float) -> Estimate:
        """The interval of one expectation."""
        draws = self.counts[mean.node]
        seen, true, around, radius, error = self.sums[mean.node] / self.runs
        # Of what was stored in place of what was drawn, no more than honest operations can explain.
        rounding = min(abs(seen - true), abs(around - true) + radius) + error
        low, _ = mean.law.interval(seen - rounding, draws, false_alarm)
        _, high = mean.law.interval(seen + rounding, draws, false_alarm)
        return Estimate(seen, draws, low, high, rounding)

    def sides(self, known: Mapping[int, Ball]) -> tuple[Ball, Ball]:
        """Both sides of the relation with every expectation known."""
        program, arrays, trace = self.last
        reading = readings.observed(program, self.exactly, trace)
        values = evaluate(program, self.exactly, reading, arrays, self.format, known)
        return values[program.left], values[program.right]

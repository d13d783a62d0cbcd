"""What one example shows: for every sample, what is exact, what was run, and who is at fault.

A claim whose arrays are all entries has as many samples as it has entries; any other has one. The
flags below are arrays over the samples.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from checks import readings, reference
from checks.contract import Contract
from checks.enclosures import Ball
from checks.example import Example
from checks.formats import Format
from checks.implementation import Implementation, Misbehaviour
from checks.lists import entered, mapped
from checks.lowering import lower
from checks.machines import machine
from checks.operations import function_of, head_of, is_drawn
from checks.program import Program, Relation
from checks.statement import sides, terms
from checks.tracing import Trace, run
from theory.claim import Claim
from theory.heads.kinds import Elementwise

Flags = NDArray[np.bool_]


# Infinities and NaNs are data here: they are compared, reported and judged, never warned about.
_QUIET = np.errstate(all="ignore")


@dataclass(frozen=True)
class Fault:
    """A stored number that lies outside its enclosure, or a function that misbehaved."""

    operation: str  # the function that is wrong: "sigmoid", "the backward pass of linear"
    sample: int
    got: float
    expected: float
    gap: float
    bound: float
    what: str = ""  # how a function misbehaved, where it delivered no number to judge
    planted: float | None = None  # the NaN or infinity that was put in the input's place
    of: str = ""  # the argument whose gradient it is
    given: float | None = None  # the gradient that it was computed from, where this is one number


@dataclass(frozen=True)
class Faults:
    """The faults of one operation in an array, which may be thousands, column by column."""

    operation: str
    samples: NDArray[np.intp]
    got: NDArray[np.float64]
    expected: NDArray[np.float64]
    gaps: NDArray[np.float64]
    bounds: NDArray[np.float64]
    what: Callable[[int], str] = lambda sample: ""
    planted: NDArray[np.float64] | None = None
    of: str = ""
    given: NDArray[np.float64] | None = None

    def __iter__(self) -> Iterator[Fault]:
        none = [None] * len(self.samples)
        maybe = (none if one is None else one.tolist() for one in (self.planted, self.given))
        columns = (self.samples, self.got, self.expected, self.gaps, self.bounds)
        rows = zip(*(column.tolist() for column in columns), *maybe, strict=True)
        for sample, got, expected, gap, bound, put, given in rows:
            what = self.what(sample)
            yield Fault(
                self.operation, sample, got, expected, gap, bound, what, put, self.of, given
            )


@dataclass(frozen=True)
class Evidence:
    """The flags of one example; `gap` and `bound` are those of the relation's two sides."""

    samples: int
    false: Flags  # the relation does not hold over the reals
    outside: Flags  # some stored number lies outside its enclosure
    broken: Flags  # the run breaks the relation
    lost: Flags  # the run delivered an infinity or NaN where the exact value is finite
    decided: Flags  # the bounds are narrow enough to say anything
    found: tuple[Faults, ...]
    slack: NDArray[np.float64]  # observed error ÷ bound, wherever there is a bound
    left: NDArray[np.float64]
    right: NDArray[np.float64]
    bound: NDArray[np.float64]

    @property
    def faults(self) -> tuple[Fault, ...]:
        """All faults, one by one."""
        return tuple(chain.from_iterable(self.found))

    @property
    def first_fault(self) -> Fault | None:
        """One of them, where there are any."""
        return next(chain.from_iterable(self.found), None)

    @property
    @_QUIET
    def severities(self) -> NDArray[np.float64]:
        """How many bounds each sample is away; infinite where it has no bound."""
        severities = np.zeros(self.samples)
        for faults in self.found:
            ratio = np.where(faults.bounds != 0, faults.gaps / faults.bounds, np.inf)
            severities[faults.samples] = ratio
        return severities


@_QUIET
def gather(claim: Claim, implementation: Implementation, fmt: Format, example: Example) -> Evidence:
    """Run one example and compare it with its exact and enclosing readings."""
    program = lower(claim, example.numbers)
    contract = Contract.of(implementation, fmt)
    try:
        trace = run(program, machine(implementation, fmt), example.arrays)
    except Misbehaviour as error:
        return misbehaved(example.samples, error, _culprit(program, implementation, fmt, example))
    faults, slack, unbounded = _inspect(program, contract, example, trace)
    own, foreign = _by_owner(faults, implementation)
    true = _true_sides(program, contract, example, trace, fmt)
    seen = _sides(program, contract, readings.observed, example, trace, fmt)
    judge = _Judge(program, contract, example, trace, fmt)
    broken, decided, bound = judge.compare(true, seen)
    lost = _by_sample(_lost(*true, *seen), example.samples)
    false = _by_sample(_refuted(program.relation, *true), example.samples)
    outside, elsewhere = (_samples_of(some, example.samples) for some in (own, foreign))
    # Where a function that is not the file's own is wrong, it may be what takes the sides apart.
    unexplained = broken & ~false & ~lost & ~outside & ~elsewhere
    if program.relation is Relation.EQUAL:
        # Both sides round away from one exact value: further apart, one of them is wrong. Where
        # one is infinite, the format or the reference itself has overflowed.
        infinite = _by_sample(~np.isfinite(_difference(*seen)), example.samples)
        apart = unexplained & ~infinite
        if apart.any():
            own.append(_apart_faults(np.flatnonzero(apart), seen, bound))
        outside |= apart
    if program.relation is Relation.IDENTICAL:
        if unexplained.any():
            own.append(_bits_faults(np.flatnonzero(unexplained), program, trace))
        outside |= unexplained
    if program.relation is not Relation.IFF:
        decided = decided & ~unbounded
    count = example.samples
    left, right = _worst(program.relation, *seen, count)
    return Evidence(
        samples=count,
        false=false,
        outside=outside,
        broken=broken | lost if program.relation is not Relation.IFF else broken,
        lost=lost,
        decided=decided,
        found=tuple(own),
        slack=slack,
        left=left,
        right=right,
        bound=bound,
    )


@_QUIET
def breaks(claim: Claim, implementation: Implementation, fmt: Format, example: Example) -> Flags:
    """On which samples an implementation breaks the relation, without asking why."""
    program = lower(claim, example.numbers)
    if program.relation is Relation.EQUAL:  # whose slack is made of enclosures
        return gather(claim, implementation, fmt, example).broken
    contract = Contract.of(implementation, fmt)
    trace = run(program, machine(implementation, fmt), example.arrays)
    if program.relation is Relation.IDENTICAL:
        return _by_sample(_other_bits(program, trace), example.samples)
    seen = _sides(program, contract, readings.observed, example, trace, fmt)
    broken = _breaks(program.relation, *seen)
    if program.relation is not Relation.IFF:
        broken = broken | ~np.isfinite(seen[0].center) | ~np.isfinite(seen[1].center)
    return _by_sample(broken, example.samples)


def _by_owner(
    found: list[Faults], implementation: Implementation
) -> tuple[list[Faults], list[Faults]]:
    """Faults of functions that an implementation is judged on, and of those that it borrows."""
    own: list[Faults] = []
    foreign: list[Faults] = []
    for faults in found:
        # Where gradients meet, each function that sent one is named, and one's own is enough.
        judged = any(map(implementation.is_judged_on, faults.operation.split()))
        (own if judged else foreign).append(faults)
    return own, foreign


def _samples_of(found: list[Faults], count: int) -> Flags:
    flags = np.zeros(count, dtype=bool)
    for faults in found:
        flags[faults.samples] = True
    return flags


def inspect(program: Program, contract: Contract, example: Example, trace: Trace) -> list[Fault]:
    """Every stored number of a trace that lies outside its enclosure."""
    return list(chain.from_iterable(_inspect(program, contract, example, trace)[0]))


# -- local inspection -----------------------------------------------------------------------------


def _inspect(
    program: Program, contract: Contract, example: Example, trace: Trace
) -> tuple[list[Faults], NDArray[np.float64], Flags]:
    """Every operation of both passes against its enclosure on the numbers that it was given."""
    count = example.samples
    faults: list[Faults] = []
    slack: list[NDArray[np.float64]] = []
    unbounded = np.zeros(count, dtype=bool)
    enclosed = _enclosed(program, contract, trace)
    if trace.strayed:
        enclosed = chain(enclosed, _derivatives(program, contract, example, trace))
    for one in enclosed:
        ball, values = one.ball, np.asarray(one.stored, dtype=np.float64)
        distance = ball.distance(values)
        inside = ball.reaches(distance)
        unbounded |= _by_sample(np.isposinf(ball.rad), count)
        with np.errstate(all="ignore"):
            ratio = distance / ball.rad
        slack.append(np.ravel(ratio[(ball.rad > 0) & np.isfinite(ball.rad) & inside]))
        if not inside.all():
            faults.append(_faults(one, values, distance, inside, count))
    return faults, np.concatenate(slack) if slack else np.zeros(0), unbounded


@dataclass(frozen=True)
class _Enclosed:
    """An array as it was stored, or a list of them, and the balls that it should lie in."""

    operation: str
    ball: Any
    stored: Any
    of: str = ""  # the argument whose gradient it is
    given: Any = None  # the gradient that it was computed from, entry by entry


def _enclosed(program: Program, contract: Contract, trace: Trace) -> Iterator[_Enclosed]:
    ar = contract.arithmetic
    stored = {index: readings.points(ar, value) for index, value in trace.values.items()}

    def operands(index: int) -> list[Any]:
        node = program.network[index]
        return [stored[a] if isinstance(a, int) else a for a in node.arguments]

    for index, node in enumerate(program.network):
        if node.operation == "input":
            continue
        if is_drawn(node.operation):
            balls = readings.drawn(contract, node, stored[index])
        else:
            balls = contract.forward(node.operation, *operands(index))
        yield from _parts(_Enclosed(function_of(node.operation), balls, trace.values[index]))
    for pullback in trace.pullbacks:
        reached = set(pullback.gradients)
        if trace.strayed & reached:
            continue  # the branch was evaluated apart; see _derivatives
        arriving: dict[int, _Enclosed] = {}
        for index in sorted(reached, reverse=True):
            node = program.network[index]
            if not node.parents:
                continue
            grad = readings.points(ar, pullback.gradients[index])
            parts = contract.backward(node.operation, *operands(index), stored[index], grad)
            function, head = function_of(node.operation), head_of(node.operation)
            given = pullback.gradients[index] if head and issubclass(head, Elementwise) else None
            for place, (parent, part) in enumerate(zip(node.arguments, parts, strict=False)):
                if isinstance(parent, int) and parent in reached and part is not None:
                    name, kept = f"the backward pass of {function}", pullback.gradients[parent]
                    others = arriving.get(parent)
                    if others is None:
                        of = head.parameters[place] if head else ""
                        arriving[parent] = _Enclosed(name, part, kept, of, given)
                    else:  # several consumers: their gradients are added, in any order
                        if others.operation != name:
                            name = f"{others.operation} or of {function}"
                        together = mapped(contract.added, others.ball, part)
                        arriving[parent] = _Enclosed(name, together, kept)
        for one in arriving.values():
            yield from _parts(one)


def _derivatives(
    program: Program, contract: Contract, example: Example, trace: Trace
) -> Iterator[_Enclosed]:
    """Every derivative as a whole against its enclosure on the stored forward values.

    For residuals that called their branch on a copy of x: gradients then passed through nodes that
    the trace does not hold, and cannot be judged one operation at a time.
    """
    reading = readings.anchored(program, contract, example.arrays, trace)
    for node in program.derivatives:
        balls, stored = reading.derivatives[node], trace.derivatives[node]
        yield from _parts(_Enclosed("the backward pass of residual", balls, stored))


def _parts(one: _Enclosed) -> Iterator[_Enclosed]:
    """An array and its enclosure, or those of every part of a list."""
    for ball, stored in zip(entered(one.ball), entered(one.stored), strict=True):
        yield replace(one, ball=ball, stored=stored)


def _faults(one: _Enclosed, values: Any, distance: Any, inside: Any, count: int) -> Faults:
    """One fault a sample: its entry that lies furthest outside."""
    ball = one.ball
    center, (values, distance, rad, outside) = (
        ball.center,
        np.broadcast_arrays(values, distance, ball.rad, ~inside),
    )
    center = np.broadcast_to(center, rad.shape)
    indices = np.flatnonzero(outside.ravel())
    bulk = count > 1 and rad.size == count
    excess = np.nan_to_num(distance.ravel() - rad.ravel(), nan=np.inf)
    chosen = indices if bulk else indices[[np.argmax(excess[indices])]]
    columns = values, center, distance, rad
    got, expected, gaps, bounds = (np.ravel(column)[chosen] for column in columns)
    samples = chosen if bulk else np.zeros(1, np.intp)
    given = None if one.given is None else np.ravel(one.given).astype(np.float64)[chosen]
    return Faults(one.operation, samples, got, expected, gaps, bounds, of=one.of, given=given)


def _apart_faults(samples: NDArray[np.intp], seen: tuple[Ball, Ball], bound: Any) -> Faults:
    gap = np.abs(_difference(*seen)).ravel()
    at = samples if bound.size > 1 else np.argmax(gap, keepdims=True)
    left, right = (np.broadcast_to(side.center, seen[0].shape).ravel()[at] for side in seen)
    return Faults("the two sides", samples, left, right, gap[at], bound[samples])


def _bits_faults(samples: NDArray[np.intp], program: Program, trace: Trace) -> Faults:
    differ = _other_bits(program, trace).ravel()
    at = np.where(differ[samples], samples, np.argmax(differ))
    left, right = (side.ravel()[at].astype(np.float64) for side in _stored_sides(program, trace))

    def what(sample: int) -> str:
        row = np.searchsorted(samples, sample)
        return f"are stored as different bits, {float(left[row])!r} and {float(right[row])!r}"

    gaps = np.abs(left - right)
    return Faults("the two sides", samples, left, right, gaps, np.zeros(len(at)), what)


# -- the relation ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Judge:
    program: Program
    contract: Contract
    example: Example
    trace: Trace
    fmt: Format

    def compare(
        self, true: tuple[Ball, Ball], seen: tuple[Ball, Ball]
    ) -> tuple[Flags, Flags, NDArray[np.float64]]:
        """Which samples the run breaks, which the bounds decide, and the bound on the gap."""
        relation, count = self.program.relation, self.example.samples
        if relation is Relation.IDENTICAL:
            broken = _by_sample(_other_bits(self.program, self.trace), count)
            return broken, np.ones(count, bool), np.zeros(count)
        if relation is not Relation.EQUAL:
            broken = _by_sample(_breaks(relation, *seen), count)
            return broken, np.ones(count, bool), np.zeros(count)
        gap = np.abs(_difference(*seen))
        apart, bound = self._apart(readings.anchored, gap)
        if apart.any():
            further, wider = self._apart(readings.propagated, gap)
            bound = np.where(apart, np.maximum(bound, wider), bound)
            apart = apart & further
        says = self._says(bound, true)
        if not says.all():  # a sum that cancels says something of the terms that it adds up
            says = says | self._says(bound, self._terms())
        return (
            _by_sample(apart, count),
            ~_by_sample(~np.broadcast_to(says, gap.shape), count),
            _largest(bound, count),
        )

    def _says(self, bound: Any, sides: tuple[Ball, Ball]) -> Any:
        """Whether the bound is at most half of the largest value, or of the smallest normal.

        Below that all is underflow.
        """
        scale = np.maximum(np.abs(sides[0].center), np.abs(sides[1].center))
        if self.example.samples == 1 and scale.size > 1:
            scale = np.full(scale.shape, scale.max())
        return bound <= 0.5 * np.maximum(scale, self.fmt.smallest_normal)

    def _terms(self) -> tuple[Ball, Ball]:
        exact, arrays = self.contract.exact, self.example.arrays
        reading = readings.exact(self.program, exact, arrays, self.trace)
        return terms(self.program, exact, reading, arrays, self.fmt)

    def _apart(self, reading: Any, gap: Any) -> tuple[Any, Any]:
        left, right = _sides(
            self.program, self.contract, reading, self.example, self.trace, self.fmt
        )
        bound = left.rad + right.rad
        return ~(gap <= bound), np.broadcast_to(bound, gap.shape)


def _difference(left: Ball, right: Ball) -> NDArray[np.float64]:
    with np.errstate(invalid="ignore", over="ignore"):
        return np.asarray(Ball(left.mid - right.mid, left.rad + right.rad).center)


def _sides(
    program: Program, contract: Contract, reading: Any, example: Example, trace: Trace, fmt: Format
) -> tuple[Ball, Ball]:
    if reading is readings.observed:
        read = reading(program, contract.exact, trace)
    elif reading is readings.exact:
        read = reading(program, contract.exact, example.arrays, trace)
    else:
        read = reading(program, contract, example.arrays, trace)
    return sides(program, contract.exact, read, example.arrays, fmt)


def _true_sides(
    program: Program, contract: Contract, example: Example, trace: Trace, fmt: Format
) -> tuple[Ball, Ball]:
    """Both sides over the reals: the same for all implementations, unless they draw at random."""

    def read() -> tuple[Ball, Ball]:
        return _sides(program, contract, readings.exact, example, trace, fmt)

    if any(map(is_drawn, program.operations)):
        return read()
    return program.known.of(("true", contract.exact, fmt.name, example.bits), read)


def _refuted(relation: Relation, left: Ball, right: Ball) -> Any:
    """Whether the relation certainly fails, the reference's own rounding notwithstanding."""
    difference = _difference(left, right)
    error = left.rad + right.rad
    with np.errstate(invalid="ignore"):
        if relation is Relation.AT_MOST:
            return difference > error
        if relation is Relation.BELOW:
            equal = np.asarray(left.mid == right.mid, dtype=bool) & (error == 0)
            return (difference > error) | equal
        # Not ~(… <= error): where the reference itself overflows, the difference is NaN.
        return np.abs(difference) > error


def _breaks(relation: Relation, left: Ball, right: Ball) -> Any:
    """Whether the relation fails between two sides as they were run.

    An inequality gets no slack: equality at the reference's own rounding is equality.
    """
    if relation is Relation.IFF:
        return np.asarray(left.mid != right.mid, dtype=bool)
    difference = _difference(left, right)
    error = left.rad + right.rad
    with np.errstate(invalid="ignore"):
        if relation is Relation.BELOW:
            return ~np.asarray(left.mid < right.mid, dtype=bool)
        if relation is Relation.AT_MOST:
            return ~(difference <= error)
        return ~(np.abs(difference) <= error)


def _stored_sides(program: Program, trace: Trace) -> list[Any]:
    """The two sides of an identity as they were stored, in one shape."""
    sides = map(trace.observed, program.stored_sides)
    return list(np.broadcast_arrays(*map(_joined, sides)))


def _joined(stored: Any) -> Any:
    """A list of arrays as one row of all their entries."""
    return (
        np.concatenate([np.ravel(part) for part in stored]) if isinstance(stored, list) else stored
    )


def _other_bits(program: Program, trace: Trace) -> Any:
    """Where the two sides were stored as different bits: the sign of a zero counts."""
    left, right = _stored_sides(program, trace)
    bits = f"u{left.dtype.itemsize}"
    return np.ascontiguousarray(left).view(bits) != np.ascontiguousarray(right).view(bits)


def _lost(true_left: Ball, true_right: Ball, left: Ball, right: Ball) -> Any:
    """An infinity or NaN where the exact value is finite."""
    pairs = (true_left.mid, left.mid), (true_right.mid, right.mid)
    lost, other = (reference.is_finite(true) & ~reference.is_finite(seen) for true, seen in pairs)
    return lost | other


def _by_sample(flags: Any, count: int) -> Flags:
    """Flags of entries to flags of samples: any entry of a sample speaks for it."""
    flags = np.asarray(flags)
    if count > 1:
        return np.array(np.broadcast_to(flags, (count,)))
    return np.array([bool(flags.any())])


def _largest(values: Any, count: int) -> NDArray[np.float64]:
    values = np.asarray(values, dtype=np.float64)
    if count > 1:
        return np.array(np.broadcast_to(values, (count,)))
    return np.array([values.max(initial=0.0)])  # a list may hold nothing but empty arrays


def _worst(
    relation: Relation, left: Ball, right: Ball, count: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Both sides of every sample; of one sample with many entries, where it is furthest off."""
    sides = np.broadcast_arrays(left.center, right.center)
    if count > 1:
        first, second = (np.array(np.broadcast_to(side, (count,))) for side in sides)
        return first, second
    excess = np.atleast_1d(_difference(left, right)).ravel()
    if not excess.size:
        return np.zeros(1), np.zeros(1)
    if relation not in {Relation.AT_MOST, Relation.BELOW}:
        excess = np.abs(excess)
    at = int(np.argmax(np.where(np.isnan(excess), np.inf, excess)))
    first, second = (np.array([side.ravel()[at]]) for side in sides)
    return first, second


def _culprit(
    program: Program, implementation: Implementation, fmt: Format, example: Example
) -> int:
    """A sample on which a function misbehaves by itself, or among as few others as it takes."""

    def misbehaves(first: int, end: int) -> bool:
        try:
            run(program, machine(implementation, fmt), example.part(first, end).arrays)
        except Misbehaviour:
            return True
        return False

    first, end = 0, example.samples
    while end - first > 1:
        middle = (first + end) // 2
        if misbehaves(first, middle):
            end = middle
        elif misbehaves(middle, end):
            first = middle
        else:
            break
    return first


def misbehaved(count: int, error: Misbehaviour, culprit: int) -> Evidence:
    """One sample is at fault; the others, which shared its run, were never judged."""
    nothing, nan = np.zeros(count, dtype=bool), np.full(count, np.nan)
    outside = np.arange(count) == culprit
    what, unknown = error.what, np.full(1, np.nan)  # the error itself would keep its frames alive
    sample = np.flatnonzero(outside)
    fault = Faults(error.operation, sample, unknown, unknown, unknown, unknown, lambda _: what)
    return Evidence(
        samples=count,
        false=nothing,
        outside=outside,
        broken=nothing,
        lost=nothing,
        decided=outside,
        found=(fault,),
        slack=np.zeros(0),
        left=nan,
        right=nan,
        bound=nan,
    )


def misdelivered(
    operation: str,
    wrong: Flags,
    delivered: NDArray[np.float64],
    meant: NDArray[np.float64],
    planted: NDArray[np.float64],
    what: Callable[[int], str],
) -> Evidence:
    """What a function delivered for NaN or an infinity, where a law says what it has to be.

    `what` puts the fault of a sample into words.
    """
    none = np.zeros(len(wrong), dtype=bool)
    at = np.flatnonzero(wrong)
    gaps, bounds = np.full(len(at), np.nan), np.zeros(len(at))
    faults = Faults(operation, at, delivered[at], meant[at], gaps, bounds, what, planted[at])
    return Evidence(
        samples=len(wrong),
        false=none,
        outside=wrong,
        broken=wrong,
        lost=none,
        decided=~none,
        found=(faults,),
        slack=np.zeros(0),
        left=delivered,
        right=meant,
        bound=np.zeros(len(wrong)),
    )

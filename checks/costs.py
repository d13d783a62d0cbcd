"""Claims about times: which of two computations takes an implementation longer, on this machine.

Both sides run in one process, in rounds, each several times in an order that the round draws; what
counts is the ratio of their shortest times, so that whatever slows the machine down slows both.
The claim HOLDS where the exact interval for the median of the ratios lies on the side that is
claimed, is FALSE where it lies on the other, and stays UNDECIDED where it holds 1. Arrays are large
enough that calling a function takes little of the time; no time by itself is ever reported, because
it says nothing anywhere else.
"""

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np
from scipy.stats import binom
from sympy import Eq, Gt

from checks.formats import Format
from checks.implementation import Implementation, Misbehaviour
from checks.lowering import LoweringError, lower
from checks.passes import Pass, passes
from checks.program import Program
from checks.tracing import called
from checks.verdict import Cell, Result, Verdict
from theory.calculus import Time
from theory.claim import Claim

Clock = Callable[[], float]

# How often the interval may miss the median. There are some dozens of comparisons, run by hand on a
# quiet machine and not by CI; some runs in a hundred will have to be repeated.
FALSE_ALARM = 1e-3
# The quantiles that are reported beside the median.
QUANTILES = (0.1, 0.25, 0.75, 0.9)
# How often each side runs in a round.
REPEATS = 3
# No operation has a short cut for it, as it might for 0 or 1.
PARAMETER = Fraction(1, 4)


@dataclass(frozen=True)
class Plan:
    """How many rounds, on how many entries at first and at most, and what a call may take of it."""

    rounds: int = 101
    entries: int = 2**18
    most: int = 2**24
    overhead: float = 0.05


@dataclass(frozen=True)
class Comparison:
    """The ratios of a comparison, and the largest share that the calls themselves had in a time."""

    ratios: Sequence[float]
    entries: int
    overhead: float

    @property
    def median(self) -> float:
        """The ratio in the middle."""
        return float(np.median(self.ratios))

    @property
    def quantiles(self) -> dict[str, float]:
        """The spread of the ratios."""
        return {f"{q:g}": float(np.quantile(self.ratios, q)) for q in QUANTILES}

    @property
    def interval(self) -> tuple[float, float]:
        """Where the median lies but for a false alarm."""
        return median_interval(self.ratios, FALSE_ALARM)


def median_interval(values: Sequence[float], false_alarm: float) -> tuple[float, float]:
    """Where the median of independent values lies but for a false alarm, whatever their law is.

    The interval that the sign test inverts to: the k-th smallest value exceeds the median only
    where fewer than k of them lie below it, which is a matter of tossing coins (Conover 1999,
    Practical nonparametric statistics, §3.2).
    """
    count = len(values)
    k = int(binom.ppf(false_alarm / 2, count, 0.5))
    if k == 0:
        return -np.inf, np.inf
    ordered = sorted(values)
    return float(ordered[k - 1]), float(ordered[count - k])


def judge(
    claim: Claim,
    implementation: Implementation,
    fmt: Format,
    seed: int | None = None,
    *,
    clock: Clock = time.perf_counter,
    plan: Plan | None = None,
) -> Result:
    """Judge a claim about times on one implementation in one format."""
    started = time.perf_counter()
    plan = plan or Plan()
    notes: dict[str, Any] = {}
    try:
        found = compare(claim, implementation, fmt, seed or 0, clock, plan)
    except Misbehaviour as error:
        verdict, reason = Verdict.DEFECT, str(error)
    else:
        verdict, reason = _verdict(found, plan), _message(found)
        notes = {
            "median ratio": found.median,
            "quantiles": found.quantiles,
            "interval": list(found.interval),
            "entries": found.entries,
            "share of the calls": found.overhead,
        }
    return Result(
        cell=Cell(claim.name, implementation.name, fmt.name, implementation.device),
        verdict=verdict,
        coverage=f"timed {plan.rounds} rounds",
        samples=plan.rounds,
        decided=1.0,
        slack_median=np.nan,
        slack_largest=np.nan,
        seconds=time.perf_counter() - started,
        reason=reason,
        notes=notes,
    )


def _verdict(found: Comparison, plan: Plan) -> Verdict:
    low, high = found.interval
    if found.overhead > plan.overhead:
        return Verdict.UNDECIDED
    return Verdict.HOLDS if low > 1 else Verdict.FALSE if high < 1 else Verdict.UNDECIDED


def _message(found: Comparison) -> str:
    low, high = found.interval
    few, *_, most = found.quantiles.values()
    return (
        f"what is to take longer takes {found.median:.3g} times as long, {few:.3g} to {most:.3g} "
        f"times in eight rounds of ten; the median lies between {low:.3g} and {high:.3g}, "
        f"{found.entries} entries, of which calls take {found.overhead:.1%}"
    )


def compare(
    claim: Claim, implementation: Implementation, fmt: Format, seed: int, clock: Clock, plan: Plan
) -> Comparison:
    """Time both sides in turns: the ratios of what is to take longer to what is not.

    Raises Misbehaviour and LoweringError.
    """
    formula = claim.formula.reversed if isinstance(claim.formula, Gt) else claim.formula
    programs = [_program(claim, side) for side in formula.args]

    def on(entries: int) -> list[Pass]:
        values = fmt.nearest(np.random.default_rng(seed).normal(size=entries))
        both = [passes(program, implementation, values) for program in programs]
        for side in both:  # what is done but once is done here
            called("a timed pass", side)
        return both

    with np.errstate(all="ignore"):
        calls = _times(on(1), clock, plan.rounds, seed)
        entries, both = plan.entries, on(plan.entries)
        while (share := _share(calls, both, clock, plan, seed)) > plan.overhead:
            if 2 * entries > plan.most:
                break
            entries *= 2
            both = on(entries)
        cheaper, dearer = _times(both, clock, plan.rounds, seed)
    return Comparison([b / a for a, b in zip(cheaper, dearer, strict=True)], entries, share)


def _share(
    calls: Sequence[Sequence[float]], both: Sequence[Pass], clock: Clock, plan: Plan, seed: int
) -> float:
    """The largest share of a side's time that a call on a single entry takes as well."""
    wholes = _times(both, clock, max(plan.rounds // 20, 3), seed)
    return max(
        float(np.median(call) / np.median(whole)) for call, whole in zip(calls, wholes, strict=True)
    )


def _times(both: Sequence[Pass], clock: Clock, rounds: int, seed: int) -> list[list[float]]:
    """The times of every pass, round by round, in an order that each round draws.

    A round runs each several times and keeps its shortest: what interrupts a pass only ever adds.
    """
    order = list(range(len(both))) * REPEATS
    times: list[list[float]] = [[] for _ in both]
    draw = random.Random(seed)
    for _ in range(rounds):
        draw.shuffle(order)
        shortest = [np.inf for _ in both]
        for which in order:
            start = clock()
            both[which]()
            shortest[which] = min(shortest[which], clock() - start)
        for each, time_ in zip(times, shortest, strict=True):
            each.append(time_)
    return times


def _program(claim: Claim, side: Time) -> Program:
    """One side as a program: what it observes, or the derivative that it takes."""
    forms = {name: symbol.form for name, symbol in claim.variables.items()}
    if not set(forms.values()) <= {"entries", "number"}:
        raise LoweringError(
            f"{claim.name}: times are taken of functions of real numbers; write x: Real, and "
            "parameters as Positive, UnitInterval or another class of theory.domains"
        )
    numbers = {name: PARAMETER for name, form in forms.items() if form == "number"}
    # Said of anything, the expression is lowered as it stands.
    stated = replace(claim, formula=Eq(side.args[0], 0, evaluate=False))
    return lower(stated, numbers)

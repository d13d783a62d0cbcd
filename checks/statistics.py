"""Claims about a mean over random draws, judged by the exact law of the statistic.

A layer with independent normal weights and no bias turns a fixed row into independent normals; the
squares of their positive parts, divided by the variance, sum to a chi-square with a binomial number
of degrees of freedom. That law is exact at every sample size, so the interval is too: under the
claim the observed mean falls outside it with probability `FALSE_ALARM`, not approximately so.

The number of draws follows from the power wanted and not from habit. Rounding shifts the mean by no
more than a bound that is derived from the stored numbers, and the interval is widened by that.
"""

import time
from fractions import Fraction
from functools import cache
from typing import Any

import numpy as np
from scipy.optimize import brentq
from scipy.stats import binom, chi2

from checks.contract import Contract
from checks.enclosures import gamma
from checks.evidence import inspect
from checks.example import Example, encode
from checks.formats import Format
from checks.implementation import Implementation, Misbehaviour
from checks.lowering import lower
from checks.machines import machine
from checks.program import Argument
from checks.tracing import run
from checks.verdict import Cell, Counterexample, Result, Verdict
from theory.claim import Claim

FALSE_ALARM = 1e-9
# A tenth more or less than the claimed mean is missed less often than once in a thousand.
EFFECT = 0.1
MISSED = 1e-3

# Rows of 24, layers of 512: wide enough that fan-in and fan-out cannot be confused.
FAN_IN, FAN_OUT = 24, 512


def cumulative(total: float, draws: int) -> float:
    """P(Σ max(zᵢ, 0)² ≤ total) for so many independent standard normals zᵢ."""
    spread = 9 * np.sqrt(draws) / 2  # nine standard deviations of the binomial: 1e-18 lies beyond
    low, high = max(0, int(draws / 2 - spread)), min(draws, int(draws / 2 + spread))
    positive = np.arange(low, high + 1)
    below = np.where(positive > 0, chi2.cdf(total, np.maximum(positive, 1)), 1.0)
    return float(np.sum(binom.pmf(positive, draws, 0.5) * below))


@cache
def interval(draws: int, false_alarm: float = FALSE_ALARM) -> tuple[float, float]:
    """Where the mean of max(z, 0)² lies but for a false alarm, relative to its expectation 1/2."""
    half, upper = draws / 2, 2.0 * draws

    def tail(total: float, probability: float) -> float:
        return cumulative(total, draws) - probability

    low = brentq(tail, 1e-9 * draws, half, args=(false_alarm / 2,))
    high = brentq(tail, half, upper, args=(1 - false_alarm / 2,))
    return float(low / half), float(high / half)


@cache
def draws_needed() -> int:
    """The smallest power of two that shows an effect of `EFFECT` with the power wanted."""
    draws = FAN_OUT
    while True:
        low, high = interval(draws)
        missed_above = cumulative(high * draws / 2 / (1 + EFFECT), draws)
        missed_below = 1 - cumulative(low * draws / 2 / (1 - EFFECT), draws)
        if max(missed_above, missed_below) < MISSED:
            return draws
        draws *= 2


def check_mean(
    claim: Claim,
    implementation: Implementation,
    fmt: Format,
    seed: int | None = None,
    example: Example | None = None,
) -> Result:
    """Judge a claim of the form E[second moment of a rectified layer] = a second moment."""
    started = time.perf_counter()
    cell = Cell(claim.name, implementation.name, fmt.name, implementation.device)
    example = example or _example(claim, fmt, seed or 0)
    observed = expected = bound = np.nan
    verdict, operation, message, draws = Verdict.DEFECT, "", "", draws_needed()
    try:
        observed, expected, bound, fault = _observe(claim, implementation, fmt, example, draws)
    except Misbehaviour as error:
        operation, message = error.operation, str(error)
    else:
        low, high = interval(draws)
        inside = low * expected - bound <= observed <= high * expected + bound
        message = (
            f"mean {observed:.6g}, expected {expected:.6g}: ratio {observed / expected:.4f}, "
            f"exact interval {low:.4f} to {high:.4f}, rounding at most {bound:.2g}"
        )
        if fault:
            operation, message = fault
        elif inside:
            verdict = Verdict.HOLDS
        else:
            operation = next(iter(lower(claim, example.numbers).operations & _DRAWING))
    counterexample = Counterexample(
        inputs=encode(example),
        operation=operation,
        left=observed,
        right=expected,
        gap=abs(observed - expected),
        bound=bound,
        message=message,
    )
    return Result(
        cell=cell,
        verdict=verdict,
        coverage=f"statistical {FALSE_ALARM:g}, {draws} draws",
        samples=draws,
        decided=1.0,
        slack_median=np.nan,
        slack_largest=np.nan,
        seconds=time.perf_counter() - started,
        smallest=None if verdict is Verdict.HOLDS else counterexample,
        worst=None,
        notes={"effect": message},
    )


_DRAWING = frozenset({"he_normal"})
_UNDERSTOOD = _DRAWING | {"input", "zeros", "linear", "relu"}


def _example(claim: Claim, fmt: Format, seed: int) -> Example:
    """A row of ordinary size, a layer's shape and the first of the seeds."""
    row = fmt.nearest(np.random.default_rng(seed).normal(size=(1, FAN_IN)))
    values: dict[str, Argument] = {"shape": (FAN_OUT, FAN_IN), "seed": Fraction(seed)}
    by_form = {symbol.form: name for name, symbol in claim.variables.items()}
    return Example(
        {by_form[form]: value for form, value in values.items()}, {(by_form["row"], 0): row}
    )


def _observe(
    claim: Claim, implementation: Implementation, fmt: Format, example: Example, draws: int
) -> tuple[float, float, float, tuple[str, str] | None]:
    """The mean over all draws, what it is over the reals, the bound on rounding, and any fault."""
    contract = Contract.of(implementation, fmt)
    by_form = {symbol.form: name for name, symbol in claim.variables.items()}
    first = int(example.numbers[by_form["seed"]])  # type: ignore[arg-type]  # a Fraction
    x = example.arrays[by_form["row"], 0].astype(np.float64)
    squares, errors = [], []
    for offset in range(draws // FAN_OUT):
        drawn = example.with_number(by_form["seed"], Fraction(first + offset))
        program = lower(claim, drawn.numbers)
        if not program.operations <= _UNDERSTOOD:
            raise ValueError(f"{claim.name}: no exact interval is known for this statistic")
        trace = run(program, machine(implementation, fmt), drawn.arrays)
        (weights,) = (_stored(program, trace, name) for name in _DRAWING)
        outputs = _stored(program, trace, "relu")
        if offset == 0 and (faults := inspect(program, contract, drawn, trace)):
            found = faults[0]
            message = f"gap {found.gap:.2g} > bound {found.bound:.2g}"
            return np.nan, np.nan, np.nan, (found.operation, f"{found.operation}: {message}")
        squares.append(outputs**2)
        # Weights are rounded once, products and sums in the working format, outputs once or twice.
        u, w = fmt.unit_roundoff, contract.working.unit_roundoff
        reach = np.abs(x) @ np.abs(weights).T
        error = reach * (u + gamma(FAN_IN + 1, w)) + 4 * u * outputs + 2 * fmt.smallest_subnormal
        errors.append(2 * outputs * error + error**2)
    return float(np.mean(squares)), float(np.mean(x**2)), float(np.mean(errors)), None


def _stored(program: Any, trace: Any, operation: str) -> Any:
    (index,) = (i for i, node in enumerate(program.network) if node.operation == operation)
    return np.asarray(trace.values[index], dtype=np.float64)

"""What becomes of infinities: IEEE 754-2019 §6.1 makes them the limits of real arithmetic.

A mask puts minus infinity in, and an overflow the other one. Where a function multiplies it by what
has vanished there, NaN comes out for a limit that is a number.
"""

import math
from dataclasses import replace
from functools import cache
from itertools import product
from typing import Any

import numpy as np
from sympy import Rational, oo

from checks.evidence import Evidence, Flags, misbehaved, misdelivered
from checks.example import Example
from checks.formats import Format
from checks.implementation import Implementation, Misbehaviour
from checks.lowering import lower
from checks.machines import machine
from checks.operations import function_of
from checks.tracing import run
from theory.claim import Claim
from theory.proving.errors import OutOfReachError
from theory.proving.limits import LimitError, settle_limit

ENDS = -np.inf, np.inf


def at_infinity(
    claim: Claim, implementation: Implementation, fmt: Format, example: Example
) -> Evidence:
    """Run one example with infinities in it, and see where a value is not its limit.

    They come in every other entry, first in those of even number and then in the others, so that
    the lanes of a vector hold both them and numbers.
    """
    program = lower(claim, example.numbers)
    assert program.limits  # lowering refuses other formulas
    assert program.value_and_source
    node, source = program.value_and_source
    function = function_of(program.network[node.parents[0]].operation)
    # Entries that are judged as one array are all of one sample.
    sample = np.arange(len(example.arrays[source])) if example.samples > 1 else 0
    ulps = implementation.ulps.get(function, 0.0)
    wrong, false, open_ = (np.zeros(example.samples, dtype=bool) for _ in range(3))
    given, delivered, meant = (np.full(example.samples, np.nan) for _ in range(3))
    for end, first in product(range(2), (0, 1)):
        put = example.arrays[source].copy()
        put[first::2] = ENDS[end]
        planted = np.arange(len(put)) % 2 == first
        try:
            trace = run(program, machine(implementation, fmt), {**example.arrays, source: put})
        except Misbehaviour as error:
            return misbehaved(example.samples, error, 0)
        got = trace.observed(node)
        stated = program.limits[end]
        missed = planted & ~_is_nearly(got, stated, fmt, ulps) & ~wrong[sample]
        if not missed.any():
            continue
        # Before anybody is accused: is it the limit that is claimed?
        limit = _limit(claim, end, example)
        sample_of = np.broadcast_to(sample, missed.shape)
        if limit is None:
            open_[sample_of[missed]] = True
            continue
        refutes = _is_nearly(got, limit, fmt, ulps)
        for seen, flags, due in (
            (missed & refutes, false, stated),
            (missed & ~refutes, wrong, limit),
        ):
            at = sample_of[seen]
            flags[at] = True
            given[at], delivered[at], meant[at] = ENDS[end], got.astype(np.float64)[seen], due

    def told(at: int) -> str:
        got, end, limit = (float(values[at]) for values in (delivered, given, meant))
        if wrong[at]:
            return f"delivers {got!r} at {end!r}, where the limit is {limit!r}"
        return f"delivers {got!r} at {end!r}, which is the limit there; the claim says {limit!r}"

    operation = program.answerable(node)
    evidence = misdelivered(operation, wrong | false, delivered, meant, given, told)
    return replace(evidence, false=false & ~wrong, outside=wrong, decided=wrong | false | ~open_)


def _limit(claim: Claim, end: int, example: Example) -> float | None:
    """What the limit at an end is by proof, whatever the claim says; None where it stays open."""
    found = _proved(claim.formula, end)
    if found is None:
        return None
    numbers = {claim.variables[name]: Rational(str(n)) for name, n in example.numbers.items()}
    return float(found.xreplace(numbers))


@cache
def _proved(formula: Any, end: int) -> Any:
    y, x, *stated = formula.args
    try:
        settle_limit(y, x, (-oo, oo)[end], stated[end])
    except LimitError as error:
        return error.found
    except OutOfReachError:
        return None
    return stated[end]


def _is_nearly(values: Any, limit: float, fmt: Format, ulps: float) -> Flags:
    """Which values are the limit, or as near as they need be.

    That is beside it where the format does not hold it, and within the ulps that were stated.
    """
    nearest = fmt.nearest(np.array([limit]))
    held = float(nearest[0])
    doubles = values.astype(np.float64)
    steps = max(math.ceil(ulps), int(held != limit))
    if not steps or math.isinf(held):
        return np.asarray(doubles == held)
    near = np.abs(fmt.ordinals(values) - fmt.ordinals(nearest)[0]) <= steps
    return np.asarray(near & np.isfinite(doubles))

"""What becomes of infinities: IEEE 754-2019 §6.1 makes them the limits of real arithmetic.

A mask puts minus infinity in, and an overflow the other one. Where a function multiplies it by what
has vanished there, NaN comes out for a limit that is a number.
"""

import math
from itertools import product
from typing import Any

import numpy as np

from checks.evidence import Evidence, Flags, misbehaved, misdelivered
from checks.example import Example
from checks.formats import Format
from checks.implementation import Implementation, Misbehaviour
from checks.lowering import lower
from checks.machines import machine
from checks.operations import function_of
from checks.tracing import run
from theory.claim import Claim


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
    slope = node.derivative is not None
    function = function_of(program.network[node.parents[0]].operation)
    # Entries that are judged as one array are all of one sample.
    sample = np.arange(len(example.arrays[source])) if example.samples > 1 else 0
    wrong = np.zeros(example.samples, dtype=bool)
    given, delivered, meant = (np.full(example.samples, np.nan) for _ in range(3))
    ends = zip((-np.inf, np.inf), program.limits, strict=True)
    for (end, limit), first in product(ends, (0, 1)):
        put = example.arrays[source].copy()
        put[first::2] = end
        planted = np.arange(len(put)) % 2 == first
        try:
            trace = run(program, machine(implementation, fmt), {**example.arrays, source: put})
        except Misbehaviour as error:
            return misbehaved(example.samples, error, 0)
        got = trace.derivatives[node] if slope else trace.values[node.parents[0]]
        near = _is_nearly(got, limit, fmt, implementation.ulps.get(function, 0.0))
        missed = planted & ~near & ~wrong[sample]
        at = np.broadcast_to(sample, missed.shape)[missed]
        given[at], meant[at], delivered[at] = end, limit, got.astype(np.float64)[missed]
        wrong[at] = True

    def told(at: int) -> str:
        got, end, limit = (float(values[at]) for values in (delivered, given, meant))
        return f"delivers {got!r} at {end!r}, where the limit is {limit!r}"

    operation = f"the backward pass of {function}" if slope else function
    return misdelivered(operation, wrong, delivered, meant, given, told)


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

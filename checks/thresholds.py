"""Numbers around those where what an implementation delivers becomes 0, or leaves the range.

There one way to compute has lost its value and another has not, as erfc(27.2) is 0 in float64 and
the GELU at −38.5 is not. Such a strip is too narrow for samples, and found by bisection.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from checks.example import Example
from checks.filling import inside
from checks.formats import Format
from checks.implementation import Implementation, Misbehaviour
from checks.lowering import lower
from checks.machines import machine
from checks.pinned import ordinary
from checks.program import Argument
from checks.tracing import run
from checks.traits import is_enumerable, is_of_one
from theory.claim import Claim

Ordinals = NDArray[np.int64]
Numbers = dict[str, Argument]

GRID = 8192  # a fourth of a binade in float64, and less in float32
SECTIONS = 64
ROUNDS = 11  # until 64 bits are parted into sections, be a kernel as fickle as it may
AT_MOST = 16
# How far from a threshold numbers are tried, as parts of it.
DISTANCES = np.ldexp(1.0, -np.arange(4, 13))


def thresholds(claim: Claim, fmt: Format, implementation: Implementation) -> Iterator[Example]:
    """Numbers on both sides of every threshold of a claim about one number, in one example."""
    if not is_of_one(claim) or is_enumerable(claim, fmt) or implementation.library == "ideal":
        return
    name, domain = _entries(claim)
    numbers = ordinary(claim, 1).numbers
    try:
        values = _around(claim, fmt, implementation, numbers)
    except Misbehaviour:  # of which ordinary examples tell
        return
    values = values[np.isfinite(values) & inside(domain, values)]
    if values.size:
        yield Example(numbers, {(name, 0): values}, len(values))


@np.errstate(all="ignore")
def _around(
    claim: Claim, fmt: Format, implementation: Implementation, numbers: Numbers
) -> NDArray[Any]:
    """The numbers at thresholds, and some at growing distances on both sides."""
    _, domain = _entries(claim)
    top = fmt.largest_ordinal
    grid = np.linspace(-top, top, GRID).astype(np.int64).clip(-top, top)
    grid = grid[inside(domain, fmt.from_ordinals(grid))]
    first, beyond = _bisected(claim, fmt, implementation, numbers, grid)
    at = fmt.from_ordinals(beyond).astype(np.float64)[:, None]
    near = fmt.nearest(np.hstack([at * (1 - DISTANCES), at * (1 + DISTANCES)]).ravel())
    return np.unique(np.concatenate([fmt.from_ordinals(first), fmt.from_ordinals(beyond), near]))


def _entries(claim: Claim) -> tuple[str, Any]:
    """The variable whose every entry is a sample."""
    return next(one for one in claim.variables.items() if one[1].form == "entries")


def _bisected(
    claim: Claim,
    fmt: Format,
    implementation: Implementation,
    numbers: Numbers,
    grid: Ordinals,
) -> tuple[Ordinals, Ordinals]:
    """The last number before each threshold and the first one beyond."""
    name, _ = _entries(claim)
    program = lower(claim, numbers)

    def kinds(ordinals: Ordinals) -> NDArray[np.bool_]:
        """What is 0 and what is finite of all that is delivered for each number."""
        values = {(name, 0): fmt.from_ordinals(ordinals.ravel())}
        trace = run(program, machine(implementation, fmt), values)
        delivered = [*trace.values.values(), *trace.derivatives.values()]
        told = [np.asarray(one) for one in delivered if np.shape(one) == (ordinals.size,)]
        kinds = [kind for one in told for kind in (one == 0, np.isfinite(one))]
        return np.stack(kinds, axis=-1).reshape(*ordinals.shape, len(kinds))

    low, high = grid[:-1], grid[1:]
    told = kinds(grid)
    changes = np.flatnonzero((told[:-1] != told[1:]).any(axis=-1))[:AT_MOST]
    low, high = low[changes], high[changes]
    for _ in range(ROUNDS):
        steps = np.arange(SECTIONS + 1)
        points = low[:, None] + (high - low)[:, None] * steps // SECTIONS
        told = kinds(points)
        differs = (told != told[:, :1]).any(axis=-1)
        step = np.argmax(differs, axis=1)
        rows = np.arange(len(low))
        low, high = points[rows, step - 1], points[rows, step]
    return low, high

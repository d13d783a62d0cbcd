"""Numbers around those where what an implementation delivers becomes 0, or leaves the range.

There one way to compute has lost its value and another has not, as erfc(27.2) is 0 in float64 and
the GELU at −38.5 is not. Such a strip is too narrow for samples, and found by bisection.
"""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from checks.example import Example
from checks.filling import inside
from checks.formats import Format
from checks.implementation import Implementation, Misbehaviour
from checks.lowering import lower
from checks.machines import machine
from checks.pinned import ordinary, side_by_side
from checks.tracing import run
from checks.traits import is_enumerable, is_of_one, the_entries
from theory.claim import Claim

Ordinals = NDArray[np.int64]

GRID = 8192  # two to a binade of float64, and sixteen to one of float32
SECTIONS = np.arange(65)  # the ends of 64 sections
ROUNDS = 11  # until 64 bits are parted into sections, be a kernel as fickle as it may
AT_MOST = 16  # thresholds, where a kernel is fickle
# How far from a threshold numbers are tried, as parts of it.
DISTANCES = np.ldexp(1.0, -np.arange(4, 13))


def thresholds(claim: Claim, fmt: Format, implementation: Implementation) -> Iterator[Example]:
    """Numbers on both sides of every threshold of a claim about one number, in one example."""
    if not is_of_one(claim) or is_enumerable(claim, fmt) or implementation.library == "ideal":
        return
    name, domain = the_entries(claim)
    program = lower(claim, ordinary(claim, 1).numbers)

    @np.errstate(all="ignore")
    def kinds(ordinals: Ordinals) -> NDArray[np.bool_]:
        """What is 0 and what is finite of all that is delivered for each number."""
        values = {(name, 0): fmt.from_ordinals(ordinals.ravel())}
        trace = run(program, machine(implementation, fmt), values)
        delivered = [*trace.values.values(), *trace.derivatives.values()]
        arrays = [np.asarray(one) for one in delivered if np.shape(one) == (ordinals.size,)]
        flags = [flag for one in arrays for flag in (one == 0, np.isfinite(one))]
        return np.stack(flags, axis=-1).reshape(*ordinals.shape, len(flags))

    top = fmt.largest_ordinal
    grid = np.linspace(-top, top, GRID).astype(np.int64).clip(-top, top)
    try:
        first, beyond = _bisected(kinds, grid[inside(domain, fmt.from_ordinals(grid))])
    except Misbehaviour:  # of which ordinary examples tell
        return
    parts = fmt.from_ordinals(first), fmt.from_ordinals(beyond), _beside(fmt, beyond)
    values = np.unique(np.concatenate(parts))
    example = side_by_side(claim, values[np.isfinite(values)])
    if example.samples:
        yield example


@np.errstate(over="ignore")
def _beside(fmt: Format, ordinals: Ordinals) -> NDArray[Any]:
    """Numbers at growing distances on both sides."""
    at = fmt.from_ordinals(ordinals).astype(np.float64)[:, None]
    return fmt.nearest(np.hstack([at * (1 - DISTANCES), at * (1 + DISTANCES)]).ravel())


def _bisected(
    kinds: Callable[[Ordinals], NDArray[np.bool_]], grid: Ordinals
) -> tuple[Ordinals, Ordinals]:
    """The last number of a kind, and the first of another, between any two of a grid."""
    told = kinds(grid)
    changes = np.flatnonzero((told[:-1] != told[1:]).any(axis=-1))[:AT_MOST]
    low, high = grid[changes], grid[changes + 1]
    rows = np.arange(len(changes))
    for _ in range(ROUNDS):
        points = low[:, None] + (high - low)[:, None] * SECTIONS // SECTIONS[-1]
        told = kinds(points)
        step = np.argmax((told != told[:, :1]).any(axis=-1), axis=1)
        low, high = points[rows, step - 1], points[rows, step]
    return low, high

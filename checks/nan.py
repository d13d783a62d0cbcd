"""What becomes of NaN: a function that hides one hides that the training is over."""

from collections.abc import Iterable, Iterator
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from checks.evidence import Evidence, Flags, misbehaved, misdelivered
from checks.example import Example
from checks.formats import Format
from checks.implementation import Implementation, Misbehaviour
from checks.lists import entered, mapped
from checks.lowering import lower
from checks.machines import machine
from checks.program import Relation
from checks.tracing import run
from theory.claim import Claim


def planted(
    claim: Claim, implementation: Implementation, fmt: Format, example: Example
) -> Evidence:
    """Run one example with NaN in it, and see where the value that should be NaN is not."""
    program = lower(claim, example.numbers)
    assert program.value_and_source is not None  # lowering refuses other formulas
    (observed, source) = program.value_and_source
    count, whole = example.samples, example.arrays[source]
    hidden = np.zeros(count, dtype=bool)
    delivered = np.full(count, np.nan)
    for put in _plantings(whole, program.relation):
        arrays = {**example.arrays, source: put}
        try:
            trace = run(program, machine(implementation, fmt), arrays)
        except Misbehaviour as error:
            return misbehaved(count, error, 0)
        got = _entries(trace.observed(observed))
        lost = _lost(np.isnan(_entries(put)), np.isnan(got), program.relation)
        if count > 1:
            fresh = lost & ~hidden
            delivered[fresh], hidden[fresh] = got[fresh], True
        elif lost.any():
            delivered[0], hidden[0] = got[lost][0], True
    return misdelivered(
        program.answerable(observed),
        hidden,
        delivered,
        np.full(count, np.nan),
        np.full(count, np.nan),
        lambda at: f"delivers {float(delivered[at])!r} for NaN",
    )


def _plantings(whole: Any, relation: Relation) -> Iterator[Any]:
    """The same input with NaN in it, here and there.

    Beside numbers, so that the lanes of a vector hold both; or one NaN alone, first or last, which
    has to be seen everywhere.
    """
    if relation is Relation.PASSES_NAN:
        yield mapped(lambda values: _with_nan(values, slice(0, None, 2)), whole)
        yield mapped(lambda values: _with_nan(values, slice(1, None, 2)), whole)
        return
    filled = [index for index, part in enumerate(entered(whole)) if part.size]
    for index, at in product(dict.fromkeys(filled[:1] + filled[-1:]), (0, -1)):
        parts = list(entered(whole))
        parts[index] = _with_nan(parts[index], at)
        yield parts if isinstance(whole, list) else parts[0]


def _with_nan(values: NDArray[Any], at: slice | int) -> NDArray[Any]:
    result = values.copy()
    result.reshape(-1)[at] = np.nan
    return result


def _lost(put: Flags, got: Flags, relation: Relation) -> Flags:
    """Which entries of a value are no NaN and ought to be."""
    if relation is Relation.SPREADS_NAN:
        return put.any() & ~got
    if put.shape == got.shape:
        return put & ~got
    return ~got & (put.any() and not got.any())


def _entries(values: Any) -> NDArray[np.float64]:
    """All entries of an array, or of a list of them, in one row."""
    parts: Iterable[Any] = (np.ravel(np.asarray(part, np.float64)) for part in entered(values))
    return np.concatenate([np.zeros(0), *parts])

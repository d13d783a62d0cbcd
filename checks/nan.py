"""What becomes of NaN: a function that hides one hides that the training is over."""

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from checks.evidence import Evidence, Fault, misbehaved
from checks.example import Example
from checks.formats import Format
from checks.implementation import Implementation, Misbehaviour
from checks.lists import entered, mapped
from checks.lowering import lower
from checks.machines import machine
from checks.operations import function_of
from checks.program import Key, Program
from checks.tracing import run
from theory.claim import Claim


def planted(
    claim: Claim, implementation: Implementation, fmt: Format, example: Example
) -> Evidence:
    """Run one example with NaN in it, and see where the value that should be NaN is not."""
    program = lower(claim, example.numbers)
    value, source = _value_and_source(program)
    arrays = {**example.arrays, source: mapped(_with_nan, example.arrays[source])}
    count = example.samples
    try:
        trace = run(program, machine(implementation, fmt), arrays)
    except Misbehaviour as error:
        return misbehaved(count, error, 0)
    got, put = _entries(trace.values[value]), _entries(arrays[source])
    expected = np.isnan(put) if got.shape == put.shape else np.isnan(put).any()
    hidden = expected & ~np.isnan(got)
    by_sample = hidden if count > 1 else np.array([hidden.any()])
    places = np.flatnonzero(hidden)
    operation = function_of(program.network[value].operation)
    faults = tuple(
        Fault(operation, index if count > 1 else 0, delivered, np.nan, np.nan, 0.0, what)
        for index in map(int, places if count > 1 else places[:1])
        for delivered in [float(got[index])]
        for what in [
            f"delivers {delivered!r} for NaN, put into every other entry from the first on"
        ]
    )
    none, zeros = np.zeros(count, dtype=bool), np.zeros(count)
    return Evidence(
        samples=count,
        false=none,
        outside=by_sample,
        broken=by_sample,
        lost=none,
        decided=~none,
        faults=faults,
        slack=np.zeros(0),
        left=got if count > 1 else got[places[:1]] if places.size else zeros,
        right=np.full(count, np.nan),
        bound=zeros,
    )


def _with_nan(values: NDArray[Any]) -> NDArray[Any]:
    """NaN beside numbers, so that lanes of a vector hold both."""
    result = values.copy()
    result.reshape(-1)[::2] = np.nan
    return result


def _entries(values: Any) -> NDArray[np.float64]:
    """All entries of an array, or of a list of them, in one row."""
    parts: Iterable[Any] = (np.ravel(np.asarray(part, np.float64)) for part in entered(values))
    return np.concatenate([np.zeros(0), *parts])


def _value_and_source(program: Program) -> tuple[int, Key]:
    """The node of the network that is to be NaN, and the input that NaN is put into."""
    value, source = (
        program.statement[program.statement[side].parents[0]]
        for side in (program.left, program.right)
    )
    assert source.key is not None
    return value.parents[0], source.key

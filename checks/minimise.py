"""Making a failing example as simple as it goes while it fails in the same way.

Hypothesis has shrunk the structure; what is left are values. One real number in order: the search
halves the distance to zero, thousands of candidates at a time, and ends at the first failing float.
Anything else: each entry in turn is replaced by simpler ones, 0 and 1 and fewer significant bits.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np

from checks.example import Example
from checks.filling import inside
from checks.formats import Format
from checks.traits import is_deep, is_unary
from theory.claim import Claim

Fails = Callable[[Example], Any]  # flags by sample: whether it fails in the way that is wanted

CANDIDATES = 1024  # tried side by side in one pass of an ordered search
BUDGET = 150  # evaluations spent on values that have no order


def minimise(
    claim: Claim, fmt: Format, example: Example, fails: Fails, budget: int = BUDGET
) -> Example:
    """A simpler example that still fails; the first failing input where inputs are in order."""
    if is_unary(claim):
        return first_failing(claim, fmt, example, fails)
    example = _shallower(claim, example, fails)
    return _simpler(claim, fmt, example, fails, budget)


def first_failing(claim: Claim, fmt: Format, example: Example, fails: Fails) -> Example:
    """The failing number nearest to zero, on the positive side where that fails too.

    In 16 bits every number is tried; in more, the search assumes that failures begin somewhere.
    """
    ((key, values),) = example.arrays.items()
    domain = claim.variables[key[0]]
    ordinal = int(fmt.ordinals(values)[0])
    for candidate in (abs(ordinal), ordinal):
        at = fmt.from_ordinals(np.array([candidate], dtype=np.int64))
        if inside(domain, at)[0] and fails(example.with_array(key, at))[0]:
            ordinal = candidate
            break
    sign, passing, failing = (1 if ordinal >= 0 else -1), -1, abs(ordinal)
    while failing - passing > 1:
        steps = failing - passing - 1
        steps = steps if fmt.bits == 16 else min(steps, CANDIDATES)
        # Integers, exactly: ordinals of float64 do not fit into a float64.
        span = failing - passing
        ordinals = [passing + (step + 1) * span // (steps + 1) for step in range(steps)]
        tried = fmt.from_ordinals(np.array([sign * o for o in ordinals], dtype=np.int64))
        flags = inside(domain, tried)
        if flags.any():
            flags = flags & fails(replace(example, arrays={key: tried}, samples=len(tried)))
        hits = np.flatnonzero(flags)
        first = int(hits[0]) if len(hits) else len(ordinals)
        if first < len(ordinals):
            failing = ordinals[first]
        if first > 0:
            passing = ordinals[first - 1]
    return example.with_array(key, fmt.from_ordinals(np.array([sign * failing], dtype=np.int64)))


def _shallower(claim: Claim, example: Example, fails: Fails) -> Example:
    """The smallest depth between one that passes and one that fails."""
    if not is_deep(claim):
        return example  # Hypothesis shrank it together with the widths
    (name,) = (name for name, symbol in claim.variables.items() if symbol.form == "depth")

    def at(depth: int) -> Example:
        return example.with_number(name, Fraction(depth))

    # Ever longer strides down until one passes, then halve: the first depth is often near.
    failing = int(example.numbers[name])  # type: ignore[arg-type]  # a Fraction
    stride, passing = 1, 0
    while failing - stride > 0:
        if not fails(at(failing - stride))[0]:
            passing = failing - stride
            break
        failing, stride = failing - stride, 2 * stride
    while failing - passing > 1:
        middle = (passing + failing) // 2
        passing, failing = (passing, middle) if fails(at(middle))[0] else (middle, failing)
    return at(failing)


def _simpler(claim: Claim, fmt: Format, example: Example, fails: Fails, budget: int) -> Example:
    bounds = {name: symbol for name, symbol in claim.variables.items()}
    for key in example.arrays:
        if getattr(bounds.get(key[0]), "high", None) is not None:
            continue  # between two bounds, the domain's own simplest value was tried first
        for part, index in _entries(example.arrays[key]):
            for value in _simpler_values(fmt, _at(example.arrays[key], part, index)):
                if budget == 0:
                    return example
                domain = bounds.get(key[0])
                if domain is not None and not inside(domain, value):
                    continue
                budget -= 1
                candidate = example.with_array(key, _put(example.arrays[key], part, index, value))
                if fails(candidate)[0]:
                    example = candidate
                    break
    return example


def _simpler_values(fmt: Format, value: float) -> Iterator[float]:
    """Zero, one, then the value with ever more of its significant bits."""
    for simple in (0.0, 1.0, -1.0):
        if simple == value:
            return
        yield simple
    mantissa, exponent = np.frexp(value)
    for bits in (1, 2, 4, 8):
        with np.errstate(over="ignore"):  # the largest numbers round up to an infinity
            rounded = float(np.ldexp(np.rint(np.ldexp(mantissa, bits)), int(exponent) - bits))
        if rounded == value or bits >= fmt.precision:
            return
        if abs(rounded) <= fmt.largest:
            yield rounded


def _entries(values: Any) -> Iterator[tuple[int | None, Any]]:
    if isinstance(values, list):
        for part, array in enumerate(values):
            yield from ((part, index) for index in np.ndindex(array.shape))
    else:
        yield from ((None, index) for index in np.ndindex(values.shape))


def _at(values: Any, part: int | None, index: Any) -> float:
    return float((values if part is None else values[part])[index])


def _put(values: Any, part: int | None, index: Any, value: float) -> Any:
    if part is not None:
        return [_put(a, None, index, value) if p == part else a for p, a in enumerate(values)]
    changed = values.copy()
    changed[index] = value
    return changed

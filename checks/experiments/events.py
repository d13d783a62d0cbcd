"""Events: relations between measures, looked at for one seed."""

import operator
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from sympy import Dummy, lambdify
from sympy.core.relational import Relational
from sympy.logic.boolalg import And, Not

from checks.experiments.measures import Runs
from theory.measures import Measure

_COMPARE: Mapping[str, Callable[[float, float], bool]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
    "==": operator.eq,
    "!=": operator.ne,
}


@dataclass(frozen=True)
class Look:
    """What one seed shows: whether the event happened, and the number that every measure was.

    `left` and `right` are the sides of the first relation that speaks for it.
    """

    seed: int
    happened: bool
    numbers: Mapping[str, float]
    left: float
    right: float
    relation: str


def look(event: Any, seed: int, runs: Runs) -> Look:
    """Measure everything that an event speaks of, and say whether it happened."""
    numbers = {measure: runs.value(measure, seed) for measure in _measures(event)}
    happened = _happened(event, numbers)
    relations = list(_relations(event))
    telling = next((one for one in relations if _happened(one, numbers) is happened), relations[0])
    return Look(
        seed=seed,
        happened=happened,
        numbers={str(measure): number for measure, number in numbers.items()},
        left=_number(telling.lhs, numbers),
        right=_number(telling.rhs, numbers),
        relation=str(telling),
    )


def _measures(event: Any) -> list[Measure]:
    return sorted(event.atoms(Measure), key=str)


def _relations(event: Any) -> Iterator[Relational]:
    if isinstance(event, Relational):
        yield event
    else:
        for part in event.args:
            yield from _relations(part)


def _happened(event: Any, numbers: Mapping[Measure, float]) -> bool:
    if isinstance(event, Relational):
        sides = _number(event.lhs, numbers), _number(event.rhs, numbers)
        return bool(_COMPARE[event.rel_op](*sides))
    parts = (_happened(part, numbers) for part in event.args)
    if isinstance(event, Not):
        return not next(parts)
    return all(parts) if isinstance(event, And) else any(parts)


def _number(side: Any, numbers: Mapping[Measure, float]) -> float:
    function, measures = _compiled(side)
    with np.errstate(all="ignore"):
        return float(function(*(np.float64(numbers[measure]) for measure in measures)))


@cache
def _compiled(side: Any) -> tuple[Callable[..., Any], tuple[Measure, ...]]:
    measures = _measures(side)
    names = [Dummy() for _ in measures]
    replaced = side.xreplace(dict(zip(measures, names, strict=True)))
    return lambdify(names, replaced, "numpy"), tuple(measures)

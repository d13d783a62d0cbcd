"""A relation at exact numbers: the witnesses of refuted claims, and a search for new ones."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from random import Random
from time import perf_counter
from typing import Any

from sympy import Integer, Rational, sympify

from theory.calculus import Expectation, Iff
from theory.domains import Depth
from theory.proving.arrays import entries
from theory.proving.cases import sole_case
from theory.proving.errors import OutOfReachError
from theory.proving.field import Field
from theory.proving.gaussian import RandomWeights
from theory.proving.ranges import between
from theory.proving.relations import ALLOWED, differences
from theory.proving.signs import Facts, SignTable, initial_range
from theory.proving.sizes import Choice, Sizes, Symbols
from theory.proving.unrolling import Unrolling

NARROW = Sizes(row=1, inner=1, rows=2, entries=1, odd_layers=1, even_layers=1)
TRIES = 120
SPOT_CHECKS = 4
# Exact numbers under several roots take seconds each; after so many the search gives up.
PATIENCE = 5.0
SEED = 0  # the search is the same every time


@dataclass(frozen=True)
class Example:
    """Exact numbers for all variables, whether the relation holds there, and both sides."""

    numbers: Mapping[str, Any]
    holds: bool
    left: Any
    right: Any

    def __str__(self) -> str:
        at = ", ".join(f"{name}={value}" for name, value in self.numbers.items())
        return f"{at}: left {self.left}, right {self.right}"


def at_numbers(
    formula: Any, variables: Mapping[str, Any], sizes: Sizes, depth: int | None, choice: Choice
) -> Example:
    """A relation where every entry of every variable is a number. Raises OutOfReachError."""
    numbers: dict[str, Any] = {}

    def chosen(domain: Any, place: tuple[Any, ...]) -> Any:
        name = str(domain.name if domain.is_Symbol else domain.label)
        number = choice(domain, place)
        numbers.setdefault(name, {})[place] = number
        return number

    at_depth = {}
    for name, symbol in variables.items():
        if isinstance(symbol, Depth):
            at_depth[symbol] = Integer(depth)
            numbers[name] = {(): depth}
    field = Field()
    kind = RandomWeights if formula.has(Expectation) else Unrolling
    reading = kind(field, Symbols(field, formula, sizes, chosen))

    def truth(relation: Any, table: SignTable) -> tuple[bool, Any, Any]:
        if isinstance(relation, Iff):
            first, second = (truth(part, table)[0] for part in relation.args)
            return first == second, first, second
        left, right = (reading.value(side.xreplace(at_depth)) for side in relation.args)
        holds = all(_holds(type(relation), table, one) for one in differences(left, right))
        return holds, _exact(left, table), _exact(right, table)

    holds, left, right = sole_case(field, Facts(), lambda table: truth(formula, table))
    return Example({name: _shown(places) for name, places in numbers.items()}, holds, left, right)


def _holds(kind: Any, table: SignTable, difference: Any) -> bool:
    signs = table.possible(difference)
    if not (signs <= ALLOWED[kind] or signs.isdisjoint(ALLOWED[kind])):
        raise OutOfReachError("the numbers are too close to compare")
    return signs <= ALLOWED[kind]


def _exact(side: Any, table: SignTable) -> Any:
    values = [table.field.written_out(table.pinned(one)) for one in entries(side)]
    return values[0] if len(values) == 1 else tuple(values)


def _shown(places: Mapping[tuple[Any, ...], Any]) -> Any:
    values = list(places.values())
    return values[0] if len(values) == 1 else tuple(values)


# -- witnesses --------------------------------------------------------------------------------


def at_witness(formula: Any, variables: Mapping[str, Any], witness: Mapping[str, Any]) -> Example:
    """A relation at a claim's witness: one number a variable, width 1, f(x) = a·x for a map.

    Gradients, or the rows of a batch, may be given one by one: {"g": (1, 3)}.
    """
    counts = {
        symbol.form: len(witness[name])
        for name, symbol in variables.items()
        if isinstance(witness.get(name), tuple)
    }
    sizes = replace(
        NARROW,
        entries=counts.get("tensors", NARROW.entries),
        rows=counts.get("batch", NARROW.rows),
    )
    for name, symbol in variables.items():
        if symbol.form == "shape":
            sizes = replace(sizes, rows=witness[name][0], row=witness[name][1])
    depth = next((int(witness[s.name]) for s in variables.values() if isinstance(s, Depth)), None)

    def choice(domain: Any, place: tuple[Any, ...]) -> Any:
        name = str(domain.name if domain.is_Symbol else domain.label)
        if name not in witness:
            raise OutOfReachError(f"the witness gives no {name}")
        given = witness[name]
        if isinstance(given, tuple):
            row, column = place
            given = given[(column if domain.form == "tensors" else row) - 1]
        return sympify(given)

    example = at_numbers(formula, variables, sizes, depth, choice)
    return Example(dict(witness), example.holds, example.left, example.right)


# -- search -----------------------------------------------------------------------------------

# From how many of the simplest numbers an example draws: the first has the simplest everywhere.
_REACHES = (1, 3, 7, 24, 3, 7)
_SIMPLE = sorted(
    {Rational(p, q) for q in (1, 2, 3, 4, 5, 8, 16, 1000) for p in range(-8, 9)},
    key=lambda number: (number.q, abs(number.p), -number.p),
)


def counterexample(
    formula: Any, variables: Mapping[str, Any], tries: int = TRIES
) -> Example | None:
    """Simple numbers at which a relation is false, or None where none was found."""
    random = Random(SEED)
    least = next((int(s.low) for s in variables.values() if isinstance(s, Depth)), None)
    until = perf_counter() + PATIENCE
    for number in range(tries):
        if number >= SPOT_CHECKS and perf_counter() > until:
            break
        depth = None if least is None else least + number // 2 % 3
        reach = _REACHES[number % len(_REACHES)]
        sizes = Sizes(depth=depth) if number % 2 else NARROW
        try:
            example = at_numbers(formula, variables, sizes, depth, _draw(random, reach))
        except OutOfReachError:
            continue
        if not example.holds:
            return example
    return None


def _draw(random: Random, reach: int) -> Choice:
    def choice(domain: Any, place: tuple[Any, ...]) -> Any:
        bounds = initial_range(domain)
        inside = [
            number
            for number in _SIMPLE
            if (bounds.low < number < bounds.high)
            or (number == bounds.low and not bounds.low_open)
            or (number == bounds.high and not bounds.high_open)
        ]
        return random.choice(inside[:reach]) if inside else between(bounds.low, bounds.high)

    return choice

"""Whether a relation between two values holds in every case, and by which method that is known."""

from collections.abc import Callable, Iterable
from typing import Any

from sympy import Dummy, Eq, Ge, Gt, Le, Lt, MatrixBase, reduced

from theory.calculus import Identical
from theory.proving.arrays import broadcast, entries
from theory.proving.cases import each_case
from theory.proving.enclosure import prove_positive
from theory.proving.errors import NegativeError, OutOfReachError, ShapeError
from theory.proving.field import Field, Root
from theory.proving.ranges import Signs
from theory.proving.signs import Facts, SignTable

# The signs that left − right may have. Over the reals, identical is equal.
ALLOWED: dict[Any, Signs] = {
    Eq: frozenset({0}),
    Identical: frozenset({0}),
    Le: frozenset({-1, 0}),
    Lt: frozenset({-1}),
    Ge: frozenset({0, 1}),
    Gt: frozenset({1}),
}

Sides = Callable[[], tuple[Any, Any]]


def settle(
    kind: Any, sides: Sides, field: Field, facts: Facts, contacts: Iterable[Any] = ()
) -> str:
    """Prove a relation of a kind, such as Le, in every case; the value says how.

    Raises OutOfReachError with what is missing.
    """

    def question(table: SignTable) -> list[str]:
        left, right = sides()
        return [_settled(kind, table, one, contacts) for one in differences(left, right)]

    answers = [ways for _, ways in each_case(field, facts, question)]
    distinct = dict.fromkeys(way for ways in answers for way in ways)
    count = f" ({len(answers)} cases by signs)" if len(answers) > 1 else ""
    return "; ".join(distinct) + count


def settle_equivalence(
    statements: Callable[[], list[tuple[Any, Any, Any]]], field: Field, facts: Facts
) -> str:
    """Prove that comparisons (kind, left, right) hold in the same cases. Raises OutOfReachError."""

    def question(_: SignTable) -> set[bool]:
        return {
            all(field.sign(one) in ALLOWED[kind] for one in differences(left, right))
            for kind, left, right in statements()
        }

    answers = [truths for _, truths in each_case(field, facts, question)]
    if any(len(truths) > 1 for truths in answers):
        raise OutOfReachError("the two statements differ in a case that was not excluded")
    return f"both statements have the same truth in all {len(answers)} cases by signs"


def upper_bound(formula: Any) -> tuple[Any, Any]:
    """The value and the bound of value <= bound or bound >= value. Raises OutOfReachError."""
    relation = formula.reversed if isinstance(formula, Ge) else formula
    if not isinstance(relation, Le):
        raise OutOfReachError("the relation is no upper bound")
    return relation.args


def differences(left: Any, right: Any) -> list[Any]:
    """left − right, entry by entry, a single row being repeated for every row of the other side.

    Raises OutOfReachError where the shapes differ.
    """
    if isinstance(left, MatrixBase) and isinstance(right, MatrixBase):
        repeats = left.cols == right.cols and 1 in (left.rows, right.rows)
        if left.shape != right.shape and not repeats:
            raise ShapeError(f"the left side has shape {left.shape}, the right side {right.shape}")
    return entries(broadcast(lambda a, b: a - b, left, right))


def _settled(kind: Any, table: SignTable, difference: Any, contacts: Iterable[Any]) -> str:
    allowed = ALLOWED[kind]
    difference = table.pinned(difference)
    if 0 in allowed and _vanishes(difference, table):
        return "exact identity"
    if allowed == {0}:
        raise OutOfReachError("the difference of the sides does not cancel to 0")
    if table.possible(difference) <= allowed:
        return _exact_sign(difference, table)
    negated = -difference if -1 in allowed else difference
    f = table.field.written_out(table.without_known_factors(negated, 0 not in allowed))
    box = {symbol: table.range(symbol) for symbol in sorted(f.free_symbols, key=str)}
    if not box:
        raise OutOfReachError(f"the sides differ by {difference}")
    if any(part.is_empty for part in box.values()):
        return "no such case"
    try:
        prove_positive(f, box, 0 not in allowed, contacts)
    except NegativeError as found:
        raise OutOfReachError(f"the inequality fails: {found}") from None
    return "Arb branch and bound on " + ", ".join(f"{x} in {part}" for x, part in box.items())


def _vanishes(difference: Any, table: SignTable) -> bool:
    if table.field.is_zero(difference):
        return True
    zeros = [p for p, sign in table.facts.signs.items() if sign == 0]
    return bool(zeros) and bool(reduced(table.field.fraction(difference)[0], zeros)[1] == 0)


def _exact_sign(difference: Any, table: SignTable) -> str:
    """How the sign of a difference is known, for the report."""
    numerator, _ = table.field.fraction(difference)
    symbols = numerator.free_symbols
    if len(symbols) != 1:
        return "exact signs of all factors"
    (symbol,) = symbols
    value = table.field.values.get(symbol)
    if value is None and isinstance(symbol, Dummy):  # a name of the prover's own
        return "exact signs of all factors"
    if value is None or value.function is Root:
        return f"exact: polynomial in {symbol.name}, by root isolation"
    arguments = ", ".join(map(str, value.arguments))
    return (
        f"exact: polynomial in {symbol.name} = {value.function.__name__}({arguments}) on "
        f"{table.range(symbol)}, by root isolation"
    )

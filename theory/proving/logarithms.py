"""Equivalences between a power on one side and its logarithm on the other.

Theory of operation. The logarithm grows, so a < b between positive numbers is log a < log b, and
log(qⁿ) = n·log q. Each side of the equivalence becomes the sign of a rational function of
logarithms; both are the same statement if one function is the other times a factor whose sign is
known everywhere, and the directions of the two relations agree with that sign.
"""

from typing import Any

from sympy import Abs, Pow, cancel, expand_log, log
from sympy.core.relational import Relational

from theory.calculus import Computed, Iterated
from theory.domains import Depth
from theory.heads import ImplementationHead, power, sgd_step
from theory.proving.definitions import read
from theory.proving.errors import OutOfReachError
from theory.proving.field import Field
from theory.proving.relations import ALLOWED
from theory.proving.signs import Facts, SignTable, initial_range


def settle_logarithms(formula: Any) -> str:
    """Prove that both statements of an Iff say the same at every depth. Raises OutOfReachError."""
    field = Field()
    table = SignTable(field, Facts())
    field.sign = table.decide
    (first, when_first), (second, when_second) = (_sign_of(part, field) for part in formula.args)
    if field.is_zero(second):
        raise OutOfReachError("one statement compares equal numbers")
    signs = table.possible(field.normal(first / second)) - {0}
    if len(signs) != 1:
        raise OutOfReachError(
            "neither statement is a multiple of the other by a factor of known sign"
        )
    (sign,) = signs
    if {sign * one for one in when_second} != when_first:
        raise OutOfReachError("the two statements point in different directions")
    scope = "for every n: " if formula.atoms(Depth) else ""
    return f"{scope}both statements are one after taking logarithms, exact identity"


def _sign_of(relation: Any, field: Field) -> tuple[Any, frozenset[int]]:
    """A rational function of logarithms, and its signs for which a relation holds."""
    if not isinstance(relation, Relational):
        raise OutOfReachError(f"{type(relation).__name__} is no comparison")
    left, right = (_without_heads(side) for side in relation.args)
    powers = (left - right).atoms(Pow)
    are_positive = left.is_positive and right.is_positive
    if any(not part.exp.is_number for part in powers) and not are_positive:
        raise OutOfReachError("a side that has no logarithm: it may be negative or 0")
    if powers and are_positive:
        left, right = expand_log(log(left)), expand_log(log(right))
    for symbol in left.free_symbols | right.free_symbols:
        field.domains[symbol] = initial_range(symbol)
    return read(expand_log(left - right), {}, field), ALLOWED[type(relation)]


def _without_heads(node: Any) -> Any:
    """A side as a plain SymPy expression. Raises OutOfReachError."""
    if isinstance(node, Computed):
        return _without_heads(node.args[0])
    if isinstance(node, power):
        return Pow(*(_without_heads(part) for part in node.args))
    if isinstance(node, sgd_step):
        return node.definition(*(_without_heads(part) for part in node.args))
    if isinstance(node, Abs):
        magnitude = Abs(_without_heads(node.args[0]))
        if magnitude.has(Abs):
            raise OutOfReachError("the magnitude of what may be negative")
        return magnitude
    if isinstance(node, Iterated):
        return _geometric(node)
    if isinstance(node, ImplementationHead):
        raise OutOfReachError(f"{type(node).__name__} is no power")
    if not node.args:
        return node
    return node.func(*(_without_heads(part) for part in node.args))


def _geometric(node: Any) -> Any:
    """h = start, then h = c·h in each of count layers, is start·c to the power of count."""
    body, h, layer, start, count = node.args
    factor = cancel(_without_heads(body) / h)
    if factor.free_symbols & {h, layer}:
        raise OutOfReachError("a network whose layers are not all the same factor")
    return factor**count * start

"""Limits at both infinities, by Gruntz's algorithm."""

from typing import Any

from sympy import (
    And,
    Ge,
    Gt,
    Le,
    Limit,
    Lt,
    Not,
    Or,
    Piecewise,
    Rational,
    S,
    diff,
    limit,
    oo,
    simplify,
    sympify,
)

from theory.calculus import Slope
from theory.domains import is_within
from theory.head import Head
from theory.heads import Elementwise
from theory.proving.errors import OutOfReachError


class LimitError(Exception):
    """A limit that is another one than was claimed: the message says which, `found` is it."""

    def __init__(self, message: str, found: Any) -> None:
        super().__init__(message)
        self.found = found


def settle_limits(formula: Any) -> str:
    """Prove Limits(y, x, left, right). Raises LimitError, and OutOfReachError."""
    y, x, *claimed = formula.args
    for end, stated in zip((-oo, oo), claimed, strict=True):
        settle_limit(y, x, end, stated)
    return "limits at both ends, by Gruntz's algorithm"


def settle_limit(y: Any, x: Any, end: Any, stated: Any) -> None:
    """Prove what y goes to as x goes to one end. Raises LimitError, and OutOfReachError."""
    try:
        found = limit(_without_cases(_written_out(y), x, end), x, end)
        difference = simplify(found - stated) if found.is_finite else None
    except OutOfReachError:
        raise
    except Exception as error:  # SymPy gives up in many ways
        name = type(error).__name__
        raise OutOfReachError(f"SymPy's limit at {end} ended with {name}: {error}") from error
    if found == stated or (difference is not None and difference.is_zero):
        return
    if not found.is_extended_real or found.has(Head, Limit):
        raise OutOfReachError(f"the limit at {end} stays open: {found}")
    if difference is not None and not _differs(difference):
        raise OutOfReachError(f"whether the limit {found} at {end} is {stated} stays open")
    raise LimitError(f"as {x} goes to {end} the limit is {found}, not {stated}", found)


def _differs(difference: Any) -> bool:
    """Whether a number is not zero, for some value of its parameters at least."""
    values = {
        symbol: half if is_within(symbol, half, sympify) else symbol.simplest
        for symbol in difference.free_symbols
        for half in [Rational(3, 8)]
    }
    return bool(difference.xreplace(values).is_nonzero)


def _written_out(expression: Any) -> Any:
    """An expression with the definitions of its heads, and with its slopes taken."""
    arguments = [_written_out(part) for part in expression.args]
    if isinstance(expression, Elementwise):
        return _written_out(type(expression).definition(*arguments))
    if isinstance(expression, Slope):
        return diff(*arguments)
    return expression.func(*arguments) if arguments else expression


def _without_cases(value: Any, x: Any, end: Any) -> Any:
    """The piece of every Piecewise in which x ends."""

    def ending(pieces: Any) -> Any:
        for piece, condition in pieces.args:
            if _holds(condition, x, end):
                return piece
        raise OutOfReachError(f"no piece of {pieces} holds as {x} goes to {end}")

    return value.replace(lambda part: isinstance(part, Piecewise), ending)


def _holds(condition: Any, x: Any, end: Any) -> bool:
    if condition in (S.true, S.false):
        return bool(condition)
    if isinstance(condition, And | Or):
        parts = [_holds(part, x, end) for part in condition.args]
        return all(parts) if isinstance(condition, And) else any(parts)
    if isinstance(condition, Not):
        return not _holds(condition.args[0], x, end)
    if not isinstance(condition, Gt | Ge | Lt | Le):
        raise OutOfReachError(f"whether {condition} as {x} goes to {end} is not decided")
    difference = limit(condition.lhs - condition.rhs, x, end)
    if isinstance(condition, Gt | Ge) and difference.is_extended_nonzero:
        return bool(difference > 0)
    if isinstance(condition, Lt | Le) and difference.is_extended_nonzero:
        return bool(difference < 0)
    raise OutOfReachError(f"whether {condition} as {x} goes to {end} is not decided")

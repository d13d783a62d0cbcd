"""Limits at both infinities, by Gruntz's algorithm."""

from typing import Any

from sympy import And, Ge, Gt, Le, Lt, Not, Or, Piecewise, S, diff, limit, oo

from theory.calculus import Slope
from theory.heads import Elementwise
from theory.proving.errors import OutOfReachError


class LimitError(Exception):
    """A limit that is another one than was claimed; the message says which."""


def settle_limits(formula: Any) -> str:
    """Prove Limits(y, x, left, right). Raises LimitError, and OutOfReachError."""
    y, x, *claimed = formula.args
    value = _written_out(y)
    for end, stated in zip((-oo, oo), claimed, strict=True):
        found = limit(_without_cases(value, x, end), x, end)
        if not (found - stated).is_zero and found != stated:
            raise LimitError(f"as {x} goes to {end} the limit is {found}, not {stated}")
    return "limits at both ends, by Gruntz's algorithm"


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
        return next(piece for piece, condition in pieces.args if _holds(condition, x, end))

    return value.replace(lambda part: isinstance(part, Piecewise), ending)


def _holds(condition: Any, x: Any, end: Any) -> bool:
    if condition in (S.true, S.false):
        return bool(condition)
    if isinstance(condition, And | Or):
        parts = [_holds(part, x, end) for part in condition.args]
        return all(parts) if isinstance(condition, And) else any(parts)
    if isinstance(condition, Not):
        return not _holds(condition.args[0], x, end)
    difference = limit(condition.lhs - condition.rhs, x, end)
    if isinstance(condition, Gt | Ge) and difference.is_extended_nonzero:
        return bool(difference > 0)
    if isinstance(condition, Lt | Le) and difference.is_extended_nonzero:
        return bool(difference < 0)
    raise OutOfReachError(f"whether {condition} as {x} goes to {end} is not decided")

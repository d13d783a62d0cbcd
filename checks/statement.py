"""What a claim says, evaluated exactly on what a reading delivers."""

from collections.abc import Callable, Mapping
from fractions import Fraction
from types import MappingProxyType
from typing import Any

import numpy as np

from checks.enclosures import Arithmetic, Ball
from checks.formats import Format
from checks.operations import exact_head
from checks.program import Program
from checks.readings import Reading, points
from checks.rules import RULES
from checks.rules.rule import closed_form
from checks.singular import largest_singular_value, smallest_singular_value
from checks.tracing import Arrays


def sides(
    program: Program, arithmetic: Arithmetic, reading: Reading, arrays: Arrays, fmt: Format
) -> tuple[Ball, Ball]:
    """The two sides of the relation, in exact arithmetic on the balls of the reading."""
    values = evaluate(program, arithmetic, reading, arrays, fmt)
    return values[program.left], values[program.right]


def terms(
    program: Program, arithmetic: Arithmetic, reading: Reading, arrays: Arrays, fmt: Format
) -> tuple[Ball, Ball]:
    """How large the terms are that the two sides add up, whatever these cancel to."""
    values = evaluate(program, arithmetic, reading, arrays, fmt)
    sizes: dict[int, Any] = {}
    for index, node in enumerate(program.statement):
        if node.operation in _ADDING:
            operands = [sizes[a] if isinstance(a, int) else abs(a) for a in node.arguments]  # type: ignore[arg-type]  # a Fraction
            sizes[index] = _OPERATIONS[node.operation](arithmetic, *operands)
        else:
            sizes[index] = arithmetic.absolute(values[index])
    return sizes[program.left], sizes[program.right]


def evaluate(
    program: Program,
    arithmetic: Arithmetic,
    reading: Reading,
    arrays: Arrays,
    fmt: Format,
    known: Mapping[int, Ball] = MappingProxyType({}),
) -> dict[int, Any]:
    """The value of every node of the statement; of some it may be known from elsewhere."""
    values: dict[int, Any] = {}
    for index, node in enumerate(program.statement):
        if index in known:
            values[index] = known[index]
        elif node.operation == "input":
            assert node.key is not None
            values[index] = _joined(points(arithmetic, arrays[node.key]))
        elif node.operation == "observe":
            (network,) = node.arguments
            values[index] = (
                _joined(reading.values[network])
                if isinstance(network, int)
                else arithmetic.number(network)
            )
        elif node.derivative:
            values[index] = _joined(reading.derivatives[node])
        elif node.operation == "constant T_over":
            values[index] = arithmetic.number(fmt.overflow_threshold)
        elif node.operation == "constant T_under":
            values[index] = arithmetic.number(fmt.underflow_threshold)
        else:
            operands = [values[a] if isinstance(a, int) else a for a in node.arguments]
            head = exact_head(node.operation)
            operation = RULES[head].forward if head else _OPERATIONS[node.operation]
            values[index] = operation(arithmetic, *operands)
    return values


def _joined(value: Any) -> Ball:
    """A list of arrays as one row of all their entries."""
    if not isinstance(value, list):
        return value
    parts = [part.map(np.ravel) for part in value]
    return Ball(
        np.concatenate([part.mid for part in parts]), np.concatenate([part.rad for part in parts])
    )


def _ball(ar: Arithmetic, value: Any) -> Ball:
    return ar.number(value) if isinstance(value, Fraction) else value


def _dot(ar: Arithmetic, a: Any, b: Any) -> Ball:
    if isinstance(a, Fraction) or isinstance(b, Fraction):
        return ar.multiply(_ball(ar, a), _ball(ar, b))
    return ar.dot(a, b)


def _raise(ar: Arithmetic, base: Any, exponent: Fraction) -> Ball:
    return ar.power(_ball(ar, base), int(exponent))


def _identity(ar: Arithmetic, like: Ball) -> Ball:
    return ar.point(np.eye(like.shape[-1]))


def _diagonal(ar: Arithmetic, row: Ball) -> Ball:
    on, zero = np.eye(row.shape[-1], dtype=bool), ar.number(Fraction(0))
    return Ball(np.where(on, row.mid, zero.mid), np.where(on, row.rad, 0.0))


def _norm(ar: Arithmetic, x: Ball) -> Ball:
    flat = x.map(np.ravel)
    # Scaled by the largest entry, a power of two, so that the squares neither overflow nor vanish.
    largest = float(np.max(flat.magnitude, initial=0.0))
    if not np.isfinite(largest) or largest == 0:
        return ar.norm(flat)
    # 2^1074 would overflow; 2^1000 leaves the squares of the smallest subnormal at 2^-148.
    exponent = int(np.clip(np.frexp(largest)[1], -1000, 1000))
    down, up = (ar.number(Fraction(2) ** power) for power in (-exponent, exponent))
    scaled = ar.multiply(flat, down)
    return ar.multiply(ar.norm(scaled), up)


def _second_moment(ar: Arithmetic, x: Ball) -> Ball:
    return _mean(ar, ar.multiply(x, x))


def _mean(ar: Arithmetic, x: Any) -> Ball:
    flat = _ball(ar, x).map(np.ravel)
    return ar.divide(ar.sum(flat), ar.number(Fraction(flat.shape[0])))


def _column_total(ar: Arithmetic, x: Ball) -> Ball:
    return ar.sum(x, axis=0)


def _column_mean(ar: Arithmetic, x: Ball) -> Ball:
    return ar.divide(_column_total(ar, x), _rows(ar, x))


def _column_variance(ar: Arithmetic, x: Ball) -> Ball:
    centred = ar.subtract(x, _column_mean(ar, x))
    return _column_mean(ar, ar.multiply(centred, centred))


def _rows(ar: Arithmetic, x: Ball) -> Ball:
    return ar.number(Fraction(x.shape[0]))


def _count_beyond(ar: Arithmetic, x: Ball, bound: Any) -> Ball:
    """The entries whose midpoints lie beyond, give or take those whose balls reach the bound."""
    excess = ar.subtract(ar.absolute(x), _ball(ar, bound))
    beyond = np.asarray(excess.mid > 0, dtype=bool)
    return Ball(ar.point(beyond.sum(axis=0)).mid, _is_doubtful(excess).sum(axis=0))


def _part(ar: Arithmetic, x: Ball, number: Fraction, of: Fraction) -> Ball:
    return x.map(lambda values: np.split(values, int(of), axis=-1)[int(number) - 1])


def _sign(ar: Arithmetic, x: Ball) -> Ball:
    return Ball(ar.point(np.sign(x.center)).mid, np.where(_is_doubtful(x), 2.0, 0.0))


def _positive(ar: Arithmetic, x: Ball) -> Ball:
    return _truth(ar, x, x.mid > 0)


def _nonnegative(ar: Arithmetic, x: Ball) -> Ball:
    return _truth(ar, x, x.mid >= 0)


def _truth(ar: Arithmetic, x: Ball, of_midpoint: Any) -> Ball:
    """1 where a sign is as asked, 0 where not, by the midpoint; either where it may be another."""
    of_midpoint = np.asarray(of_midpoint, dtype=bool)
    return Ball(ar.point(of_midpoint).mid, np.where(_is_doubtful(x), 1.0, 0.0))


def _is_doubtful(x: Ball) -> Any:
    """Whether an entry may have another sign than its midpoint."""
    return ~(np.abs(x.center) > x.rad) & (x.rad > 0)


# What may cancel: the sizes of its terms are those of its operands.
_ADDING = {
    "value",
    "add",
    "mul",
    "dot",
    "transpose",
    "diagonal",
    "total",
    "trace",
    "column_total",
    "column_mean",
}
_OPERATIONS: dict[str, Callable[..., Any]] = {
    "value": _ball,
    "positive": lambda ar, x: _positive(ar, _ball(ar, x)),
    "nonnegative": lambda ar, x: _nonnegative(ar, _ball(ar, x)),
    "add": lambda ar, a, b: ar.add(_ball(ar, a), _ball(ar, b)),
    "mul": lambda ar, a, b: ar.multiply(_ball(ar, a), _ball(ar, b)),
    "raise": _raise,
    "reciprocal": lambda ar, x: ar.reciprocal(_ball(ar, x)),
    "sqrt": lambda ar, x: ar.sqrt(_ball(ar, x)),
    "abs": lambda ar, x: ar.absolute(_ball(ar, x)),
    "exp": lambda ar, x: ar.exp(_ball(ar, x)),
    "log": lambda ar, x: ar.log(_ball(ar, x)),
    "larger": lambda ar, a, b: ar.larger(_ball(ar, a), _ball(ar, b)),
    "dot": _dot,
    "transpose": lambda ar, x: x.map(np.transpose),
    "diagonal": _diagonal,
    "identity": _identity,
    "norm": _norm,
    "largest_singular_value": largest_singular_value,
    "smallest_singular_value": smallest_singular_value,
    "part": _part,
    "total": lambda ar, x: ar.sum(x),
    "column_total": _column_total,
    "column_mean": _column_mean,
    "column_variance": _column_variance,
    "rows": _rows,
    "count_beyond": _count_beyond,
    "sign": lambda ar, x: _sign(ar, _ball(ar, x)),
    "trace": lambda ar, x: ar.sum(x.map(np.diagonal)),
    "expectation": _mean,
    "closed form": lambda ar, number: closed_form(ar, number.expression),
    "second_moment": _second_moment,
}

"""What a rule is: the two readings of an operation."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from typing import Any

import numpy as np
from sympy import Expr

from checks import reference
from checks.enclosures import Arithmetic, Ball

Value = Any  # a Ball; a list of them for the gradients of several arrays; a number


Operands = Sequence[Value]


Contributions = tuple[Ball | None, ...]


@dataclass(frozen=True)
class Rule:
    """The two readings of an operation. Operands are balls, numbers stay Fractions."""

    forward: Callable[..., Any]
    backward: Callable[..., Contributions] | None = None


def as_ball(ar: Arithmetic, operand: Value) -> Ball:
    """An operand as a ball; numbers are read in the working format."""
    return ar.number(operand) if isinstance(operand, Fraction) else operand


def closed_form(ar: Arithmetic, number: Expr) -> Ball:
    """A real number that is written with pi, e or erf."""
    return ar.number(_evaluated(number))


@cache
def _evaluated(number: Expr) -> Fraction:
    """To as many digits as the reference has bits: the rest is far below its rounding."""
    return Fraction(str(number.evalf(reference.BITS)))


def joined(parts: Sequence[Ball]) -> Ball:
    """All entries of several arrays in one row."""
    flat = [part.map(np.ravel) for part in parts]
    return Ball(
        np.concatenate([part.mid for part in flat]), np.concatenate([part.rad for part in flat])
    )


def unbroadcast(ar: Arithmetic, ball: Ball, like: Value) -> Ball | None:
    """A gradient summed down to the shape of the operand that was broadcast."""
    if isinstance(like, Fraction):
        return None
    extra = len(ball.shape) - len(like.shape)
    shape = (1,) * extra + like.shape
    axes = tuple(
        axis
        for axis, size in enumerate(shape)
        if axis < extra or (size == 1 and ball.shape[axis] != 1)
    )
    if not axes:
        return ball
    return ar.sum(ball, axis=axes, keepdims=True).map(lambda part: part.reshape(like.shape))

"""What a rule is: the two readings of an operation."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

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

"""What the name of a network's operation says: the function that is called, and which output of it.

An operation is called like the head, `lstm_cell.c` where it is one of several outputs; the array
library's own arithmetic (`add`, `total`) has no head.
"""

from collections.abc import Sequence
from typing import Any

from theory.heads import HEADS
from theory.heads.kinds import ImplementationHead, Initializer, Several


def function_of(operation: str) -> str:
    """The name of the implementation's function."""
    return operation.partition(".")[0]


def exactly(head: str) -> str:
    """The operation of a statement that evaluates a head exactly."""
    return f"exactly {head}"


def exact_head(operation: str) -> str | None:
    """The head that an operation of a statement evaluates exactly, if it is one that does."""
    return operation.removeprefix("exactly ") if operation.startswith("exactly ") else None


def head_of(operation: str) -> type[ImplementationHead] | None:
    """The head that defines the operation; None for the array library's own arithmetic."""
    return HEADS.get(function_of(operation))


def outputs_of(operation: str) -> tuple[str, ...]:
    """The names of all outputs of the function; none where it delivers one object."""
    head = head_of(operation)
    return tuple(head.outputs) if head and issubclass(head, Several) else ()


def output_number(operation: str) -> int:
    """Which of several outputs the operation is."""
    return outputs_of(operation).index(operation.partition(".")[2])


def as_called(operation: str, arguments: Sequence[Any]) -> list[Any]:
    """The arguments as the function takes them: an array alone as a list, where it takes a list."""
    head = head_of(operation)
    if head is None or not head.lists:
        return list(arguments)
    return [
        [argument] if name in head.lists and not isinstance(argument, list) else argument
        for name, argument in zip(head.parameters, arguments, strict=True)
    ]


def state_of(operation: str) -> frozenset[int]:
    """The places of the arguments that a layer keeps, to which no gradient is sent."""
    head = head_of(operation)
    return frozenset(map(head.parameters.index, head.state)) if head else frozenset()


def is_drawn(operation: str) -> bool:
    """Whether the operation draws at random, so that only a run knows its value."""
    head = head_of(operation)
    return bool(head and issubclass(head, Initializer))


def is_differentiable(operation: str) -> bool:
    """Whether a gradient is sent to the operation's output: not to what nobody can change."""
    return operation not in {"zeros", "constant", "fresh_state"} and not is_drawn(operation)

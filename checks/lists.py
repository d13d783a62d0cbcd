"""Gradients and parameters come as lists of arrays; what is done to an array is done to each."""

from collections.abc import Callable
from typing import Any


def mapped(function: Callable[..., Any], first: Any, *others: Any) -> Any:
    """function(first, …), or the list of its values where the arguments are lists, or of lists."""
    if isinstance(first, list):
        return [mapped(function, *parts) for parts in zip(first, *others, strict=True)]
    return function(first, *others)


def entered(value: Any) -> list[Any]:
    """The arrays of a value: itself, or the parts of a list and of the lists in it."""
    if not isinstance(value, list):
        return [value]
    return [array for part in value for array in entered(part)]


def fresh_state(zeros: Callable[[tuple[int, ...]], Any], params: Any) -> list[Any]:
    """What Adam remembers before its first step, of zeros of a given shape."""
    shapes = [tuple(param.shape) for param in entered(params)]
    first, second = ([zeros(shape) for shape in shapes] for _ in range(2))
    return [first, second, zeros(())]

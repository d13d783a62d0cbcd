"""Gradients and parameters come as lists of arrays; what is done to an array is done to each."""

from collections.abc import Callable
from typing import Any


def mapped(function: Callable[..., Any], first: Any, *others: Any) -> Any:
    """function(first, …), or the list of its values where the arguments are lists."""
    if isinstance(first, list):
        return [function(*parts) for parts in zip(first, *others, strict=True)]
    return function(first, *others)


def entered(value: Any) -> list[Any]:
    """The arrays of a value: itself, or the parts of a list."""
    return value if isinstance(value, list) else [value]

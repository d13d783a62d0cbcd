"""The textbook in NumPy: every head with the backward pass derived by hand.

Sixteen-bit arrays are widened to float32, computed on, and rounded once on the way out; bfloat16
comes from ml_dtypes. A backward pass is called `NAME_backward(grad, *arguments, output)` and
returns the gradient of each array argument.
"""

from types import ModuleType
from typing import Any

from checks.implementation import Implementation
from checks.implementations.numpy_textbook import (
    activations,
    arithmetic,
    gradients,
    initializers,
    layers,
    normalization,
    penalties,
    recurrent,
    steps,
)

MODULES = (
    activations,
    layers,
    normalization,
    gradients,
    initializers,
    arithmetic,
    penalties,
    steps,
    recurrent,
)


def _functions(module: ModuleType) -> dict[str, Any]:
    """The functions that a module defines, without those that it imports or keeps to itself."""
    return {
        name: value
        for name, value in vars(module).items()
        if callable(value)
        and getattr(value, "__module__", "") == module.__name__
        and name[0] != "_"
    }


NUMPY_TEXTBOOK = Implementation(
    name="numpy-textbook",
    library="numpy",
    functions={name: value for module in MODULES for name, value in _functions(module).items()},
)

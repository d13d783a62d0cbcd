"""What every head of an implementation has: a definition over the reals, shapes and a source.

`definition` takes SymPy objects and returns one: numbers as expressions, a row as a 1×d Matrix, a
batch as an m×d Matrix, a weight as an out×in Matrix, features as a 1×d Matrix. It is what the
prover works with. `numbers` names the arguments that are Python floats and not arrays.
"""

from typing import Any, ClassVar

from theory.head import Head
from theory.sources import (
    Citation,
)


class ImplementationHead(Head):
    """A head that implementations define as a function of the same name."""

    numbers: ClassVar[frozenset[str]] = frozenset()
    shapes: ClassVar[str] = ""
    source: ClassVar[Citation]

    @classmethod
    def definition(cls, *arguments: Any) -> Any:
        """The value over the reals, as a SymPy object."""
        raise NotImplementedError


class Elementwise(ImplementationHead):
    """A function of one real number that implementations apply to every entry of an array."""

    shapes = "any shape -> the same shape"

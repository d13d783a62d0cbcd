"""What every head of an implementation has: a definition over the reals, shapes and a source.

`definition` takes SymPy objects and returns one: numbers as expressions, a row as a 1×d Matrix, a
batch as an m×d Matrix, a weight as an out×in Matrix, features as a 1×d Matrix. It is what the
prover works with. `numbers` names the arguments that are Python floats and not arrays, `lists`
those that implementations get as a list of arrays; where a formula gives one array, it is the list
of it alone. `state` names arrays that a layer keeps, such as running statistics: no gradient is
sent to them, and a backward pass returns none for them.
"""

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from sympy.core.symbol import Str

from theory.head import Head
from theory.sources import Citation


class ImplementationHead(Head):
    """A head that implementations define as a function of the same name."""

    numbers: ClassVar[frozenset[str]] = frozenset()
    lists: ClassVar[frozenset[str]] = frozenset()
    scalar: ClassVar[bool] = False  # whether the output is a single number, of shape ()
    state: ClassVar[frozenset[str]] = frozenset()
    shapes: ClassVar[str] = ""
    shaped_like: ClassVar[str] = ""  # the argument whose shape the output has; "" is the first
    source: ClassVar[Citation]

    @classmethod
    def definition(cls, *arguments: Any) -> Any:
        """The value over the reals, as a SymPy object."""
        raise NotImplementedError


class Elementwise(ImplementationHead):
    """A function of one real number that implementations apply to every entry of an array."""

    shapes = "any shape -> the same shape"


class Initializer(ImplementationHead):
    """A head that draws a weight of a given shape from a seed."""

    numbers = frozenset({"shape", "gain", "seed"})
    shapes = "shape (out, in, *kernel), seed a whole number -> weight of that shape"


class Several(ImplementationHead):
    """A head with several outputs, which a formula takes apart: h, c = lstm_cell(...).

    `outputs` names them in order, each with the argument whose shape it has; `definition` returns
    as many objects. Implementations return a tuple, and a backward pass takes a tuple of gradients.
    """

    outputs: ClassVar[Mapping[str, str]]

    def __iter__(self) -> Iterator["Output"]:
        return (Output(self, Str(name)) for name in self.outputs)


class Output(Head):
    """One of several outputs, by its name."""

    parameters = ("of", "name")

    def _latex(self, printer: Any, exp: str | None = None) -> str:
        power = f"^{{{exp}}}" if exp else ""
        return rf"{printer._print(self.args[0])}_{{\mathrm{{{self.args[1]}}}}}{power}"

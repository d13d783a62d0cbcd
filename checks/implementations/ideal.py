"""The control: every operation exact, and rounded correctly once.

It has no functions of its own: values and gradients come from the rules that also make the
enclosures, in exact arithmetic. What breaks here is the format's limit and nobody's fault.
"""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from checks import reference
from checks.enclosures import Arithmetic, Ball
from checks.formats import FLOAT64, Format
from checks.implementation import Implementation
from checks.implementations.numpy_textbook import NUMPY_TEXTBOOK
from checks.lists import mapped
from checks.operations import function_of, is_drawn
from checks.program import Program
from checks.rules import Exact
from checks.tracing import Array, Machine, Stored, accumulate, number

IDEAL = Implementation("ideal", "ideal", {}, layouts=())


class IdealMachine(Machine):
    """Arrays in the format under test; arithmetic in numbers wider than it."""

    def __init__(self, implementation: Implementation, fmt: Format) -> None:
        super().__init__(implementation, fmt)
        self.exact = Exact(Arithmetic.exact(wide=fmt is FLOAT64))

    def load(self, values: Any, *, differentiated: bool = True) -> Array:
        """As they are."""
        return values

    def save(self, array: Array) -> Any:
        """As they are."""
        return array

    def forward(self, program: Program, index: int, arguments: Sequence[Any]) -> Array:
        """The rule in exact arithmetic, rounded to nearest once."""
        node = program.network[index]
        if is_drawn(node.operation):
            draw = NUMPY_TEXTBOOK.functions[function_of(node.operation)]
            return self.format.nearest(draw(*map(number, arguments)))
        result = mapped(
            self._round, self.exact.forward(node.operation, *map(self._ball, arguments))
        )
        first, *others = arguments
        if self.exact.arithmetic.wide and all(isinstance(other, Fraction) for other in others):
            return _signed(result, first)
        return result

    def pull(
        self, program: Program, values: Mapping[int, Array], path: Sequence[int], seed: Stored
    ) -> dict[int, Stored]:
        """The rules' backward passes in exact arithmetic, every gradient rounded once."""

        def contributions(index: int, grad: Array) -> Sequence[Any]:
            node = program.network[index]
            arguments = [values[a] if isinstance(a, int) else a for a in node.arguments]
            parts = self.exact.backward(
                node.operation,
                *map(self._ball, arguments),
                self._ball(values[index]),
                self._ball(grad),
            )
            return [None if part is None else mapped(self._round, part) for part in parts]

        def add(a: Array, b: Array) -> Array:
            return self._round(self.exact.added(self._ball(a), self._ball(b)))

        return accumulate(program, path, seed, contributions, add)

    def _ball(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self._ball(part) for part in value]
        return self.exact.arithmetic.point(value) if isinstance(value, np.ndarray) else value

    def _round(self, ball: Ball) -> Array:
        return self.format.nearest(reference.doubles(ball.mid))


def _signed(result: Any, argument: Any) -> Any:
    """Zero for zero keeps its sign, of which exact numbers know nothing."""
    if isinstance(result, list) and isinstance(argument, list) and len(result) == len(argument):
        return [_signed(*parts) for parts in zip(result, argument, strict=True)]
    arrays = isinstance(result, np.ndarray) and isinstance(argument, np.ndarray)
    if not arrays or result.shape != argument.shape:
        return result
    return np.where((result == 0) & (argument == 0), argument, result)

"""The control: every operation exact, and rounded correctly once.

It has no functions of its own: values and gradients come from the rules that also make the
enclosures, in exact arithmetic. What breaks here is the format's limit and nobody's fault.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from checks import reference
from checks.enclosures import Arithmetic, Ball
from checks.formats import FLOAT64, Format
from checks.implementation import Implementation
from checks.program import Program
from checks.rules import RULES
from checks.tracing import Array, Machine, Stored, accumulate

IDEAL = Implementation("ideal", "ideal", {})


class IdealMachine(Machine):
    """Arrays in the format under test; arithmetic in numbers wider than it."""

    def __init__(self, implementation: Implementation, fmt: Format) -> None:
        super().__init__(implementation, fmt)
        self.arithmetic = Arithmetic.exact(wide=fmt is FLOAT64)

    def load(self, values: Any) -> Array:
        """As they are."""
        return values

    def save(self, array: Array) -> Any:
        """As they are."""
        return array

    def forward(self, program: Program, index: int, arguments: Sequence[Any]) -> Array:
        """The rule in exact arithmetic, rounded to nearest once."""
        node = program.network[index]
        if node.operation == "he_normal":
            shape, seed = node.arguments
            scale = np.sqrt(2 / np.prod(shape[1:]))  # type: ignore[index]  # a shape
            draws = np.random.default_rng(int(seed)).normal(0.0, scale, shape)  # type: ignore[arg-type]  # a seed
            return self.format.nearest(draws)
        result = RULES[node.operation].forward(self.arithmetic, *map(self._ball, arguments))
        return [*map(self._round, result)] if isinstance(result, list) else self._round(result)

    def pull(
        self, program: Program, values: Mapping[int, Array], y: int, x: int, seed: Stored
    ) -> dict[int, Stored]:
        """The rules' backward passes in exact arithmetic, every gradient rounded once."""

        def contributions(index: int, grad: Array) -> Sequence[Any]:
            node = program.network[index]
            arguments = [values[a] if isinstance(a, int) else a for a in node.arguments]
            backward = RULES[node.operation].backward
            assert backward is not None
            parts = backward(
                self.arithmetic,
                *map(self._ball, arguments),
                self._ball(values[index]),
                self._ball(grad),
            )
            return [None if part is None else self._round(part) for part in parts]

        def add(a: Array, b: Array) -> Array:
            return self._round(self.arithmetic.add(self._ball(a), self._ball(b)))

        return accumulate(program, y, x, seed, contributions, add)

    def _ball(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self._ball(part) for part in value]
        return self.arithmetic.point(value) if isinstance(value, np.ndarray) else value

    def _round(self, ball: Ball) -> Array:
        return self.format.nearest(reference.doubles(ball.mid))

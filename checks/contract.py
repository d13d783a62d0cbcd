"""The contract under which an implementation is enclosed: formats, device, and what it stated."""

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from checks.enclosures import Arithmetic, Ball, store
from checks.formats import FLOAT64, Format
from checks.implementation import Implementation
from checks.lists import mapped
from checks.machines import machine
from checks.operations import function_of
from checks.rules import RULES, pulled


@dataclass(frozen=True)
class Contract:
    """Read in the storage format, work in the working format, round each output once."""

    storage: Format
    working: Format
    ulps: Any
    flushes: bool = False

    @classmethod
    def of(cls, implementation: Implementation, fmt: Format) -> "Contract":
        """What an implementation promises in a format, on a device that is asked what it does."""
        working = implementation.working_format(fmt)
        flushes = machine(implementation, fmt).flushes(working)
        return cls(fmt, working, implementation.ulps, flushes)

    @property
    def arithmetic(self) -> Arithmetic:
        """Ball arithmetic in the working format."""
        return Arithmetic.of(self.working, wide=self.storage is FLOAT64, flushes=self.flushes)

    @property
    def exact(self) -> Arithmetic:
        """The exact reading that goes with this format."""
        return Arithmetic.exact(wide=self.storage is FLOAT64)

    def forward(self, operation: str, *operands: Any) -> Any:
        """The enclosure of an operation's output after its one rounding; a list for a list."""
        result = RULES[operation].forward(self.arithmetic, *operands)
        return mapped(partial(self.stored, operation), result)

    def backward(self, operation: str, *operands: Any) -> list[Any]:
        """The enclosures of the gradients of an operation's arguments, each rounded once."""
        parts = pulled(self.forward, operation, self.arithmetic, *operands)
        store_one = partial(self.stored, operation)
        return [part if part is None else mapped(store_one, part) for part in parts]

    def stored(self, operation: str, ball: Ball) -> Ball:
        """A result after its one rounding into storage, or within the ulps that were stated."""
        result = store(ball, self.storage, self.working, flushes=self.flushes)
        function = function_of(operation)
        if function not in self.ulps:
            return result
        with np.errstate(invalid="ignore"):
            # What is stated replaces the last rounding; what came before it stays.
            stated = self.ulps[function] * self.storage.ulp(np.abs(ball.center))
        return Ball(result.mid, np.maximum(result.rad, ball.rad + stated))

    def added(self, a: Ball, b: Ball) -> Ball:
        """Two gradients that meet at one node, added and stored."""
        return self.stored("add", self.arithmetic.add(a, b))

"""What an implementation is: a name, an array library, and functions called like the heads."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace as _replaced
from pathlib import Path
from types import MappingProxyType
from typing import Any

from checks.formats import Format
from checks.vocabulary import LAYOUTS

Functions = Mapping[str, Callable[..., Any]]
_NOTHING: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True)
class Implementation:
    """Functions named like the heads, over the arrays of one library on one device.

    `library` is "numpy", "torch" or "ideal". `answers_for` are the heads that it is judged on
    (None: all of them). `working` is "wide" (float32 inside 16-bit heads) or "storage"; `ulps` are
    the accuracies that it states where they are weaker than faithful rounding, and `layouts` those
    that its functions take beside contiguous arrays. `path` is the file that it was loaded from,
    and `misspelt` are functions in it that are no heads, but nearly.
    """

    name: str
    library: str
    functions: Functions
    device: str = "cpu"
    answers_for: frozenset[str] | None = None
    working: str = "wide"
    ulps: Mapping[str, float] = field(default_factory=lambda: _NOTHING)
    layouts: tuple[str, ...] = tuple(LAYOUTS)
    path: Path | None = None
    misspelt: tuple[str, ...] = ()

    def replace(self, **functions: Callable[..., Any]) -> "Implementation":
        """The same implementation with other functions: a mutant, or a variant."""
        return _replaced(
            self,
            name=f"{self.name}+{'+'.join(functions)}",
            functions=MappingProxyType({**self.functions, **functions}),
        )

    def working_format(self, storage: Format) -> Format:
        """The format that a head computes in when its arrays are stored in `storage`."""
        return storage if self.working == "storage" else storage.work

    def is_judged_on(self, operation: str) -> bool:
        """Whether a fault in this operation is this implementation's own."""
        return self.answers_for is None or operation in self.answers_for


class Misbehaviour(Exception):
    """An implementation's function raised, or delivered something that is no array of its kind."""

    def __init__(self, operation: str, what: str) -> None:
        super().__init__(f"{operation} {what}")
        self.operation = operation
        self.what = what

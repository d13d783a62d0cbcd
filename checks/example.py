"""One concrete input of a claim: its numbers and its arrays, in one format."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from checks.program import Argument, Key


@dataclass(frozen=True)
class Example:
    """Numbers by variable, arrays by variable and layer; `samples` entries are judged apart."""

    numbers: Mapping[str, Argument]
    arrays: Mapping[Key, Any]
    samples: int = 1

    def sample(self, index: int) -> "Example":
        """The example with only one of its samples."""
        if self.samples == 1:
            return self
        arrays = {key: values[index : index + 1] for key, values in self.arrays.items()}
        return Example(self.numbers, arrays)

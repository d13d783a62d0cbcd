"""One concrete input of a claim: its numbers and its arrays, in one format.

Written down, numbers are fractions "n/d" and array entries are C's hexadecimal floats, which name
every value exactly and in the same way on every machine.
"""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np

from checks.formats import Format
from checks.lists import entered
from checks.program import Argument, Key
from checks.vocabulary import LAYOUTS

# Under which the layout is written down: no variable can have the name of a keyword.
_LAYOUT = "as"


@dataclass(frozen=True)
class Example:
    """Numbers by variable, arrays by variable and layer; `samples` entries are judged apart.

    `layout` is how functions get the arrays, "" for contiguous ones.
    """

    numbers: Mapping[str, Argument]
    arrays: Mapping[Key, Any]
    samples: int = 1
    layout: str = ""

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        # Hypothesis writes its examples out; thousands of entries help nobody there.
        printer.text(f"Example({dict(self.numbers)}, {self.samples} samples)")

    @property
    def bits(self) -> Hashable:
        """What tells the example from any other."""
        arrays = (
            (key, tuple((part.shape, part.dtype.name, part.tobytes()) for part in entered(value)))
            for key, value in self.arrays.items()
        )
        return frozenset(self.numbers.items()), tuple(arrays), self.samples, self.layout

    def sample(self, index: int) -> "Example":
        """The example with only one of its samples."""
        return self.part(index, index + 1)

    def part(self, first: int, end: int) -> "Example":
        """The example with a range of its samples."""
        if self.samples == 1:
            return self
        arrays = {key: values[first:end] for key, values in self.arrays.items()}
        return replace(self, arrays=arrays, samples=end - first)

    def with_array(self, key: Key, values: Any) -> "Example":
        """The example with another array under a key."""
        return replace(self, arrays={**self.arrays, key: values})

    def with_number(self, name: str, value: Argument) -> "Example":
        """The example with another number."""
        return replace(self, numbers={**self.numbers, name: value})


class MalformedInput(ValueError):
    """Inputs that are no example; the message says which."""


def encode(example: Example) -> dict[str, Any]:
    """The example in JSON's types: numbers as strings, arrays with their shape."""
    inputs: dict[str, Any] = {}
    for name, number in example.numbers.items():
        inputs[name] = list(number) if isinstance(number, tuple) else str(number)
    for (name, layer), values in example.arrays.items():
        label = f"{name}[{layer}]" if layer else name
        inputs[label] = [_encode(part) for part in values] if _is_list(values) else _encode(values)
    if example.layout:
        inputs[_LAYOUT] = example.layout
    return inputs


def decode(inputs: Mapping[str, Any], fmt: Format) -> Example:
    """The example that `encode` wrote. Raises MalformedInput."""
    numbers: dict[str, Argument] = {}
    arrays: dict[Key, Any] = {}
    layout = ""
    for label, value in inputs.items():
        try:
            if label == _LAYOUT:
                layout = next(name for name in LAYOUTS if name == value)
            elif isinstance(value, str):
                numbers[label] = Fraction(value)
            elif isinstance(value, list) and all(isinstance(part, int) for part in value):
                numbers[label] = tuple(value)
            else:
                name, _, layer = label.rstrip("]").partition("[")
                parts = [_decode(part, fmt) for part in value] if _is_list(value) else None
                arrays[name, int(layer or 0)] = parts if parts is not None else _decode(value, fmt)
        except (ValueError, TypeError, KeyError, AttributeError, StopIteration) as error:
            what = "layout" if label == _LAYOUT else "number or array"
            raise MalformedInput(f"input {label}: {value!r} is no {what}") from error
    return Example(numbers, arrays, layout=layout)


def _is_list(values: Any) -> bool:
    return isinstance(values, list)


def _encode(values: Any) -> dict[str, Any]:
    flat = np.asarray(values, dtype=np.float64).ravel()
    return {"shape": list(values.shape), "values": [float(value).hex() for value in flat]}


def _decode(value: Mapping[str, Any], fmt: Format) -> Any:
    doubles = np.array([float.fromhex(entry) for entry in value["values"]], dtype=np.float64)
    return doubles.astype(fmt.dtype).reshape(value["shape"])

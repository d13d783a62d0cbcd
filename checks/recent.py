"""What was worked out lately, for others who ask the same."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

Value = TypeVar("Value")


class Recent(Generic[Value]):
    """The values that were asked for last, and what they are of."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._values: OrderedDict[Hashable, Value] = OrderedDict()

    def of(self, what: Hashable, work: Callable[[], Value]) -> Value:
        """The value that is remembered, or else is worked out now. Raises what the work raises."""
        if what in self._values:
            self._values.move_to_end(what)
            return self._values[what]
        value = self._values[what] = work()
        if len(self._values) > self._size:
            self._values.popitem(last=False)
        return value

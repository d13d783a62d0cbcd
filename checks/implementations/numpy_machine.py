"""Running programs on functions over NumPy arrays, differentiated by their own backward passes."""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from checks.formats import Format
from checks.implementation import Implementation, Misbehaviour
from checks.implementations.numpy_textbook.widening import wide
from checks.lists import fresh_state, mapped
from checks.operations import (
    as_called,
    function_of,
    is_drawn,
    output_number,
    outputs_of,
    state_of,
)
from checks.program import Program
from checks.tracing import (
    Array,
    Machine,
    Stored,
    accumulate,
    checked,
    delivered,
    matching,
    number,
    unlisted,
)


class NumpyMachine(Machine):
    """NumPy arrays; the array library's own arithmetic is widened, computed and rounded once."""

    def __init__(self, implementation: Implementation, fmt: Format) -> None:
        super().__init__(implementation, fmt)
        # What functions returned, by node: a backward pass takes all outputs, whichever is meant.
        self.results: dict[int, Any] = {}

    def load(self, values: Any, *, differentiated: bool = True) -> Array:
        """A copy, so that a function that writes to its input harms nobody."""
        return self.save(values)

    def save(self, array: Array) -> Any:
        """A copy, so that what was stored stays what it was."""
        return mapped(np.copy, array)

    def copy(self, array: Array) -> Array:
        """A copy."""
        return array.copy()

    def forward(self, program: Program, index: int, arguments: Sequence[Any]) -> Array:
        """One operation: arithmetic here, a head by the implementation's function."""
        node = program.network[index]
        with np.errstate(all="ignore"):
            if node.operation in _ARITHMETIC:
                return self._arithmetic(node.operation, arguments)
            name = function_of(node.operation)
            arguments = [number(argument) for argument in arguments]
            given = as_called(name, arguments)
            if name == "residual":
                given[1] = self.branch(program, index, *arguments)
            result = self.called(name, self.implementation.functions[name], *given)
        if is_drawn(node.operation):
            like = np.empty(0, dtype=getattr(result, "dtype", float))
            return checked(name, result, like, arguments[0]).astype(self.format.dtype)
        self.results[index] = result
        return delivered(node.operation, result, arguments)

    def _arithmetic(self, operation: str, arguments: Sequence[Any]) -> Array:
        if operation == "joined":
            return [np.concatenate([np.ravel(part) for part in arguments[0]])]
        if operation == "fresh_state":
            return fresh_state(lambda shape: np.zeros(shape, self.format.dtype), arguments[0])
        if operation in {"constant", "zeros"}:
            value = arguments[0]
            shape: Any = () if operation == "constant" else _rows(value)
            return np.full(shape, float(value) if operation == "constant" else 0, self.format.dtype)
        if operation in self.implementation.functions:  # another arithmetic, such as a mutant's
            like = next(part for part in arguments if not isinstance(part, Fraction))
            function = self.implementation.functions[operation]
            result = self.called(operation, function, *map(number, arguments))
            return checked(operation, result, like, None)
        parts = [float(part) if isinstance(part, Fraction) else wide(part) for part in arguments]
        return np.asarray(_ARITHMETIC[operation](*parts)).astype(self.format.dtype)

    def pull(
        self, program: Program, values: Mapping[int, Array], path: Sequence[int], seed: Stored
    ) -> dict[int, Stored]:
        """The textbook reverse pass, one hand-derived backward pass a call."""
        reached = set(path)
        waiting: dict[int, Array] = {}  # gradients of outputs, until those of the others are there

        def contributions(index: int, grad: Array) -> Sequence[Any]:
            node = program.network[index]
            if outputs_of(node.operation):
                waiting[index] = grad
                if index != min(reached.intersection(program.outputs(index))):
                    return []
            arguments = [values[a] if isinstance(a, int) else a for a in node.arguments]
            with np.errstate(all="ignore"):
                if node.operation in _BACKWARD:
                    return self._arithmetic_backward(node.operation, arguments, grad)
                head = function_of(node.operation)
                name = f"{head}_backward"
                function = self.implementation.functions.get(name)
                if function is None:
                    raise Misbehaviour(head, f"has no {name}(grad, *arguments, output)")
                given = as_called(head, [number(argument) for argument in arguments])
                output = self.results[index]
                if names := outputs_of(node.operation):
                    output = tuple(output)
                    grads = [mapped(np.zeros_like, output[place]) for place in range(len(names))]
                    for other in program.outputs(index):
                        if other in waiting:
                            place = output_number(program.network[other].operation)
                            grads[place] = _relisted(waiting[other], output[place])
                    grad = tuple(grads)
                else:
                    grad, output = _relisted(grad, output), _relisted(values[index], output)
                result = self.called(name, function, grad, *given, output)
            parts = result if isinstance(result, tuple) else (result,)
            state = state_of(node.operation)
            held = [isinstance(a, Fraction) or k in state for k, a in enumerate(arguments)]
            arrays = [a for a, none in zip(arguments, held, strict=True) if not none]
            if len(parts) != len(arrays):
                raise Misbehaviour(
                    name, f"returned {len(parts)} gradients for {len(arrays)} arrays"
                )
            given = as_called(head, arguments)
            lists = [a for a, none in zip(given, held, strict=True) if not none]
            delivered = iter(
                unlisted(matching(name, part, given_as), like)
                for part, given_as, like in zip(parts, lists, arrays, strict=True)
            )
            return [None if none else next(delivered) for none in held]

        def add(a: Array, b: Array) -> Array:
            return (wide(a) + wide(b)).astype(self.format.dtype)

        return accumulate(program, path, seed, contributions, add)

    def _arithmetic_backward(
        self, operation: str, arguments: Sequence[Any], grad: Array
    ) -> Sequence[Any]:
        parts = [float(part) if isinstance(part, Fraction) else wide(part) for part in arguments]
        results = _BACKWARD[operation](wide(grad), *parts)
        return [
            None
            if isinstance(part, float)
            else _summed_to(result, part.shape).astype(self.format.dtype)
            for result, part in zip(results, parts, strict=True)
        ]


def _relisted(value: Any, like: Any) -> Any:
    """A value as the function had it: a list of one array where it made one."""
    return [value] if isinstance(like, list | tuple) and not isinstance(value, list) else value


def _rows(like: Any) -> int:
    return int((like if isinstance(like, tuple) else like.shape)[0])


def _summed_to(grad: Array, shape: tuple[int, ...]) -> Array:
    """A gradient summed down to the shape of the operand that was broadcast."""
    grad = np.asarray(grad)
    while grad.ndim > len(shape):
        grad = grad.sum(axis=0)
    for axis, size in enumerate(shape):
        if size == 1 and grad.shape[axis] != 1:
            grad = grad.sum(axis=axis, keepdims=True)
    return grad


_ARITHMETIC: dict[str, Any] = {
    "add": lambda a, b: a + b,
    "mul": lambda a, b: a * b,
    "raise": lambda a, n: a ** int(n),
    "total": lambda a: a.sum(),
    "constant": None,
    "fresh_state": None,
    "zeros": None,
    "joined": None,
}
_BACKWARD: dict[str, Any] = {
    "add": lambda grad, a, b: (grad, grad),
    "mul": lambda grad, a, b: (grad * b, grad * a),
    "raise": lambda grad, a, n: (grad * (n * a ** int(n - 1)), None),
    "total": lambda grad, a: (np.broadcast_to(grad, a.shape),),
}

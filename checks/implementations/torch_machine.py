"""Running programs on functions over torch tensors, differentiated by autograd."""

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from functools import partial
from typing import Any

import ml_dtypes
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from checks.formats import Format
from checks.implementation import Implementation, Misbehaviour
from checks.lists import entered, fresh_state, mapped
from checks.operations import as_called, function_of, is_drawn, outputs_of, state_of
from checks.program import Program
from checks.tracing import Machine, Stored, called, checked, delivered, matching, number

# Sums are then added in one order, however many processes judge: these already fill the cores.
torch.set_num_threads(1)

_DTYPES = {
    "float16": torch.float16,
    "bfloat16": torch.bfloat16,
    "float32": torch.float32,
    "float64": torch.float64,
}


class TorchMachine(Machine):
    """torch tensors on the implementation's device."""

    def __init__(self, implementation: Implementation, fmt: Format) -> None:
        super().__init__(implementation, fmt)
        self.arrived: list[tuple[str, Tensor, NDArray[Any]]] = []  # by function, and as it was
        # What functions of several outputs returned, and the arguments, whose identities name them.
        self.calls: dict[tuple[Any, ...], tuple[Any, Any]] = {}

    def load(self, values: Any, *, differentiated: bool = True) -> Any:
        """Leaves, which autograd records where they are differentiated."""
        device = self.implementation.device
        return mapped(lambda part: to_tensor(part, device).requires_grad_(differentiated), values)

    def save(self, array: Any) -> Any:
        """A NumPy copy."""
        return mapped(to_numpy, array)

    def copy(self, array: Any) -> Any:
        """A clone, through which gradients pass."""
        return array.clone()

    def forward(self, program: Program, index: int, arguments: Sequence[Any]) -> Any:
        """One operation: tensor arithmetic, or a head by the implementation's function."""
        node = program.network[index]
        operation = node.operation
        if operation == "fresh_state":
            return fresh_state(self._zeros, arguments[0])
        if operation in {"constant", "zeros"}:
            return self._filled(operation, arguments[0])
        if operation == "joined":
            return [torch.cat([part.reshape(-1) for part in arguments[0]])]
        if operation in _ARITHMETIC:
            parts = [float(part) if isinstance(part, Fraction) else part for part in arguments]
            if operation == "total" and not self.implementation.layouts:
                # A sum sends back one number that is expanded to a view without strides.
                parts = [parts[0] * 1]
            return _ARITHMETIC[operation](*parts)
        name = function_of(operation)
        function = self.implementation.functions[name]
        if name == "residual":
            block = function

            def function(x: Tensor, value: Tensor) -> Any:
                return block(x, self.branch(program, index, x, value))

        function = self._differentiable(name, function)
        state, several = state_of(operation), bool(outputs_of(operation))
        call = name, *map(id, arguments)
        given_as = arguments
        arguments = [
            argument.detach() if place in state else number(argument)
            for place, argument in enumerate(arguments)
        ]
        if call in self.calls:  # for another of its outputs: the gradients of all arrive together
            result, _ = self.calls[call]
        else:
            with torch.set_grad_enabled(bool(program.derivatives)):  # else it runs as when served
                result = self.called(name, function, *as_called(name, arguments))
        if several:
            self.calls[call] = result, given_as
        if is_drawn(operation):
            if not isinstance(result, Tensor):
                raise Misbehaviour(name, f"returned {type(result).__name__}, expected Tensor")
            return checked(name, result, torch.empty(0, dtype=result.dtype), arguments[0]).to(
                device=self.implementation.device, dtype=_DTYPES[self.format.name]
            )
        result = delivered(operation, result, arguments)
        # An input that is returned as it is would be one node with it for autograd.
        given = {id(part) for argument in arguments for part in entered(argument)}
        # And an output that another is made of would get that one's gradient as well.
        result = mapped(
            lambda part: part.view_as(part) if several or id(part) in given else part, result
        )
        for part in filter(lambda part: part.requires_grad, entered(result)):
            part.register_hook(partial(self._arrives, name))
        return result

    def _arrives(self, name: str, grad: Any) -> None:
        """Keep a gradient that a function is given, and what it holds before the function runs."""
        if grad is not None:  # as it is for one of several outputs that nothing depends on
            self.arrived.append((name, grad, self.save(grad)))

    def _zeros(self, shape: tuple[int, ...]) -> Tensor:
        return torch.zeros(
            shape, dtype=_DTYPES[self.format.name], device=self.implementation.device
        )

    def _filled(self, operation: str, like: Any) -> Tensor:
        dtype, device = _DTYPES[self.format.name], self.implementation.device
        if operation == "constant":
            return torch.full((), float(like), dtype=dtype, device=device)
        rows = like[0] if isinstance(like, tuple) else like.shape[0]
        return torch.zeros(rows, dtype=dtype, device=device)

    def _differentiable(self, operation: str, function: Any) -> Any:
        """The function, with its own backward pass where the implementation brings one."""
        backward = self.implementation.functions.get(f"{operation}_backward")
        if backward is None:
            return function
        return lambda *arguments: self._with_backward(operation, function, backward, arguments)

    def _with_backward(
        self, operation: str, function: Any, backward: Any, arguments: Sequence[Any]
    ) -> Any:
        """Autograd through a hand-written backward pass, called as NumPy's are."""
        tensors = list(_tensors(arguments))
        kept = {id(arguments[place]) for place in state_of(operation)}
        machine = self
        returned: list[Any] = []

        class Function(torch.autograd.Function):
            @staticmethod
            def forward(ctx: Any, *inputs: Any) -> Any:
                returned.append(called(operation, function, *_restored(arguments, iter(inputs))))
                outputs = tuple(_tensors(returned))
                ctx.save_for_backward(*inputs, *outputs)
                return outputs

            @staticmethod
            def backward(ctx: Any, *grads: Any) -> Any:
                inputs, outputs = (
                    ctx.saved_tensors[: len(tensors)],
                    ctx.saved_tensors[len(tensors) :],
                )
                name = f"{operation}_backward"
                (grad,), (output,) = (_restored(returned, iter(p)) for p in (grads, outputs))
                given = _restored(arguments, iter(inputs))
                result = machine.called(name, backward, grad, *given, output)
                parts = result if isinstance(result, tuple) else (result,)
                likes = [
                    part
                    for place, part in enumerate(given)
                    if isinstance(part, list | Tensor) and place not in state_of(operation)
                ]
                if len(parts) != len(likes):
                    raise Misbehaviour(
                        name, f"returned {len(parts)} gradients for {len(likes)} tensors"
                    )
                matched = [matching(name, *pair) for pair in zip(parts, likes, strict=True)]
                found = _tensors(matched)
                return tuple(None if id(part) in kept else next(found) for part in tensors)

        outputs = Function.apply(*tensors)  # type: ignore[no-untyped-call]  # torch leaves it untyped
        return _restored(returned, iter(outputs))[0]

    def pull(
        self, program: Program, values: Mapping[int, Any], path: Sequence[int], seed: Stored
    ) -> dict[int, Stored]:
        """The gradients of the nodes of a path, by autograd."""
        y = path[-1]
        nodes = {index: entered(values[index]) for index in path}
        targets = [part for parts in nodes.values() for part in parts if part.requires_grad]
        if not values[y].requires_grad:
            raise Misbehaviour(program.network[y].operation, "returned a tensor without a gradient")
        name = function_of(program.network[y].operation)
        self.arrived.clear()
        gradients = called(
            f"the backward pass of {name}",
            torch.autograd.grad,
            values[y],
            targets,
            to_tensor(seed, self.implementation.device),
            True,  # retain_graph
            False,  # create_graph
            True,  # only_inputs
            True,  # allow_unused
        )
        # A sum hands on its own gradient: the last that was given an array is who changed it.
        for receiver, grad, before in reversed(self.arrived):  # some on other ways, too
            if self.save(grad).tobytes() != before.tobytes():
                what = "changed the gradient that it was given"
                raise Misbehaviour(f"the backward pass of {receiver}", what)
        found = iter(gradients)
        result: dict[int, Any] = {}
        for index in path:
            grads = [(next(found) if part.requires_grad else None, part) for part in nodes[index]]
            saved = [
                self.save(torch.zeros_like(part) if grad is None else grad) for grad, part in grads
            ]
            result[index] = saved if isinstance(values[index], list) else saved[0]
        return result


def _tensors(values: Any) -> Iterator[Tensor]:
    """The tensors of a list, and of the lists and tuples in it."""
    for part in values:
        if isinstance(part, list | tuple):
            yield from _tensors(part)
        elif isinstance(part, Tensor):
            yield part


def _restored(values: Any, tensors: Iterator[Tensor]) -> Any:
    """The same lists and tuples with other tensors, which are taken in order."""
    return type(values)(
        _restored(part, tensors)
        if isinstance(part, list | tuple)
        else next(tensors)
        if isinstance(part, Tensor)
        else part
        for part in values
    )


def to_tensor(values: Any, device: str) -> Tensor:
    """A NumPy array as a tensor of the same format; bfloat16 by its bits."""
    values = np.array(values)
    if values.dtype == ml_dtypes.bfloat16:
        bits = torch.from_numpy(values.view(np.int16))
        return bits.view(torch.bfloat16).to(device)
    return torch.from_numpy(values).to(device)


def to_numpy(tensor: Tensor) -> Any:
    """A tensor as a NumPy array of the same format; bfloat16 by its bits."""
    tensor = tensor.detach().cpu().resolve_neg().contiguous()
    if tensor.dtype == torch.bfloat16:
        return tensor.view(torch.int16).numpy().view(ml_dtypes.bfloat16).copy()
    return tensor.numpy().copy()


_ARITHMETIC: dict[str, Any] = {
    "add": lambda a, b: a + b,
    "mul": lambda a, b: a * b,
    "raise": lambda a, n: a ** int(n),
    "total": lambda a: a.sum(),
}

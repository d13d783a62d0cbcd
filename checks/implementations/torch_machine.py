"""Running programs on functions over torch tensors, differentiated by autograd."""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

import ml_dtypes
import numpy as np
import torch
from torch import Tensor

from checks.implementation import Misbehaviour
from checks.program import Program
from checks.tracing import Machine, Stored, called, checked, number, output_shape

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

    def load(self, values: Any) -> Any:
        """Leaves that autograd records."""
        if isinstance(values, list):
            return [self.load(part).detach() for part in values]
        return to_tensor(values, self.implementation.device).requires_grad_()

    def save(self, array: Any) -> Any:
        """A NumPy copy."""
        return [to_numpy(part) for part in array] if isinstance(array, list) else to_numpy(array)

    def copy(self, array: Any) -> Any:
        """A clone, through which gradients pass."""
        return array.clone()

    def forward(self, program: Program, index: int, arguments: Sequence[Any]) -> Any:
        """One operation: tensor arithmetic, or a head by the implementation's function."""
        node = program.network[index]
        operation = node.operation
        if operation in {"constant", "zeros"}:
            return self._filled(operation, arguments[0])
        if operation in _ARITHMETIC:
            parts = [float(part) if isinstance(part, Fraction) else part for part in arguments]
            return _ARITHMETIC[operation](*parts)
        function = self.implementation.functions[operation]
        if operation == "residual":
            block = function

            def function(x: Tensor, value: Tensor) -> Any:
                return block(x, self.branch(program, index, x, value))

        function = self._differentiable(operation, function)
        arguments = [number(argument) for argument in arguments]
        result = self.called(operation, function, *arguments)
        if operation == "he_normal":
            if not isinstance(result, Tensor):
                raise Misbehaviour(operation, f"returned {type(result).__name__}, expected Tensor")
            return checked(operation, result, torch.empty(0, dtype=result.dtype), arguments[0]).to(
                device=self.implementation.device, dtype=_DTYPES[self.format.name]
            )
        if isinstance(arguments[0], list):
            if not isinstance(result, list | tuple) or len(result) != len(arguments[0]):
                raise Misbehaviour(operation, f"returned no list of {len(arguments[0])} tensors")
            return [
                checked(operation, one, of, tuple(of.shape))
                for one, of in zip(result, arguments[0], strict=True)
            ]
        result = checked(operation, result, arguments[0].detach(), output_shape(node, arguments))
        # An input that is returned as it is would be one node with it for autograd.
        return result.view_as(result) if any(result is part for part in arguments) else result

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
        tensors = [part for part in arguments if isinstance(part, Tensor)]
        machine = self

        def restored(saved: Sequence[Any]) -> list[Any]:
            delivered = iter(saved)
            return [next(delivered) if isinstance(part, Tensor) else part for part in arguments]

        class Function(torch.autograd.Function):
            @staticmethod
            def forward(ctx: Any, *inputs: Any) -> Any:
                output = called(operation, function, *restored(inputs))
                ctx.save_for_backward(*inputs, output)
                return output

            @staticmethod
            def backward(ctx: Any, *grads: Any) -> Any:
                *inputs, output = ctx.saved_tensors
                name = f"{operation}_backward"
                result = machine.called(name, backward, grads[0], *restored(inputs), output)
                parts = result if isinstance(result, tuple) else (result,)
                if len(parts) != len(inputs):
                    raise Misbehaviour(
                        name, f"returned {len(parts)} gradients for {len(inputs)} tensors"
                    )
                return tuple(
                    checked(name, part, like.detach(), tuple(like.shape))
                    for part, like in zip(parts, inputs, strict=True)
                )

        return Function.apply(*tensors)  # type: ignore[no-untyped-call]  # torch leaves it untyped

    def pull(
        self, program: Program, values: Mapping[int, Any], y: int, x: int, seed: Stored
    ) -> dict[int, Stored]:
        """The gradients of every node on the paths, by autograd."""
        path = program.path(x, y)
        targets = [values[index] for index in path if values[index].requires_grad]
        if not values[y].requires_grad:
            raise Misbehaviour(program.network[y].operation, "returned a tensor without a gradient")
        name = program.network[path[1]].operation
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
        found = iter(gradients)
        result = {}
        for index in path:
            grad = next(found) if values[index].requires_grad else None
            grad = torch.zeros_like(values[index]) if grad is None else grad
            result[index] = self.save(grad)
        return result


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

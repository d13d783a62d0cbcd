"""What is timed: an implementation's functions one after the other, and nothing else.

A machine (checks.tracing) copies and compares what functions are given and deliver; nobody looks
on here, because looking takes longer than many a function.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from checks.implementation import Implementation, Misbehaviour
from checks.implementations.numpy_textbook.widening import wide
from checks.lowering import LoweringError
from checks.program import Derivative, Program
from checks.tracing import accumulate, number

Pass = Callable[[], object]
Forward = Callable[[Any], list[Any]]


def passes(program: Program, implementation: Implementation, values: NDArray[Any]) -> Pass:
    """The program on an array, forward, and backward as well where it takes a derivative.

    Every input is the same array. Raises LoweringError where an operation is no function of the
    implementation, and Misbehaviour where one lacks its backward pass.
    """
    forward = _forward(program, implementation)
    if implementation.library == "torch":
        return _in_torch(program, implementation, forward, values)
    y = _differentiated(program)
    if y is None:
        return lambda: forward(values)
    return lambda: _by_hand(program, implementation, forward(values), y, np.ones_like)


def _forward(program: Program, implementation: Implementation) -> Forward:
    """From the input array to the values of all nodes."""
    steps: list[tuple[Callable[..., Any] | None, list[tuple[bool, Any]]]] = []
    for node in program.network:
        if node.operation == "input":
            steps.append((None, []))
        elif node.operation in implementation.functions:
            function = implementation.functions[node.operation]
            steps.append((function, [_argument(part) for part in node.arguments]))
        else:
            raise LoweringError(
                f"the time of {node.operation} is the array library's own; time a head, such as "
                "Time(relu(x))"
            )

    def forward(values: Any) -> list[Any]:
        nodes: list[Any] = []
        for function, arguments in steps:
            given = [nodes[part] if is_node else part for is_node, part in arguments]
            nodes.append(values if function is None else function(*given))
        return nodes

    return forward


def _argument(part: Any) -> tuple[bool, Any]:
    """Whether an argument is a node, and which, or else the number as functions receive it."""
    return (True, part) if isinstance(part, int) else (False, number(part))


def _differentiated(program: Program) -> int | None:
    """The node whose derivative is taken, if any is."""
    if not program.derivatives:
        return None
    (node,) = program.derivatives
    if node.derivative is Derivative.JACOBIAN:
        raise LoweringError("the time of a Jacobian is that of many passes; time a Slope")
    return node.parents[0]


def _by_hand(
    program: Program,
    implementation: Implementation,
    nodes: list[Any],
    y: int,
    ones_like: Callable[[Any], Any],
) -> object:
    """The reverse pass through the backward passes that the implementation brings."""

    def contributions(index: int, grad: Any) -> Sequence[Any]:
        node = program.network[index]
        backward = implementation.functions.get(f"{node.operation}_backward")
        if backward is None:
            name = f"{node.operation}_backward"
            raise Misbehaviour(node.operation, f"has no {name}(grad, *arguments, output)")
        given = [nodes[part] if isinstance(part, int) else number(part) for part in node.arguments]
        result = backward(grad, *given, nodes[index])
        parts = iter(result if isinstance(result, tuple) else (result,))
        return [next(parts) if isinstance(part, int) else None for part in node.arguments]

    def add(a: Any, b: Any) -> Any:
        return (wide(a) + wide(b)).astype(a.dtype) if isinstance(a, np.ndarray) else a + b

    return accumulate(program, program.ancestors(y), ones_like(nodes[y]), contributions, add)


def _in_torch(
    program: Program, implementation: Implementation, forward: Forward, values: NDArray[Any]
) -> Pass:
    """The same on a tensor, by autograd unless the implementation brings every backward pass."""
    import torch

    from checks.implementations.torch_machine import to_tensor

    tensor = to_tensor(values, implementation.device)
    y = _differentiated(program)
    heads = program.operations - {"input"}
    own = all(f"{name}_backward" in implementation.functions for name in heads)

    def run() -> object:
        if y is None:
            return forward(tensor)
        if own:
            return _by_hand(program, implementation, forward(tensor), y, torch.ones_like)
        leaf = tensor.detach().requires_grad_()
        output = forward(leaf)[y]
        return torch.autograd.grad(output, leaf, torch.ones_like(output))

    if implementation.device != "cuda":
        return run

    def finished() -> object:
        result = run()
        torch.cuda.synchronize()  # a launch returns before its kernel has begun
        return result

    return finished

"""What trainings and pretrainings share: batches, descent, and the end of the budget."""

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor


class OutOfTime(Exception):
    """The budget was spent before the runs had ended."""


def refuse_after(until: float) -> None:
    """Raise OutOfTime once time.perf_counter has passed a time."""
    if time.perf_counter() > until:
        raise OutOfTime


def batches(
    count: int, epochs: int, size: int, generators: Sequence[torch.Generator]
) -> Iterator[Tensor]:
    """The rows of every batch, in an order of its own for each network, new in every epoch."""
    for _ in range(epochs):
        orders = [torch.randperm(count, generator=generator) for generator in generators]
        yield from torch.stack(orders).split(size, dim=1)


def descent(parameters: Iterable[Tensor], recipe: Mapping[str, Any]) -> torch.optim.Optimizer:
    """The optimiser of a training."""
    rate, momentum = float(recipe["rate"]), float(recipe["momentum"])
    return torch.optim.SGD(parameters, lr=rate, momentum=momentum)


def gradient_of(tensor: Tensor) -> Tensor:
    """What arrived at a tensor in the last backward pass."""
    return torch.zeros_like(tensor) if tensor.grad is None else tensor.grad

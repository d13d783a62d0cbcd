"""A short training run and its record."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from checks.formats import FORMATS, Doubles
from checks.symptoms.network import SAMPLES, Plan, Stack, data, losses
from checks.symptoms.records import Measurement, Record

STEPS = 40

OPTIMISERS: dict[str, Callable[..., torch.optim.Optimizer]] = {
    "sgd": torch.optim.SGD,
    "momentum": lambda parameters, lr: torch.optim.SGD(parameters, lr=lr, momentum=0.9),
    "adam": torch.optim.Adam,
    "rmsprop": torch.optim.RMSprop,
}

# Of the four numbers that `statistics` gives, one row each.
MEAN, NORM, LARGEST, NONFINITE = range(4)


@dataclass(frozen=True)
class Moment:
    """The tensors of one step: the loss and what led to it, and the weights before and after."""

    loss: Tensor
    nodes: Sequence[Tensor]
    before: Sequence[Tensor]
    after: Sequence[Tensor]


def train(plan: Plan, seeds: range, steps: int = STEPS) -> list[Record]:
    """Train one copy of the plan a seed and write down what happened to each."""
    # The errors are those of each sample's own loss.
    share = SAMPLES if plan.reduction == "mean" else 1
    history: list[Doubles] = []
    pages: list[list[Tensor]] = []
    for moment in _moments(plan, seeds, steps):
        pairs = zip(moment.after, moment.before, strict=True)
        kinds = (
            moment.before,
            [_gradient(weight) for weight in moment.after],
            [share * _gradient(node).double() for node in moment.nodes],
            [after.double() - before.double() for after, before in pairs],
        )
        pages.append([_measure(tensors) for tensors in kinds])
        history.append(moment.loss.double().numpy())
    # One array of shape (steps, statistic, layer, copy) for each kind of tensor.
    measured = [torch.stack(kind).numpy() for kind in zip(*pages, strict=True)]
    loss = np.array(history)
    return [
        Record(
            FORMATS[plan.format],
            loss[:, copy],
            *(_measurement(kind[..., copy]) for kind in measured),
        )
        for copy in range(len(seeds))
    ]


def final_loss(plan: Plan, seeds: range, steps: int = STEPS) -> Doubles:
    """The loss before the last step, by seed."""
    *_, last = _moments(plan, seeds, steps)
    return np.asarray(last.loss.double().numpy())


def _moments(plan: Plan, seeds: range, steps: int) -> Iterator[Moment]:
    dtype = getattr(torch, plan.format)
    network, (x, y) = Stack(plan, seeds, dtype), data(plan, seeds, dtype)
    if plan.target == "own":
        y = network(x)[-1].detach()
    optimiser = OPTIMISERS[plan.optimiser](network.parameters(), lr=plan.rate)
    weights = list(network.weights)
    for _ in range(steps):
        before = [weight.detach().clone() for weight in weights]
        nodes = network(x)
        for node in nodes:
            node.retain_grad()
        loss = losses(plan, nodes[-1], y)
        optimiser.zero_grad()
        loss.sum().backward()
        optimiser.step()
        yield Moment(loss.detach(), nodes, before, weights)


def _gradient(tensor: Tensor) -> Tensor:
    assert tensor.grad is not None
    return tensor.grad


def _measure(tensors: Sequence[Tensor]) -> Tensor:
    """The four statistics of each layer (of equal shape but for the last) and copy."""
    groups = [group for group in (tensors[:-1], tensors[-1:]) if group]
    stacks = [torch.stack([tensor.detach() for tensor in group]) for group in groups]
    return torch.cat([statistics(stack.flatten(2)) for stack in stacks], dim=1)


def statistics(entries: Tensor) -> Tensor:
    """Mean, norm and largest magnitude of the finite entries of each row, and how many are not.

    Computed in float64, where no sum of squares of a shorter format overflows.
    """
    magnitudes = entries.double().abs()
    lost = torch.zeros(magnitudes.shape[:-1], dtype=torch.float64)
    if not magnitudes.sum().isfinite():
        finite = magnitudes.isfinite()
        lost = (~finite).sum(-1).double()
        magnitudes = torch.where(finite, magnitudes, 0.0)
    kept = magnitudes.shape[-1] - lost
    some = kept / kept  # NaN where nothing is finite: there is no magnitude
    mean, norm = magnitudes.sum(-1) / kept, torch.linalg.vector_norm(magnitudes, dim=-1)
    return torch.stack([mean, norm * some, magnitudes.amax(-1) * some, lost])


def _measurement(kind: Any) -> Measurement:
    """From an array (steps, statistic, layer)."""
    return Measurement(
        kind[:, MEAN], kind[:, NORM], kind[:, LARGEST], kind[:, NONFINITE].astype(np.int64)
    )

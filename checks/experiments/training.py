"""Training runs, and everything that was recorded on the way; every measure reads the record."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from checks.experiments.data import Data, data
from checks.experiments.descent import batches, descent, gradient_of, refuse_after
from checks.experiments.modules import Perceptron
from checks.experiments.pretraining import pretrain
from theory.recipes import Network, Training

Steps = NDArray[np.float64]


@dataclass(frozen=True)
class Record:
    """A run, step by step, until it ended or something was no longer finite.

    `losses` has an entry a step; `gradients` (the mean |∂L/∂w| of a layer's weights), `norms` (the
    Euclidean norm of the same, before any clipping) and `weights` (the mean |w| before the step)
    have a column a layer, in order from the input to the output. `nonfinite` is the first step
    whose loss or gradient is not finite. `reconstruction` has a row for each hidden layer that was
    pretrained: the mean squared error of reconstructing its input, before and after.
    """

    losses: Steps
    gradients: Steps
    norms: Steps
    weights: Steps
    reconstruction: Steps
    test_accuracy: float
    nonfinite: int | None


def train(
    network: Network, training: Training, seeds: Sequence[int], until: float = np.inf
) -> list[Record]:
    """The runs that seeds decide, each by its start and the order of its batches, all in step.

    `until` is a time of time.perf_counter. Raises OutOfTime.
    """
    generators = [torch.Generator().manual_seed(seed) for seed in seeds]
    recipe = training.values
    net = Perceptron(network.values, generators)
    points = data(recipe["data"])
    reconstructions = pretrain(net, points.x, recipe, generators, until)
    optimiser = descent(net.parameters(), recipe)
    rows: list[Tensor] = []
    finite = torch.ones(len(seeds), dtype=torch.bool)
    for batch in batches(len(points.x), recipe["epochs"], recipe["batch"], generators):
        optimiser.zero_grad()
        losses = _losses(net(points.x[batch]), points.y[batch])
        losses.sum().backward()  # each network has a loss of its own, and no other's gradient
        rows.append(_row(losses, net))
        finite &= rows[-1].isfinite().all(dim=1)
        if not finite.any() or len(rows) == recipe["steps"]:
            break
        refuse_after(until)
        if recipe["clip"]:
            _clip(net, float(recipe["clip"]))
        optimiser.step()
    recorded = torch.stack(rows, dim=1).double().numpy()
    seen = zip(recorded, _accuracies(net, points), reconstructions, strict=True)
    return [_record(steps, net, accuracy, errors) for steps, accuracy, errors in seen]


def _losses(outputs: Tensor, classes: Tensor) -> Tensor:
    """The mean cross entropy of each network; one output speaks for class 1 against class 0."""
    if outputs.shape[2] == 1:
        outputs = torch.cat([torch.zeros_like(outputs), outputs], dim=2)
    return nn.functional.cross_entropy(outputs.transpose(1, 2), classes, reduction="none").mean(
        dim=1
    )


@torch.no_grad()
def _row(losses: Tensor, net: Perceptron) -> Tensor:
    """By network: the loss, then for every layer Σ|∂L/∂w|, the norm of ∂L/∂w, and Σ|w|."""
    gradients = [gradient_of(weight) for weight in net.weights]

    def norms(tensors: Iterable[Tensor], order: int) -> Iterator[Tensor]:
        return (torch.linalg.vector_norm(tensor, order, dim=(1, 2)) for tensor in tensors)

    columns = (*norms(gradients, 1), *norms(gradients, 2), *norms(net.weights, 1))
    return torch.stack([losses, *columns], dim=1)


@torch.no_grad()
def _clip(net: Perceptron, limit: float) -> None:
    """Scale each network's gradient down to a norm."""
    parts = [torch.linalg.vector_norm(gradient_of(p), dim=(1, 2)) for p in net.parameters()]
    norm = torch.linalg.vector_norm(torch.stack(parts), dim=0)
    factor = limit / norm.clamp(min=limit)
    for parameter in net.parameters():
        gradient_of(parameter).mul_(factor[:, None, None])


@torch.no_grad()
def _accuracies(net: Perceptron, points: Data) -> list[float]:
    """The share of the points held back that each network tells apart; no number is wrong."""
    outputs = net(points.x_test.expand(net.weights[0].shape[0], -1, -1))
    named = (outputs[..., 0] > 0) if outputs.shape[2] == 1 else outputs.argmax(dim=2)
    right = outputs.isfinite().all(dim=2) & (named == points.y_test)
    return [float(share) for share in right.double().mean(dim=1)]


def _record(steps: Steps, net: Perceptron, accuracy: float, reconstruction: Steps) -> Record:
    broken = np.flatnonzero(~np.isfinite(steps).all(axis=1))
    nonfinite = int(broken[0]) + 1 if broken.size else None
    steps = steps[:nonfinite]
    totals, norms, sizes = np.split(steps[:, 1:], 3, axis=1)
    entries = np.array([weight[0].numel() for weight in net.weights])
    return Record(
        losses=steps[:, 0],
        gradients=totals / entries,
        norms=norms,
        weights=sizes / entries,
        reconstruction=reconstruction,
        test_accuracy=accuracy,
        nonfinite=nonfinite,
    )

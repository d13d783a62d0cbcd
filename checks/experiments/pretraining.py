"""Greedy pretraining: every hidden layer learns to reconstruct its input, one after the other."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from checks.experiments.descent import batches, descent, refuse_after
from checks.experiments.modules import Perceptron, start


def pretrain(
    net: Perceptron,
    inputs: Tensor,
    recipe: Mapping[str, Any],
    generators: Sequence[torch.Generator],
    until: float = np.inf,
) -> NDArray[np.float64]:
    """Pretrain a crowd on inputs of shape (rows, features).

    Returns the mean squared error of the reconstruction by network and hidden layer, before and
    after; there are no layers where nothing is pretrained.
    """
    crowd = len(generators)
    x = inputs.expand(crowd, -1, -1)
    numbers = torch.arange(crowd)[:, None]
    errors: list[Tensor] = []
    for layer in range(len(net.weights) - 1 if recipe["pretraining"] else 0):
        decoder = _Decoder(net.weights[layer], generators)
        optimiser = descent([net.weights[layer], net.biases[layer], *decoder.parameters()], recipe)

        def error(rows: Tensor, layer: int = layer, decoder: _Decoder = decoder) -> Tensor:
            hidden = net.activation(net.layer(layer, rows))
            return (decoder(hidden) - rows).square().mean(dim=(1, 2))

        errors.append(error(x).detach())
        for batch in batches(x.shape[1], recipe["pretraining"], recipe["batch"], generators):
            refuse_after(until)
            optimiser.zero_grad()
            error(x[numbers, batch]).sum().backward()
            optimiser.step()
        errors.append(error(x).detach())
        x = net.activation(net.layer(layer, x)).detach()
    stacked = torch.stack(errors, dim=1) if errors else torch.zeros(crowd, 0)
    return stacked.reshape(crowd, -1, 2).double().numpy()


class _Decoder(nn.Module):
    """A layer of sigmoids back to the inputs of a crowd of layers, which lie between 0 and 1."""

    def __init__(self, weights: Tensor, generators: Sequence[torch.Generator]) -> None:
        super().__init__()
        crowd, width, features = weights.shape
        self.weight = nn.Parameter(torch.empty(crowd, features, width))
        self.bias = nn.Parameter(torch.zeros(crowd, 1, features))
        for weight, generator in zip(self.weight, generators, strict=True):
            start(weight, "lecun normal", 1.0, generator)

    def forward(self, hidden: Tensor) -> Tensor:
        """The reconstruction."""
        return torch.sigmoid(torch.baddbmm(self.bias, hidden, self.weight.transpose(1, 2)))

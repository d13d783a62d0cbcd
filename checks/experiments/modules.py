"""From a recipe to a torch module whose start is decided by one generator and nothing else.

`forward(x, seen)` appends to `seen`, in order from the input to the output, the tensors whose
gradients are the errors of the layers. `layers` holds the weights that are measured, in that order.
"""

import math
from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn

from theory import recipes

Seen = list[Tensor]

ACTIVATIONS: Mapping[str, Callable[[Tensor], Tensor]] = {
    "identity": lambda z: z,
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "relu": torch.relu,
    "leaky relu": lambda z: nn.functional.leaky_relu(z, 0.01),
    "elu": nn.functional.elu,
}


def build(recipe: recipes.Recipe, generator: torch.Generator) -> "Net":
    """The module of a recipe, started."""
    return _BUILDERS[type(recipe).__name__](recipe.values, generator)


@torch.no_grad()
def start(weight: Tensor, how: str, gain: float, generator: torch.Generator) -> None:
    """Fill a weight, out first, as a start says, times the gain."""
    fan_out, fan_in = (count * weight[0, 0].numel() for count in weight.shape[:2])
    if how == "orthogonal":
        nn.init.orthogonal_(weight, gain, generator)
        return
    if how == "unit uniform":
        weight.uniform_(0, 1, generator=generator).mul_(gain)
        return
    variance = {
        "one": 1.0,
        "lecun": 1 / fan_in,
        "xavier": 2 / (fan_in + fan_out),
        "he": 2 / fan_in,
    }[how.partition(" ")[0]]
    if how.endswith("uniform"):
        bound = gain * math.sqrt(3 * variance)
        weight.uniform_(-bound, bound, generator=generator)
    else:
        weight.normal_(0, gain * math.sqrt(variance), generator=generator)


class Net(nn.Module):
    """What every module of a recipe has."""

    layers: list[nn.Linear]

    def inputs(self, generator: torch.Generator) -> Tensor:
        """Standard normal inputs."""
        raise NotImplementedError

    def forward(self, x: Tensor, seen: Seen | None = None) -> Tensor:
        """The outputs; `seen` collects what the errors are taken of."""
        raise NotImplementedError


def _look(tensor: Tensor, seen: Seen | None) -> Tensor:
    if seen is not None:
        tensor.retain_grad()
        seen.append(tensor)
    return tensor


class Perceptron(Net):
    """theory.recipes.Network."""

    def __init__(self, recipe: Mapping[str, Any], generator: torch.Generator) -> None:
        super().__init__()
        self.rows, self.features = recipe["rows"], recipe["inputs"]
        widths = [recipe["inputs"], *[recipe["width"]] * recipe["depth"], recipe["outputs"]]
        self.layers = [nn.Linear(*pair) for pair in pairwise(widths)]
        self.parts = nn.ModuleList(self.layers)  # which registers their parameters
        for layer in self.layers:
            start(layer.weight, recipe["start"], float(recipe["gain"]), generator)
            nn.init.zeros_(layer.bias)
        batch = recipe["norm"] == "batch"
        self.norms = nn.ModuleList(
            nn.BatchNorm1d(width) if batch else nn.Identity() for width in widths[1:-1]
        )
        self.activation = ACTIVATIONS[recipe["activation"]]

    def inputs(self, generator: torch.Generator) -> Tensor:
        """Standard normal rows."""
        return torch.randn(self.rows, self.features, generator=generator)

    def hidden(self, x: Tensor, seen: Seen | None = None) -> list[Tensor]:
        """The outputs of all hidden layers."""
        outputs = []
        for layer, norm in zip(self.layers, self.norms, strict=False):
            x = self.activation(norm(_look(layer(x), seen)))
            outputs.append(x)
        return outputs

    def forward(self, x: Tensor, seen: Seen | None = None) -> Tensor:
        """The linear output layer on the last hidden one."""
        return self.layers[-1](self.hidden(x, seen)[-1])


_BUILDERS: Mapping[str, Callable[[Mapping[str, Any], torch.Generator], Net]] = {
    "Network": Perceptron,
}

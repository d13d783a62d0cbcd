"""From a recipe to a torch module whose start is decided by one generator and nothing else.

`forward(x, seen)` appends to `seen`, in order from the input to the output, the tensors whose
gradients are the errors of the layers.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn

from theory import recipes

Seen = list[Tensor]

# What a start is fed where the recipe says nothing of it.
ROWS, IMAGES, COLOURS = 8, 2, 3

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
    """theory.recipes.Network, once for every generator: a crowd of networks side by side.

    Inputs are of shape (crowd, rows, features). The networks share nothing; they run in step
    because twenty small products at once cost little more than one.
    """

    def __init__(self, recipe: Mapping[str, Any], generators: Sequence[torch.Generator]) -> None:
        super().__init__()
        self.rows, self.features = recipe["rows"], recipe["inputs"]
        self.normalised = recipe["norm"] == "batch"
        self.activation = ACTIVATIONS[recipe["activation"]]
        widths = [recipe["inputs"], *[recipe["width"]] * recipe["depth"], recipe["outputs"]]
        shapes = [(fan_out, fan_in) for fan_in, fan_out in pairwise(widths)]
        crowd = len(generators)
        self.weights = nn.ParameterList(torch.zeros(crowd, *shape) for shape in shapes)
        self.biases = nn.ParameterList(torch.zeros(crowd, 1, fan_out) for fan_out, _ in shapes)
        for number, generator in enumerate(generators):
            for weight in self.weights:
                start(weight[number], recipe["start"], float(recipe["gain"]), generator)

    def inputs(self, generator: torch.Generator) -> Tensor:
        """Standard normal rows, for a crowd of one."""
        return torch.randn(1, self.rows, self.features, generator=generator)

    def forward(self, x: Tensor, seen: Seen | None = None) -> Tensor:
        """The linear output layer on the last of the hidden ones."""
        for layer in range(len(self.weights) - 1):
            z = _look(self.layer(layer, x), seen)
            x = self.activation(_normalised(z) if self.normalised else z)
        return self.layer(-1, x)

    def layer(self, number: int, x: Tensor) -> Tensor:
        """A layer's output before the activation."""
        return torch.baddbmm(self.biases[number], x, self.weights[number].transpose(1, 2))


def _normalised(z: Tensor) -> Tensor:
    """A batch norm as it starts, with gamma 1 and beta 0, over the rows."""
    crowd, rows, width = z.shape
    flat = z.transpose(0, 1).reshape(rows, crowd * width)
    normalised = nn.functional.batch_norm(flat, None, None, training=True)
    return normalised.reshape(rows, crowd, width).transpose(0, 1)


class Convolutions(Net):
    """theory.recipes.ConvolutionalNetwork."""

    def __init__(self, recipe: Mapping[str, Any], generator: torch.Generator) -> None:
        super().__init__()
        self.channels, self.size = recipe["channels"], recipe["size"]
        constant = range(recipe["constant_from"], recipe["constant_to"] + 1)
        self.weights = nn.ParameterList()
        for layer in range(1, recipe["layers"] + 1):
            weight = torch.empty(self.channels, self.channels if layer > 1 else COLOURS, 3, 3)
            start(weight, "he normal", 1.0, generator)
            if recipe["constant_from"] and layer in constant:
                nn.init.constant_(weight, float(recipe["constant"]))
            self.weights.append(weight)
        self.last = nn.Parameter(torch.empty(1, self.channels))
        start(self.last, "lecun normal", 1.0, generator)

    def inputs(self, generator: torch.Generator) -> Tensor:
        """Standard normal images."""
        return torch.randn(IMAGES, COLOURS, self.size, self.size, generator=generator)

    def forward(self, x: Tensor, seen: Seen | None = None) -> Tensor:
        """A linear layer on the mean of every channel."""
        for weight in self.weights:
            x = torch.relu(_look(nn.functional.conv2d(x, weight, padding=1), seen))
        return nn.functional.linear(x.mean(dim=(2, 3)), self.last)


class Residual(Net):
    """theory.recipes.ResidualNetwork."""

    def __init__(self, recipe: Mapping[str, Any], generator: torch.Generator) -> None:
        super().__init__()
        self.width, self.branch = recipe["width"], recipe["branch"]
        depth = recipe["depth"]
        self.scale = {"relu over depth": 1 / depth, "none": 1.0}.get(self.branch, depth**-0.5)
        self.first = nn.ParameterList(self._weights("he normal", recipe, generator))
        linear = self._weights("lecun normal", recipe, generator)
        self.second = nn.ParameterList(linear if self.branch == "relu linear" else [])

    def _weights(
        self, how: str, recipe: Mapping[str, Any], generator: torch.Generator
    ) -> Iterator[Tensor]:
        for _ in range(recipe["depth"]):
            weight = torch.empty(self.width, self.width)
            start(weight, how, float(recipe["gain"]), generator)
            yield weight

    def inputs(self, generator: torch.Generator) -> Tensor:
        """Standard normal rows."""
        return torch.randn(ROWS, self.width, generator=generator)

    def forward(self, x: Tensor, seen: Seen | None = None) -> Tensor:
        """What the last block puts out; an error is what arrives behind a block."""
        for block, first in enumerate(self.first):
            branch = torch.relu(nn.functional.linear(x, first))
            if self.second:
                branch = nn.functional.linear(branch, self.second[block])
            x = branch if self.branch == "none" else x + self.scale * branch
            _look(x, seen)
        return x


class Recurrent(Net):
    """theory.recipes.RecurrentNetwork, with torch's own layers."""

    def __init__(self, recipe: Mapping[str, Any], generator: torch.Generator) -> None:
        super().__init__()
        self.steps, self.features, width = recipe["steps"], recipe["inputs"], recipe["width"]
        lstm = recipe["cell"] == "lstm"
        self.layer = (
            nn.LSTM(self.features, width)
            if lstm
            else nn.RNN(self.features, width, nonlinearity=recipe["cell"])
        )
        with torch.no_grad():
            for name, parameter in self.layer.named_parameters():
                if name.startswith("weight"):
                    bound = float(recipe["gain"]) * width**-0.5
                    parameter.uniform_(-bound, bound, generator=generator)
                    continue
                parameter.zero_()
                if lstm and name == "bias_ih_l0":  # the gates stand in the order i f g o
                    parameter[width : 2 * width] = float(recipe["forget_bias"])

    def inputs(self, generator: torch.Generator) -> Tensor:
        """Standard normal sequences, step first."""
        return torch.randn(self.steps, ROWS, self.features, generator=generator)

    def forward(self, x: Tensor, seen: Seen | None = None) -> Tensor:
        """The state after the last step; an error is what arrives at the input of a step."""
        steps = [_look(step.requires_grad_(), seen) for step in x.unbind()]
        outputs, _ = self.layer(torch.stack(steps))
        return outputs[-1]


_BUILDERS: Mapping[str, Callable[[Mapping[str, Any], torch.Generator], Net]] = {
    "Network": lambda recipe, generator: Perceptron(recipe, [generator]),
    "ConvolutionalNetwork": Convolutions,
    "ResidualNetwork": Residual,
    "RecurrentNetwork": Recurrent,
}

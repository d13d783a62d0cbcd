"""A row of the zoo as a torch module: several copies of one network side by side.

All copies of a plan are trained at once, each with weights and data of its own: the first axis of
every tensor is the copy. No operation mixes copies, so that each is the network that it would be
alone.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

SAMPLES = 32


@dataclass(frozen=True)
class Plan:
    """A network, its task and how it is trained; `depth` counts layers with weights.

    `gain` multiplies the start of every layer but the last, `skip` is the factor of a branch that
    is added to what it started from (0: no skip connections), `inputs` are normal or "orthogonal",
    of mean 0 and covariance 1, and `target` is what is learned: the
    sign of a linear function of the input ("sign"), signs that are drawn by lot for inputs that are
    all the same ("noise"), or what the network says at its start ("own").
    """

    depth: int = 10
    width: int = 32
    activation: str = "relu"
    start: str = "he"
    gain: float = 1.0
    bias: float = 0.0
    normalisation: str = "none"
    skip: float = 0.0
    optimiser: str = "sgd"
    rate: float = 0.05
    loss: str = "squared"
    reduction: str = "mean"
    target: str = "sign"
    inputs: str = "normal"
    format: str = "float32"


ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "relu": torch.relu,
    "leaky_relu": lambda z: F.leaky_relu(z, 0.1),
    "elu": F.elu,
    "gelu": F.gelu,
    "silu": F.silu,
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "softplus": F.softplus,
    "linear": lambda z: z,
}


def _normal(std: Callable[[int], float]) -> Callable[..., Tensor]:
    def draw(shape: tuple[int, int, int], generator: torch.Generator) -> Tensor:
        return std(shape[-1]) * torch.randn(shape, generator=generator, dtype=torch.float64)

    return draw


def _orthogonal(shape: tuple[int, int, int], generator: torch.Generator) -> Tensor:
    # The signs of R's diagonal make Q uniform over the orthogonal matrices.
    q, r = torch.linalg.qr(torch.randn(shape, generator=generator, dtype=torch.float64))
    return q * torch.sign(torch.diagonal(r, dim1=-2, dim2=-1)).unsqueeze(-2)


STARTS: dict[str, Callable[..., Tensor]] = {
    "he": _normal(lambda fan_in: math.sqrt(2 / fan_in)),
    "lecun": _normal(lambda fan_in: math.sqrt(1 / fan_in)),
    "unit normal": _normal(lambda fan_in: 1.0),
    "orthogonal": _orthogonal,
    "unit uniform": lambda shape, generator: torch.rand(
        shape, generator=generator, dtype=torch.float64
    ),
}

NORMALISATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "none": lambda z: z,
    "batch": lambda z: (
        (z - z.mean(1, keepdim=True)) / torch.sqrt(z.var(1, unbiased=False, keepdim=True) + 2**-10)
    ),
    "layer": lambda z: F.layer_norm(z, z.shape[-1:]),
}


class Stack(nn.Module):
    """Copies of a network; calling it gives what each node passes on, layer by layer."""

    def __init__(self, plan: Plan, seeds: range, dtype: torch.dtype) -> None:
        super().__init__()
        self.plan = plan
        self.activate = ACTIVATIONS[plan.activation]
        self.normalise = NORMALISATIONS[plan.normalisation]
        drawn = [_weights(plan, seed) for seed in seeds]
        self.weights = nn.ParameterList(
            torch.stack(layer).to(dtype) for layer in zip(*drawn, strict=True)
        )
        self.biases = nn.ParameterList(
            torch.full((len(seeds), 1, weight.shape[1]), plan.bias * (index > 0), dtype=dtype)
            for index, weight in enumerate(self.weights)
        )
        nn.init.zeros_(self.biases[-1])

    def forward(self, x: Tensor) -> list[Tensor]:
        """What every layer passes to its activation; the last is the output."""
        if self.plan.depth == 1:
            return [self._linear(0, x)]
        nodes = [self._linear(0, x)]
        if not self.plan.skip:
            nodes[0] = self.normalise(nodes[0])
        for layer in range(1, self.plan.depth - 1):
            h = nodes[-1]
            if self.plan.skip:
                branch = self._linear(layer, self.activate(self.normalise(h)))
                nodes.append(h + self.plan.skip * branch)
            else:
                nodes.append(self.normalise(self._linear(layer, self.activate(h))))
        nodes.append(self._linear(self.plan.depth - 1, self.activate(nodes[-1])))
        return nodes

    def _linear(self, layer: int, h: Tensor) -> Tensor:
        return torch.baddbmm(self.biases[layer], h, self.weights[layer].transpose(1, 2))


def _weights(plan: Plan, seed: int) -> list[Tensor]:
    generator = torch.Generator().manual_seed(seed)
    draw, width = STARTS[plan.start], plan.width
    hidden = [plan.gain * draw((1, width, width), generator)[0] for _ in range(plan.depth - 1)]
    readout = torch.randn((1, width), generator=generator, dtype=torch.float64) / math.sqrt(width)
    return [*hidden, readout]


def data(plan: Plan, seeds: range, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    """Inputs (copies, samples, width) and targets (copies, samples, 1) of ±1 or 0."""
    pairs = [_sample(plan, seed) for seed in seeds]
    x, y = (torch.stack(side).to(dtype) for side in zip(*pairs, strict=True))
    return x, y


def _sample(plan: Plan, seed: int) -> tuple[Tensor, Tensor]:
    # A stream apart from that of the weights, which begins at the seed itself.
    generator = torch.Generator().manual_seed(2**32 + seed)
    x = torch.randn((SAMPLES, plan.width), generator=generator, dtype=torch.float64)
    if plan.inputs == "orthogonal":
        x = math.sqrt(SAMPLES) * torch.linalg.qr(x - x.mean(0)).Q
    direction = torch.randn((plan.width, 1), generator=generator, dtype=torch.float64)
    y = torch.sign(x @ direction)
    if plan.target == "noise":
        y = torch.sign(torch.randn(y.shape, generator=generator, dtype=torch.float64))
        x = x.mean(0, keepdim=True).expand(x.shape)
    return x, y


def losses(plan: Plan, output: Tensor, y: Tensor) -> Tensor:
    """The loss of each copy."""
    each = (output - y) ** 2 if plan.loss == "squared" else F.softplus(-output * y)
    return each.mean((1, 2)) if plan.reduction == "mean" else each.sum((1, 2))

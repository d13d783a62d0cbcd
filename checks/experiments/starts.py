"""A start: inputs forward and a gradient backward, once, and what was seen on the way."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from checks.experiments.descent import gradient_of
from checks.experiments.modules import Net, Perceptron, Seen, build
from theory.recipes import Network, Recipe


@dataclass(frozen=True)
class Start:
    """`errors` holds ‖δ‖ of every layer, in order from the input to the output.

    `dead` is the share of units that are negative for every input, of the layers' outputs before
    the activation; `largest_gradient` the largest |∂C/∂w| of any weight.
    """

    errors: NDArray[np.float64]
    dead: float
    largest_gradient: float


def start(network: Recipe, seed: int) -> Start:
    """The start that a seed decides."""
    generator = torch.Generator().manual_seed(seed)
    net = build(network, generator)
    seen = _passed(net, net.inputs(generator), generator)
    outputs = torch.stack(seen)
    silent = (outputs <= 0).flatten(1, -2).all(dim=1)
    gradients = [gradient_of(parameter) for parameter in net.parameters()]
    return Start(
        errors=_norms(torch.stack([gradient_of(tensor) for tensor in seen])).numpy(),
        dead=float(silent.double().mean()),
        largest_gradient=float(nn.utils.get_total_norm(gradients, math.inf)),
    )


def ratios(network: Network, seeds: Sequence[int]) -> NDArray[np.float64]:
    """‖δ‖ of the first layer over ‖δ‖ of the last, for many starts, all in step."""
    generators = [torch.Generator().manual_seed(seed) for seed in seeds]
    net = Perceptron(network.values, generators)
    inputs = torch.cat([net.inputs(generator) for generator in generators])
    seen = _passed(net, inputs, generators[0])
    return (_norms(gradient_of(seen[0])) / _norms(gradient_of(seen[-1]))).numpy()


def _passed(net: Net, inputs: Tensor, generator: torch.Generator) -> Seen:
    """What was seen on the way forward, with its gradient."""
    seen: Seen = []
    output = net(inputs, seen)
    output.backward(torch.randn(output.shape, generator=generator))
    return seen


def _norms(gradients: Tensor) -> Tensor:
    """The norms along the first axis; their squares need not fit into float32."""
    return torch.linalg.vector_norm(gradients.double().flatten(1), dim=1)

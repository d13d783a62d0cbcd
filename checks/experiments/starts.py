"""A start: inputs forward and a gradient backward, once, and what was seen on the way."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray

from checks.experiments.modules import Seen, build
from theory.recipes import Recipe


@dataclass(frozen=True)
class Start:
    """`errors` holds ‖δ‖ of every layer, in order from the input to the output."""

    errors: NDArray[np.float64]


@lru_cache(maxsize=256)
def start(network: Recipe, seed: int) -> Start:
    """The start that a seed decides."""
    generator = torch.Generator().manual_seed(seed)
    net = build(network, generator)
    seen: Seen = []
    output = net(net.inputs(generator), seen)
    output.backward(torch.randn(output.shape, generator=generator))
    norms = [float(torch.linalg.vector_norm(_arrived(tensor).double())) for tensor in seen]
    return Start(errors=np.array(norms))


def _arrived(tensor: torch.Tensor) -> torch.Tensor:
    return torch.zeros_like(tensor) if tensor.grad is None else tensor.grad

"""Activations made of lines: right and unusual ways to compute them."""

import numpy as np
import torch
import torch.nn.functional as F

from checks.implementations.numpy_textbook.widening import wide
from tests.variants.variant import NUMPY, TORCH, variant, working


@variant(TORCH, "relu6")
def relu6_by_two_choices(x):
    return torch.where(x <= 0, 0, torch.where(x >= 6, 6, x))


@variant(TORCH, "hardtanh")
def hardtanh_by_two_choices(x):
    return torch.where(x <= -1, -1, torch.where(x >= 1, 1, x))


@variant(NUMPY, "hardsigmoid")
def hardsigmoid_as_a_line(x):
    """x/6 + 1/2."""
    return np.clip(wide(x) / 6 + 0.5, 0, 1).astype(x.dtype)


@variant(TORCH, "hardswish")
def hardswish_by_relu6(x):
    """x · relu6(x + 3) / 6, but for the kink at 3, where relu6 is flat and hardswish is not."""
    z = working(x)
    gate = torch.where(z < 3, F.relu6(z + 3) / 6, 1)
    return (z * gate).to(x.dtype)

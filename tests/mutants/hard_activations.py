"""Activations made of lines: wrong ways to compute them."""

import numpy as np
import torch
import torch.nn.functional as F

from checks.implementations.numpy_textbook.widening import wide
from tests.mutants.mutant import HALF, NUMPY, TORCH, mutant

RELU6 = ("relu6_slope_at_most_one",)
HARDTANH = ("hardtanh_slope_at_most_one",)
HARDSIGMOID = ("hardsigmoid_slope_at_most_a_sixth",)
HARDSWISH = ("hardswish_slope_at_most_one_and_a_half",)


@mutant(NUMPY, "relu6_backward", RELU6)
def relu6_lets_the_gradient_through_at_its_kinks(grad, x, y):
    """Reported of clamp, for the reverse, as pytorch/pytorch#184574."""
    return np.where((x >= 0) & (x <= 6), grad, 0).astype(x.dtype)


@mutant(NUMPY, "relu6_backward", RELU6, HALF)
def relu6_splits_the_tie_at_six(grad, x, y):
    """The mean of both slopes, as of a minimum. Reported as tinygrad/tinygrad#18029."""
    slope = np.where((x > 0) & (x < 6), 1, np.where(x == 6, 0.5, 0))
    return (wide(grad) * slope).astype(x.dtype)


@mutant(TORCH, "hardtanh", HARDTANH)
def hardtanh_lets_the_gradient_through_at_its_kinks(x):
    """The slope of clamp at its bounds is 1. Reported as pytorch/pytorch#184574."""
    return torch.clamp(x, -1, 1)


@mutant(NUMPY, "hardsigmoid", HARDSIGMOID)
def hardsigmoid_has_another_slope(x):
    """x/5 + 1/2 between two flat sides, as other libraries define it."""
    return np.clip(0.2 * wide(x) + 0.5, 0, 1).astype(x.dtype)


@mutant(NUMPY, "hardsigmoid_backward", HARDSIGMOID, HALF)
def hardsigmoid_lets_the_gradient_through_at_its_kinks(grad, x, y):
    """< written as <= at both ends."""
    return np.where((x >= -3) & (x <= 3), wide(grad) / 6, 0).astype(x.dtype)


@mutant(NUMPY, "hardswish_backward", HARDSWISH)
def hardswish_slope_is_the_gate_alone(grad, x, y):
    """The product rule without its second term."""
    return (wide(grad) * np.clip(wide(x) + 3, 0, 6) / 6).astype(x.dtype)


@mutant(TORCH, "hardswish", HARDSWISH)
def hardswish_is_a_silu(x):
    """The function that it approximates."""
    return F.silu(x)


@mutant(TORCH, "hardswish", HARDSWISH)
def hardswish_by_a_clamp_has_other_slopes_at_its_kinks(x):
    """−1/2 at −3 and 3/2 at 3, as clamp has the slope 1 at its bounds."""
    return (x.double() * (x.double() + 3).clamp(0, 6) / 6).to(x.dtype)

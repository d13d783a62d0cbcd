"""Smooth activations: right and unusual ways to compute them."""

import numpy as np
import torch

from checks.implementations.numpy_textbook.widening import wide
from tests.variants.variant import NUMPY, TORCH, variant

# -- ELU -------------------------------------------------------------------------------------------


@variant(NUMPY, "elu")
def elu_as_a_sum_of_both_sides(x, alpha):
    """max(x, 0) + α·expm1(min(x, 0))."""
    return (np.maximum(wide(x), 0) + alpha * np.expm1(np.minimum(wide(x), 0))).astype(x.dtype)


@variant(NUMPY, "elu_backward")
def elu_slope_from_the_input(grad, x, alpha, y):
    """αeˣ, which does not saturate."""
    slope = alpha * np.exp(np.minimum(wide(x), 0))
    return np.where(x > 0, wide(grad), wide(grad) * slope).astype(x.dtype)


@variant(TORCH, "elu")
def elu_in_double_precision(x, alpha):
    return torch.nn.functional.elu(x.double(), alpha).to(x.dtype)


@variant(TORCH, "elu")
def elu_from_its_result(x, alpha):
    """In place, torch keeps the output and takes the slope from it."""
    return torch.nn.functional.elu(x.clone(), alpha, inplace=True)

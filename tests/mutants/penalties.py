"""Penalties: wrong ways to compute them."""

import numpy as np
import torch

from checks.implementations.numpy_textbook.widening import wide
from tests.mutants.mutant import HALF, NUMPY, TORCH, mutant, one_by_one, textbook

RIDGE = "ridge_gradient"
L2 = "l2_gradient_is_twice_the_weights"
L1 = "l1_gradient_is_a_sign"
SQUARED_ERROR = "squared_error_gradient"


@mutant(NUMPY, "l2_penalty", (L2, RIDGE))
def l2_halves_its_penalty(weights, strength):
    """α/2 Σ w², as weight decay is often derived: the gradient is that of α Σ w²."""
    return textbook.l2_penalty(weights, strength / 2)


@mutant(NUMPY, "l2_penalty_backward", (L2, RIDGE))
def l2_backward_forgets_the_two(grad, weights, strength, output):
    """αw."""
    return [(wide(grad) * strength * wide(w)).astype(w.dtype) for w in weights]


@mutant(TORCH, "l2_penalty", (L2, RIDGE))
def l2_is_a_norm(weights, strength):
    """α‖w‖, not squared."""
    total = sum(weight.double().pow(2).sum() for weight in weights)
    return (strength * total.sqrt()).to(weights[0].dtype)


@mutant(NUMPY, "l2_penalty", (L2,))
def l2_sees_the_first_array_only(weights, strength):
    """The others are not penalised."""
    return textbook.l2_penalty(weights[:1], strength)


@mutant(NUMPY, "l2_penalty", (L2,), HALF)
def l2_sums_in_half(weights, strength):
    """Squares and sums in the 16-bit format itself."""
    entries = np.concatenate([np.ravel(weight) for weight in weights])
    total = one_by_one([*(entries * entries), entries.dtype.type(0)])
    return np.asarray(strength * wide(total)).astype(entries.dtype)


@mutant(NUMPY, "l1_penalty", (L1,))
def l1_forgets_the_magnitude(weights, strength):
    """α Σ w."""
    total = sum(wide(weight).sum() for weight in weights)
    return np.asarray(strength * total).astype(weights[0].dtype)


@mutant(NUMPY, "l1_penalty_backward", (L1,))
def l1_backward_divides_by_the_magnitude(grad, weights, strength, output):
    """α w/|w|, which is NaN at 0.

    Reported as mlpack/mlpack#3545.
    """
    return [(wide(grad) * strength * wide(w) / np.abs(wide(w))).astype(w.dtype) for w in weights]


@mutant(NUMPY, "l1_penalty_backward", (L1,))
def l1_backward_calls_zero_positive(grad, weights, strength, output):
    """α where w >= 0.

    Reported as jax-ml/jax#37820.
    """
    return [(wide(grad) * strength * np.where(w >= 0, 1, -1)).astype(w.dtype) for w in weights]


@mutant(NUMPY, "total", (SQUARED_ERROR, RIDGE))
def total_is_a_mean(x):
    """The squared error per entry, as losses are by default: the gradient is that of their sum."""
    return np.asarray(wide(x).mean()).astype(x.dtype)


@mutant(TORCH, "l2_penalty", (L2,))
def l2_squares_a_norm(weights, strength):
    """Right, but for the gradient at zero, where a square root has none."""
    return strength * torch.sqrt(sum((weight * weight).sum() for weight in weights)) ** 2

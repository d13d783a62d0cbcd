"""Penalties on large weights."""

import numpy as np

from checks.implementations.numpy_textbook.widening import Array, wide


def l2_penalty(weights: list[Array], strength: float) -> Array:
    """α Σ w²."""
    total = sum((wide(weight) * wide(weight)).sum() for weight in weights)
    return np.asarray(strength * total).astype(weights[0].dtype)


def l2_penalty_backward(
    grad: Array, weights: list[Array], strength: float, output: Array
) -> list[Array]:
    """grad · 2α w."""
    return [(wide(grad) * (2 * strength * wide(w))).astype(w.dtype) for w in weights]


def l1_penalty(weights: list[Array], strength: float) -> Array:
    """α Σ |w|."""
    total = sum(np.abs(wide(weight)).sum() for weight in weights)
    return np.asarray(strength * total).astype(weights[0].dtype)


def l1_penalty_backward(
    grad: Array, weights: list[Array], strength: float, output: Array
) -> list[Array]:
    """grad · α sign w."""
    return [(wide(grad) * strength * np.sign(wide(w))).astype(w.dtype) for w in weights]

"""Layers."""

from collections.abc import Callable
from typing import Any

from checks.implementations.numpy_textbook.widening import Array, wide


def linear(x: Array, weight: Array, bias: Array) -> Array:
    """x Wᵀ + b."""
    return (wide(x) @ wide(weight).T + wide(bias)).astype(x.dtype)


def linear_backward(
    grad: Array, x: Array, weight: Array, bias: Array, y: Array
) -> tuple[Array, Array, Array]:
    """grad W,  gradᵀ x,  Σ grad."""
    grad = wide(grad)
    parts = grad @ wide(weight), grad.T @ wide(x), grad.sum(axis=0)
    return parts[0].astype(x.dtype), parts[1].astype(x.dtype), parts[2].astype(x.dtype)


def residual(x: Array, branch: Callable[[Array], Array]) -> Array:
    """x + branch(x)."""
    return (wide(x) + wide(branch(x))).astype(x.dtype)


def residual_backward(grad: Array, x: Array, branch: Any, y: Array) -> tuple[Array, Array]:
    """grad along the identity, and grad into the branch."""
    return grad, grad

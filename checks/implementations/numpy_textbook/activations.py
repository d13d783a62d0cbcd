"""Activations, and their slopes from the saved output where that is usual."""

import numpy as np

from checks.implementations.numpy_textbook.widening import Array, wide


def sigmoid(x: Array) -> Array:
    """1 / (1 + e⁻ˣ), with the exponential of −|x| only, which cannot overflow."""
    tail = np.exp(-np.abs(wide(x)))
    return (np.where(wide(x) > 0, 1, tail) / (1 + tail)).astype(x.dtype)


def sigmoid_backward(grad: Array, x: Array, y: Array) -> Array:
    """grad · y(1 − y)."""
    return (wide(grad) * wide(y) * (1 - wide(y))).astype(x.dtype)


def tanh(x: Array) -> Array:
    """The hyperbolic tangent."""
    return np.tanh(wide(x)).astype(x.dtype)


def tanh_backward(grad: Array, x: Array, y: Array) -> Array:
    """grad · (1 − y²)."""
    return (wide(grad) * (1 - wide(y) * wide(y))).astype(x.dtype)


def relu(x: Array) -> Array:
    """max(x, 0)."""
    return np.maximum(x, 0).astype(x.dtype)


def relu_backward(grad: Array, x: Array, y: Array) -> Array:
    """grad where x > 0."""
    return np.where(x > 0, grad, 0).astype(x.dtype)


def leaky_relu(x: Array, negative_slope: float) -> Array:
    """x where x > 0, else k·x."""
    return np.where(x > 0, wide(x), negative_slope * wide(x)).astype(x.dtype)


def leaky_relu_backward(grad: Array, x: Array, negative_slope: float, y: Array) -> Array:
    """grad where x > 0, else k·grad."""
    return np.where(x > 0, wide(grad), negative_slope * wide(grad)).astype(x.dtype)


def elu(x: Array, alpha: float) -> Array:
    """x where x > 0, else α(eˣ − 1)."""
    return np.where(x > 0, wide(x), alpha * np.expm1(np.minimum(wide(x), 0))).astype(x.dtype)


def elu_backward(grad: Array, x: Array, alpha: float, y: Array) -> Array:
    """grad where x > 0, else grad · (y + α)."""
    return np.where(x > 0, wide(grad), wide(grad) * (wide(y) + alpha)).astype(x.dtype)

"""Initialisers: drawn in float64, and rounded once where they are stored."""

import numpy as np

from checks.implementations.numpy_textbook.widening import Array

Shape = tuple[int, ...]


def he_normal(shape: Shape, seed: int) -> Array:
    """Normal weights of standard deviation √(2 / fan_in)."""
    fan_in, _ = _fans(shape)
    return _normal(shape, np.sqrt(2 / fan_in), seed)


def he_uniform(shape: Shape, seed: int) -> Array:
    """Uniform weights between ±√(6 / fan_in)."""
    fan_in, _ = _fans(shape)
    return _uniform(shape, np.sqrt(6 / fan_in), seed)


def xavier_normal(shape: Shape, gain: float, seed: int) -> Array:
    """Normal weights of standard deviation gain · √(2 / (fan_in + fan_out))."""
    return _normal(shape, gain * np.sqrt(2 / sum(_fans(shape))), seed)


def xavier_uniform(shape: Shape, gain: float, seed: int) -> Array:
    """Uniform weights between ±gain · √(6 / (fan_in + fan_out))."""
    return _uniform(shape, gain * np.sqrt(6 / sum(_fans(shape))), seed)


def lecun_normal(shape: Shape, seed: int) -> Array:
    """Normal weights of standard deviation √(1 / fan_in)."""
    fan_in, _ = _fans(shape)
    return _normal(shape, np.sqrt(1 / fan_in), seed)


def truncated_normal(shape: Shape, std: float, low: float, high: float, seed: int) -> Array:
    """Normal weights, drawn again until all lie between the bounds."""
    rng = np.random.default_rng(seed)
    weight = rng.normal(0.0, std, shape)
    while (outside := (weight < low) | (weight > high)).any():
        weight[outside] = rng.normal(0.0, std, np.count_nonzero(outside))
    return weight


def orthogonal(shape: Shape, gain: float, seed: int) -> Array:
    """gain · Q of a QR factorisation of normals, with the signs that make R's diagonal positive."""
    rows, columns = shape[0], int(np.prod(shape[1:]))
    normals = np.random.default_rng(seed).normal(size=(max(rows, columns), min(rows, columns)))
    q, r = np.linalg.qr(normals)
    q = q * np.copysign(1.0, np.diag(r))
    return gain * (q if rows >= columns else q.T).reshape(shape)


def _fans(shape: Shape) -> tuple[int, int]:
    """fan_in and fan_out of a weight of shape (out, in, *kernel)."""
    kernel = int(np.prod(shape[2:]))
    return shape[1] * kernel, shape[0] * kernel


def _normal(shape: Shape, deviation: float, seed: int) -> Array:
    return np.random.default_rng(seed).normal(0.0, deviation, shape)


def _uniform(shape: Shape, bound: float, seed: int) -> Array:
    return np.random.default_rng(seed).uniform(-bound, bound, shape)

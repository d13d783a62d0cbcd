"""Initialisers."""

import numpy as np

from checks.implementations.numpy_textbook.widening import Array


def he_normal(shape: tuple[int, ...], seed: int) -> Array:
    """Normal weights of standard deviation √(2 / fan_in)."""
    fan_in = int(np.prod(shape[1:]))
    return np.random.default_rng(seed).normal(0.0, np.sqrt(2 / fan_in), shape)

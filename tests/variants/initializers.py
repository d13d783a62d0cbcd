"""Initialisers: right and unusual ways to compute them."""

import numpy as np
import torch

from tests.variants.variant import NUMPY, TORCH, variant


@variant(NUMPY, "he_normal")
def he_normal_by_box_and_muller(shape, seed):
    rng = np.random.default_rng(seed)
    radius = np.sqrt(-2 * np.log1p(-rng.random(shape)))
    return np.sqrt(2 / shape[1]) * radius * np.cos(2 * np.pi * rng.random(shape))


@variant(TORCH, "he_normal")
def he_normal_in_double_precision(shape, seed):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(shape, generator=generator, dtype=torch.float64) * (2 / shape[1]) ** 0.5

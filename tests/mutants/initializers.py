"""Initialisers: wrong ways to compute them."""

import numpy as np
import torch

from tests.mutants.mutant import NUMPY, TORCH, mutant

HE = ("he_keeps_relu_second_moment",)


@mutant(TORCH, "he_normal", HE)
def he_normal_is_cut_at_two_deviations(shape, seed):
    """Cut and not rescaled, the variance is 0.774 of what it should be.

    Reported as tensorflow/tensorflow#18706.
    """
    deviation = (2 / shape[1]) ** 0.5
    generator = torch.Generator().manual_seed(seed)
    weight = torch.empty(shape)
    return torch.nn.init.trunc_normal_(
        weight, 0.0, deviation, -2 * deviation, 2 * deviation, generator=generator
    )


@mutant(NUMPY, "he_normal", HE)
def he_normal_counts_the_outputs(shape, seed):
    """Fan-out in the place of fan-in.

    Reported, for groups, as pytorch/pytorch#23854.
    """
    return np.random.default_rng(seed).normal(0.0, np.sqrt(2 / shape[0]), shape)


@mutant(NUMPY, "he_normal", HE)
def he_normal_forgets_the_rectifier(shape, seed):
    """Variance 1 / fan_in, which is LeCun's."""
    return np.random.default_rng(seed).normal(0.0, np.sqrt(1 / shape[1]), shape)

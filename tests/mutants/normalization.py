"""Normalisation: wrong ways to compute them."""

import numpy as np
import torch

from checks.implementations.numpy_textbook.widening import wide
from tests.mutants.mutant import FULL, HALF, NUMPY, TORCH, mutant, one_by_one

BATCH_NORM = ("batch_norm_ignores_shift_and_scale", "batch_norm_weight_gradient_scales_inversely")


def normalised(x, gamma, beta, mean, deviation):
    return (wide(gamma) * ((wide(x) - mean) / deviation) + wide(beta)).astype(x.dtype)


@mutant(NUMPY, "batch_norm", BATCH_NORM[:1], FULL)
def batch_norm_variance_is_taken_in_one_pass(x, gamma, beta, eps):
    """E[x²] − E[x]² cancels where the mean is large against the deviation.

    Reported as pytorch/pytorch#40302 and microsoft/onnxruntime#21935.
    """
    mean = wide(x).mean(axis=0)
    variance = (wide(x) ** 2).mean(axis=0) - mean**2
    return normalised(x, gamma, beta, mean, np.sqrt(variance + wide(x).dtype.type(eps)))


@mutant(NUMPY, "batch_norm", BATCH_NORM, HALF)
def batch_norm_statistics_are_kept_in_half(x, gamma, beta, eps):
    """Mean and variance accumulated in the 16-bit format itself.

    Reported as pytorch/pytorch#126525.
    """
    count = x.dtype.type(len(x))
    mean = one_by_one(x) / count
    centred = x - mean
    variance = one_by_one(centred * centred) / count
    return normalised(x, gamma, beta, wide(mean), np.sqrt(wide(variance) + np.float32(eps)))


@mutant(NUMPY, "batch_norm", BATCH_NORM)
def batch_norm_divides_by_one_row_less(x, gamma, beta, eps):
    """The unbiased variance, which is that of the running statistics, in the output.

    Reported, the two swapped, as keras-team/keras#8982 and ml-explore/mlx#3817.
    """
    deviation = np.sqrt(wide(x).var(axis=0, ddof=1) + wide(x).dtype.type(eps))
    return normalised(x, gamma, beta, wide(x).mean(axis=0), deviation)


@mutant(NUMPY, "batch_norm", BATCH_NORM)
def batch_norm_adds_eps_outside_the_root(x, gamma, beta, eps):
    """√v + ε."""
    deviation = wide(x).std(axis=0) + wide(x).dtype.type(eps)
    return normalised(x, gamma, beta, wide(x).mean(axis=0), deviation)


@mutant(NUMPY, "batch_norm", BATCH_NORM)
def batch_norm_averages_the_variances_of_two_shards(x, gamma, beta, eps):
    """The variance between the shards' means is lost.

    Reported, with wrong counts, as pytorch/pytorch#22192.
    """
    shards = np.array_split(wide(x), 2)
    variance = np.mean([shard.var(axis=0) for shard in shards], axis=0)
    deviation = np.sqrt(variance + wide(x).dtype.type(eps))
    return normalised(x, gamma, beta, wide(x).mean(axis=0), deviation)


@mutant(TORCH, "batch_norm", BATCH_NORM[1:])
def batch_norm_differentiates_as_in_evaluation(x, gamma, beta, eps):
    """Mean and variance are constants to autograd."""
    z = x.to(torch.promote_types(x.dtype, torch.float32))
    mean, variance = z.detach().mean(0), z.detach().var(0, correction=0)
    return (gamma * ((z - mean) / torch.sqrt(variance + eps)) + beta).to(x.dtype)

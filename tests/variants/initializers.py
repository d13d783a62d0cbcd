"""Initialisers: right and unusual ways to draw weights."""

import numpy as np
import torch

from tests.variants.variant import NUMPY, TORCH, variant


def fans(shape):
    kernel = int(np.prod(shape[2:]))
    return shape[1] * kernel, shape[0] * kernel


def normals(shape, seed):
    """Standard normals by Box and Muller."""
    rng = np.random.default_rng(seed)
    radius = np.sqrt(-2 * np.log1p(-rng.random(shape)))
    return radius * np.cos(2 * np.pi * rng.random(shape))


@variant(NUMPY, "he_normal")
def he_normal_by_box_and_muller(shape, seed):
    return np.sqrt(2 / fans(shape)[0]) * normals(shape, seed)


@variant(TORCH, "he_normal")
def he_normal_in_double_precision(shape, seed):
    generator = torch.Generator().manual_seed(seed)
    return (
        torch.randn(shape, generator=generator, dtype=torch.float64) * (2 / fans(shape)[0]) ** 0.5
    )


@variant(TORCH, "he_uniform")
def he_uniform_scaled_afterwards(shape, seed):
    generator = torch.Generator().manual_seed(seed)
    share = torch.rand(shape, generator=generator)
    return torch.sqrt(torch.tensor(6.0) / fans(shape)[0]) * (share + share - 1)


@variant(NUMPY, "he_uniform")
def he_uniform_by_sign_and_size(shape, seed):
    rng = np.random.default_rng(seed)
    return rng.choice([-1, 1], shape) * rng.random(shape) * np.sqrt(6 / fans(shape)[0])


@variant(NUMPY, "xavier_normal")
def xavier_normal_by_box_and_muller(shape, gain, seed):
    return gain * np.sqrt(2 / sum(fans(shape))) * normals(shape, seed)


@variant(NUMPY, "xavier_uniform")
def xavier_uniform_by_its_quantiles(shape, gain, seed):
    share = np.random.default_rng(seed).random(shape)
    return gain * np.sqrt(6 / sum(fans(shape))) * (2 * share - 1)


@variant(NUMPY, "lecun_normal")
def lecun_normal_in_single_precision(shape, seed):
    rng = np.random.default_rng(seed)
    return rng.standard_normal(shape, np.float32) / np.sqrt(np.float32(fans(shape)[0]))


@variant(NUMPY, "truncated_normal")
def truncated_normal_by_its_quantiles(shape, std, low, high, seed):
    from scipy.special import ndtr, ndtri

    share = np.random.default_rng(seed).uniform(ndtr(low / std), ndtr(high / std), shape)
    return np.clip(std * ndtri(share), low, high)


@variant(NUMPY, "orthogonal")
def orthogonal_by_polar_decomposition(shape, gain, seed):
    """The nearest orthonormal columns to normals are uniformly distributed as well."""
    left, _, right = np.linalg.svd(normals(shape, seed), full_matrices=False)
    return gain * left @ right


@variant(NUMPY, "orthogonal")
def orthogonal_by_gram_and_schmidt(shape, gain, seed):
    """Column by column, and each of them twice."""
    out, into = shape
    columns = normals((max(shape), min(shape)), seed)
    for k in range(columns.shape[1]):
        for _ in range(2):
            columns[:, k] -= columns[:, :k] @ (columns[:, :k].T @ columns[:, k])
        columns[:, k] /= np.linalg.norm(columns[:, k])
    return gain * (columns if out >= into else columns.T)

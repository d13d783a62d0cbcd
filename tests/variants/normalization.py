"""Normalisation: right and unusual ways to compute them."""

import numpy as np
import torch

from checks.implementations.numpy_textbook.widening import wide
from tests.variants.variant import (
    NUMPY,
    TORCH,
    double,
    one_by_one,
    pairwise,
    variant,
    widened_batch_norm,
    working,
)


def normalised(x, gamma, beta, mean, variance, eps):
    inverse = 1 / np.sqrt(variance + variance.dtype.type(eps))
    return ((wide(x) - mean) * (inverse * wide(gamma)) + wide(beta)).astype(x.dtype)


@variant(NUMPY, "batch_norm")
def batch_norm_as_an_affine_map(x, gamma, beta, eps):
    """x·α + (β − mean·α) with α = γ / √(v + ε)."""
    z = wide(x)
    mean = z.mean(axis=0)
    alpha = wide(gamma) / np.sqrt(z.var(axis=0) + z.dtype.type(eps))
    return (z * alpha + (wide(beta) - mean * alpha)).astype(x.dtype)


@variant(NUMPY, "batch_norm")
def batch_norm_by_division(x, gamma, beta, eps):
    z = wide(x)
    deviation = np.sqrt(z.var(axis=0) + z.dtype.type(eps))
    return (wide(gamma) * ((z - z.mean(axis=0)) / deviation) + wide(beta)).astype(x.dtype)


@variant(NUMPY, "batch_norm")
def batch_norm_summed_pairwise_in_reverse(x, gamma, beta, eps):
    z = wide(x)
    mean = pairwise(z[::-1]) / len(z)
    variance = pairwise(((z - mean) ** 2)[::-1]) / len(z)
    return normalised(x, gamma, beta, mean, variance, eps)


@variant(NUMPY, "batch_norm")
def batch_norm_summed_one_by_one(x, gamma, beta, eps):
    z = wide(x)
    mean = one_by_one(z) / len(z)
    variance = one_by_one((z - mean) ** 2) / len(z)
    return normalised(x, gamma, beta, mean, variance, eps)


@variant(NUMPY, "batch_norm")
def batch_norm_by_welford(x, gamma, beta, eps):
    """Mean and sum of squares updated row by row."""
    mean, squares = wide(x)[0], np.zeros_like(wide(x)[0])
    for count, row in enumerate(wide(x)[1:], start=2):
        delta = row - mean
        mean = mean + delta / mean.dtype.type(count)
        squares = squares + delta * (row - mean)
    return normalised(x, gamma, beta, mean, squares / squares.dtype.type(len(x)), eps)


@variant(NUMPY, "batch_norm")
def batch_norm_merges_two_shards(x, gamma, beta, eps):
    """Chan's parallel update: means and sums of squares of two halves, merged by their counts."""
    one, two = np.array_split(wide(x), 2)
    delta = two.mean(axis=0) - one.mean(axis=0)
    share = delta.dtype.type(len(two) / len(x))
    mean = one.mean(axis=0) + delta * share
    squares = [((part - part.mean(axis=0)) ** 2).sum(axis=0) for part in (one, two)]
    between = delta * delta * share * delta.dtype.type(len(one))
    return normalised(x, gamma, beta, mean, (squares[0] + squares[1] + between) / len(x), eps)


@variant(NUMPY, "batch_norm")
def batch_norm_in_double_precision(x, gamma, beta, eps):
    z = double(x)
    deviation = np.sqrt(z.var(axis=0) + eps)
    return (double(gamma) * (z - z.mean(axis=0)) / deviation + double(beta)).astype(x.dtype)


variant(TORCH, "batch_norm")(widened_batch_norm)


@variant(TORCH, "batch_norm")
def batch_norm_by_rsqrt(x, gamma, beta, eps):
    """Differentiated through mean and variance by autograd."""
    z = working(x)
    centred = z - z.mean(0)
    inverse = torch.rsqrt((centred * centred).mean(0) + eps)
    return (centred * inverse * working(gamma) + working(beta)).to(x.dtype)


@variant(NUMPY, "batch_norm_backward")
def batch_norm_backward_over_the_count(grad, x, gamma, beta, eps, y):
    """γ/(m·s) · (m·grad − Σ grad − x̂ Σ grad·x̂)."""
    g, z, m = wide(grad), wide(x), wide(x).dtype.type(len(x))
    inverse = 1 / np.sqrt(z.var(axis=0) + z.dtype.type(eps))
    normal = (z - z.mean(axis=0)) * inverse
    along, total = (g * normal).sum(axis=0), g.sum(axis=0)
    x_grad = wide(gamma) * inverse / m * (m * g - total - normal * along)
    return tuple(part.astype(x.dtype) for part in (x_grad, along, total))


@variant(NUMPY, "batch_norm_eval")
def evaluation_as_an_affine_map(x, mean, var, gamma, beta, eps):
    """x·α + (β − mean·α) with α = γ / √(v + ε), as it is fused into a layer."""
    alpha = wide(gamma) / np.sqrt(wide(var) + wide(x).dtype.type(eps))
    return (wide(x) * alpha + (wide(beta) - wide(mean) * alpha)).astype(x.dtype)


@variant(NUMPY, "batch_norm_eval_backward")
def evaluation_backward_by_division(grad, x, mean, var, gamma, beta, eps, y):
    g, z, deviation = wide(grad), wide(x), np.sqrt(wide(var) + wide(x).dtype.type(eps))
    gamma_grad = (g * (z - wide(mean))).sum(axis=0) / deviation
    parts = (g / deviation * wide(gamma), gamma_grad, g.sum(axis=0))
    return tuple(part.astype(x.dtype) for part in parts)


@variant(NUMPY, "batch_norm_running")
def running_statistics_step_toward_the_batch(mean, var, x, momentum):
    """old + q·(new − old), with the batch's moments by Welford."""
    z = wide(x)
    new, squares = z[0], np.zeros_like(z[0])
    for count, row in enumerate(z[1:], start=2):
        delta = row - new
        new = new + delta / z.dtype.type(count)
        squares = squares + delta * (row - new)
    variance, share = squares / z.dtype.type(len(z) - 1), z.dtype.type(momentum)
    pairs = ((mean, new), (var, variance))
    return tuple((wide(a) + share * (b - wide(a))).astype(a.dtype) for a, b in pairs)


@variant(NUMPY, "layer_norm", limits=("layer_norm_output_ignores_shift_and_scale",))
def layer_norm_as_an_affine_map(x, gamma, beta, eps):
    """(x·r − mean·r)·γ + β, row by row, where x·r overflows sooner than (x − mean)·r."""
    z = wide(x)
    inverse = 1 / np.sqrt(z.var(axis=1, keepdims=True) + z.dtype.type(eps))
    shift = z.mean(axis=1, keepdims=True) * inverse
    return ((z * inverse - shift) * wide(gamma) + wide(beta)).astype(x.dtype)


@variant(NUMPY, "layer_norm_backward", limits=("layer_norm_input_gradient_sums_to_zero",))
def layer_norm_backward_uncentred(grad, x, gamma, beta, eps, y):
    """r·h + b·x + c from sums of x itself, as torch writes it: they overflow sooner."""
    z, g, d = wide(x), wide(grad), wide(x).dtype.type(x.shape[1])
    mean = z.mean(axis=1, keepdims=True)
    r = 1 / np.sqrt(z.var(axis=1, keepdims=True) + z.dtype.type(eps))
    h = g * wide(gamma)
    sums, total = (h * z).sum(axis=1, keepdims=True), h.sum(axis=1, keepdims=True)
    b = (total * mean - sums) * r * r * r / d
    x_grad = r * h + b * z + (-b * mean - total * r / d)
    parts = (x_grad, (g * ((z - mean) * r)).sum(axis=0), g.sum(axis=0))
    return tuple(part.astype(x.dtype) for part in parts)


@variant(NUMPY, "rms_norm")
def rms_norm_by_division(x, gamma, eps):
    z = wide(x)
    root = np.sqrt((z * z).mean(axis=1, keepdims=True) + z.dtype.type(eps))
    return (z / root * wide(gamma)).astype(x.dtype)

"""Layers: right and unusual ways to compute them."""

import numpy as np
import torch

from checks.implementations.numpy_textbook.widening import wide
from tests.variants.variant import NUMPY, TORCH, double, one_by_one, pairwise, variant, working


def products(x, weight):
    """The terms of x Wᵀ, one for each input feature."""
    return [wide(x)[:, i, None] * wide(weight)[None, :, i] for i in range(x.shape[1])]


@variant(NUMPY, "linear")
def linear_summed_in_reverse(x, weight, bias):
    return (one_by_one(products(x, weight)[::-1]) + wide(bias)).astype(x.dtype)


@variant(NUMPY, "linear")
def linear_summed_pairwise(x, weight, bias):
    return (pairwise(products(x, weight)) + wide(bias)).astype(x.dtype)


@variant(NUMPY, "linear")
def linear_summed_in_chunks(x, weight, bias):
    terms = products(x, weight)
    partial = [one_by_one(terms[start::2]) for start in range(min(2, len(terms)))]
    return (one_by_one(partial) + wide(bias)).astype(x.dtype)


@variant(NUMPY, "linear")
def linear_starts_from_the_bias(x, weight, bias):
    """The accumulator holds the bias from the beginning, as it may where layers are fused."""
    return one_by_one([wide(bias), *products(x, weight)]).astype(x.dtype)


@variant(NUMPY, "linear", ("float16", "bfloat16", "float32"))
def linear_with_fused_multiply_add(x, weight, bias):
    """Each product enters the sum unrounded; float64 stands for the unit's inner width."""
    total = wide(x)[:, :1] * wide(weight)[None, :, 0]
    for i in range(1, x.shape[1]):
        product = double(x)[:, i, None] * double(weight)[None, :, i]
        total = (product + total).astype(np.float32)
    return (total + wide(bias)).astype(x.dtype)


@variant(TORCH, "linear")
def linear_in_double_precision(x, weight, bias):
    return (x.double() @ weight.double().T + bias.double()).to(x.dtype)


@variant(TORCH, "linear")
def linear_by_einsum(x, weight, bias):
    return (torch.einsum("bi,oi->bo", working(x), working(weight)) + working(bias)).to(x.dtype)


@variant(NUMPY, "linear_backward")
def linear_backward_summed_in_reverse(grad, x, weight, bias, y):
    g = wide(grad)
    parts = (
        one_by_one([g[:, o, None] * wide(weight)[None, o] for o in range(g.shape[1])][::-1]),
        one_by_one([g[r, :, None] * wide(x)[r, None] for r in range(len(g))][::-1]),
        one_by_one(g[::-1]),
    )
    return tuple(part.astype(x.dtype) for part in parts)


@variant(TORCH, "residual")
def residual_in_double_precision(x, branch):
    return (branch(x).double() + x.double()).to(x.dtype)


@variant(NUMPY, "residual")
def residual_by_scaled_addition(x, branch):
    return np.add(wide(branch(x)), np.float32(1) * wide(x)).astype(x.dtype)

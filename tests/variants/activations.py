"""Activations: right and unusual ways to compute them."""

import numpy as np
import torch

from checks.implementations.numpy_textbook.widening import wide
from tests.variants.variant import NUMPY, QUARTER, TORCH, double, variant, working

# -- sigmoid ---------------------------------------------------------------------------------------


@variant(NUMPY, "sigmoid")
def sigmoid_by_the_naive_formula(x):
    """1 / (1 + e⁻ˣ), which is 0 where e⁻ˣ overflows."""
    return (1 / (1 + np.exp(-wide(x)))).astype(x.dtype)


@variant(NUMPY, "sigmoid")
def sigmoid_by_sign(x):
    """eˣ / (1 + eˣ) on the left, 1 / (1 + e⁻ˣ) on the right."""
    z = wide(x)
    return np.where(z < 0, np.exp(z) / (1 + np.exp(z)), 1 / (1 + np.exp(-z))).astype(x.dtype)


@variant(NUMPY, "sigmoid")
def sigmoid_in_double_precision(x):
    return (1 / (1 + np.exp(-double(x)))).astype(x.dtype)


@variant(NUMPY, "sigmoid_backward", limits=(QUARTER,))
def sigmoid_slope_from_the_input(grad, x, y):
    """e / (1 + e)² with e = e^−|x|, which does not saturate."""
    tail = np.exp(-np.abs(wide(x)))
    return (wide(grad) * (tail / ((1 + tail) * (1 + tail)))).astype(x.dtype)


@variant(NUMPY, "sigmoid_backward", limits=(QUARTER,))
def sigmoid_slope_from_both_sides(grad, x, y):
    """σ(x) σ(−x)."""
    z = wide(x)
    return (wide(grad) * (1 / (1 + np.exp(-z))) * (1 / (1 + np.exp(z)))).astype(x.dtype)


@variant(TORCH, "sigmoid")
def sigmoid_of_a_widened_tensor(x):
    """The slope is then taken from the output before it was rounded."""
    return torch.sigmoid(working(x)).to(x.dtype)


@variant(TORCH, "sigmoid_backward")
def sigmoid_backward_in_one_rounding(grad, x, y):
    y = working(y)
    return (working(grad) * (1 - y) * y).to(x.dtype)


# -- tanh ------------------------------------------------------------------------------------------


@variant(NUMPY, "tanh")
def tanh_from_expm1(x):
    """−m / (m + 2) with m = e^−2|x| − 1."""
    m = np.expm1(-2 * np.abs(wide(x)))
    return np.copysign(m / (m + 2), wide(x)).astype(x.dtype)


@variant(NUMPY, "tanh_backward")
def tanh_slope_as_a_product(grad, x, y):
    """(1 − y)(1 + y)."""
    return (wide(grad) * ((1 - wide(y)) * (1 + wide(y)))).astype(x.dtype)


@variant(NUMPY, "tanh_backward")
def tanh_slope_from_the_input(grad, x, y):
    """1 / cosh²."""
    return (wide(grad) / np.cosh(wide(x)) / np.cosh(wide(x))).astype(x.dtype)


@variant(NUMPY, "tanh_backward")
def tanh_slope_less_its_square(grad, x, y):
    g, t = wide(grad), wide(y)
    return (g - g * t * t).astype(x.dtype)


@variant(NUMPY, "tanh_backward")
def tanh_slope_by_a_sum_and_a_difference(grad, x, y):
    """As automatic differentiation by rules of its own writes it."""
    g, t = wide(grad), wide(y)
    return ((g + g * t) * (1 - t)).astype(x.dtype)


@variant(TORCH, "tanh")
def tanh_in_double_precision(x):
    return torch.tanh(x.double()).to(x.dtype)


@variant(TORCH, "tanh")
def tanh_of_a_widened_tensor(x):
    return torch.tanh(working(x)).to(x.dtype)


# -- ReLU and leaky ReLU ---------------------------------------------------------------------------


@variant(NUMPY, "relu")
def relu_by_a_mask(x):
    return x * (x > 0).astype(x.dtype)


@variant(TORCH, "relu")
def relu_by_a_choice(x):
    """Of what is no number no comparison is true, and NaN is left as it is."""
    return torch.where(x <= 0, 0, x)


@variant(NUMPY, "leaky_relu")
def leaky_relu_as_a_sum_of_both_sides(x, negative_slope):
    """max(x, 0) + k·min(x, 0)."""
    z = wide(x)
    return (np.maximum(z, 0) + negative_slope * np.minimum(z, 0)).astype(x.dtype)


@variant(TORCH, "leaky_relu")
def leaky_relu_by_prelu(x, negative_slope):
    slope = torch.full((1,), negative_slope, dtype=working(x).dtype)
    return torch.nn.functional.prelu(working(x), slope).to(x.dtype)

"""Smooth activations: right and unusual ways to compute them."""

import math

import numpy as np
import torch

from checks.implementations.numpy_textbook.widening import wide
from tests.variants.variant import NUMPY, TORCH, variant, working

# -- ELU -------------------------------------------------------------------------------------------


@variant(TORCH, "elu")
def elu_by_its_formula(x, alpha):
    """Which autograd differentiates to α(expm1(x) + 1)."""
    z = working(x)
    return torch.where(z > 0, z, alpha * torch.expm1(z.clamp(max=0))).to(x.dtype)


@variant(NUMPY, "elu_backward")
def elu_slope_term_by_term(grad, x, alpha, y):
    g = wide(grad)
    return np.where(x > 0, g, g * wide(y) + g * wide(x).dtype.type(alpha)).astype(x.dtype)


@variant(NUMPY, "elu")
def elu_as_a_sum_of_both_sides(x, alpha):
    """max(x, 0) + α·expm1(min(x, 0))."""
    return (np.maximum(wide(x), 0) + alpha * np.expm1(np.minimum(wide(x), 0))).astype(x.dtype)


@variant(NUMPY, "elu_backward")
def elu_slope_from_the_input(grad, x, alpha, y):
    """αeˣ, which does not saturate."""
    slope = alpha * np.exp(np.minimum(wide(x), 0))
    return np.where(x > 0, wide(grad), wide(grad) * slope).astype(x.dtype)


@variant(TORCH, "elu")
def elu_in_double_precision(x, alpha):
    return torch.nn.functional.elu(x.double(), alpha).to(x.dtype)


@variant(TORCH, "elu")
def elu_from_its_result(x, alpha):
    """In place, torch keeps the output and takes the slope from it."""
    return torch.nn.functional.elu(x.clone(), alpha, inplace=True)


# -- SELU ------------------------------------------------------------------------------------------


@variant(TORCH, "selu")
def selu_as_a_scaled_elu(x):
    scaled = torch.nn.functional.elu(working(x), 1.6732632423543772) * 1.0507009873554805
    return scaled.to(x.dtype)


# -- softplus and the logarithm of the sigmoid -----------------------------------------------------


@variant(NUMPY, "softplus")
def softplus_as_a_sum_of_exponentials(x):
    """log(e⁰ + eˣ), of which the larger is taken out."""
    return np.logaddexp(wide(x), 0).astype(x.dtype)


@variant(TORCH, "softplus")
def softplus_by_logaddexp(x):
    """Its slope is e^(x − y), from the output before it was rounded."""
    return torch.logaddexp(working(x), torch.zeros_like(working(x))).to(x.dtype)


@variant(NUMPY, "log_sigmoid")
def log_sigmoid_as_a_sum_of_exponentials(x):
    return (-np.logaddexp(-wide(x), 0)).astype(x.dtype)


@variant(TORCH, "log_sigmoid")
def log_sigmoid_of_a_widened_tensor(x):
    return torch.nn.functional.logsigmoid(working(x)).to(x.dtype)


# -- gates -----------------------------------------------------------------------------------------


@variant(NUMPY, "silu")
def silu_as_a_quotient(x):
    """x / (1 + e⁻ˣ), which is −0 where e⁻ˣ overflows."""
    return (wide(x) / (1 + np.exp(-wide(x)))).astype(x.dtype)


@variant(TORCH, "silu")
def silu_by_the_product_rule(x):
    """Differentiated by autograd as it stands."""
    z = working(x)
    return (z * torch.sigmoid(z)).to(x.dtype)


@variant(NUMPY, "mish")
def mish_by_one_exponential(x):
    """With n = e^x: x · n(n + 2) / (n(n + 2) + 2)."""
    n = np.exp(np.minimum(wide(x), 20))
    return (wide(x) * (n * (n + 2) / (n * (n + 2) + 2))).astype(x.dtype)


@variant(TORCH, "mish")
def mish_by_the_product_rule(x):
    z = working(x)
    softplus = torch.logaddexp(z, torch.zeros_like(z))
    return (z * torch.tanh(softplus)).to(x.dtype)


# -- GELU ------------------------------------------------------------------------------------------


@variant(NUMPY, "gelu")
def gelu_by_erf(x):
    """(1 + erf(x/√2)) / 2, the usual method, which cancels on the left."""
    z = wide(x)
    erf = np.asarray(np.frompyfunc(math.erf, 1, 1)(z * math.sqrt(0.5)), z.dtype)
    return (z * ((1 + erf) / 2)).astype(x.dtype)


@variant(TORCH, "gelu")
def gelu_by_erfc(x):
    z = working(x)
    return (z * torch.special.erfc(-z * math.sqrt(0.5)) / 2).to(x.dtype)


@variant(TORCH, "gelu")
def gelu_by_erf_and_the_product_rule(x):
    z = working(x)
    return (z * (1 + torch.erf(z * math.sqrt(0.5))) / 2).to(x.dtype)


@variant(NUMPY, "gelu_tanh")
def gelu_tanh_by_a_sigmoid(x):
    """(1 + tanh(w)) / 2 is σ(2w)."""
    w = math.sqrt(2 / math.pi) * (wide(x) + 0.044715 * wide(x) ** 3)
    return (wide(x) * (1 / (1 + np.exp(-2 * w)))).astype(x.dtype)


# -- softsign --------------------------------------------------------------------------------------


@variant(TORCH, "softsign")
def softsign_by_a_reciprocal(x):
    z = working(x)
    return (z * (1 / (1 + z.abs()))).to(x.dtype)


@variant(TORCH, "softsign")
def softsign_by_the_quotient_rule(x):
    z = working(x)
    return (z / (1 + z.abs())).to(x.dtype)


@variant(NUMPY, "softsign_backward")
def softsign_slope_by_a_square(grad, x, y):
    """grad / (1 + |x|)², the square first, which may overflow."""
    size = 1 + np.abs(wide(x))
    return (wide(grad) / (size * size)).astype(x.dtype)

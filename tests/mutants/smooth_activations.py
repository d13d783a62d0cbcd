"""Smooth activations: wrong ways to compute them."""

import numpy as np
import torch
import torch.nn.functional as F

from checks.implementations.numpy_textbook.widening import wide
from tests.mutants.mutant import FULL, NUMPY, TORCH, mutant, textbook

# -- ELU -------------------------------------------------------------------------------------------

ELU_NEVER_DIES = "elu_slope_never_dies"
ELU_IDENTITY = "elu_slope_is_value_plus_alpha"
ELU = (ELU_IDENTITY, "elu_slope_continuous_only_for_unit_alpha", "elu_slope_at_most_one_or_alpha")


@mutant(NUMPY, "elu", (ELU_NEVER_DIES, *ELU), ("bfloat16", *FULL))
def elu_cancels_near_zero(x, alpha):
    """eˣ − 1 is 0 for −10⁻⁸ in float32: expm1 is there for that.

    Reported as tensorflow/tensorflow#116943.
    """
    return np.where(x > 0, wide(x), alpha * (np.exp(np.minimum(wide(x), 0)) - 1)).astype(x.dtype)


@mutant(TORCH, "elu", ELU)
def elu_keeps_its_default_alpha(x, alpha):
    """The argument is not handed on, and 1 is used."""
    return F.elu(x)


@mutant(NUMPY, "elu_backward", (ELU_NEVER_DIES, *ELU, "a_dead_elu_unit_recovers"))
def elu_slope_forgets_alpha(grad, x, alpha, y):
    """The value alone, which is negative."""
    return np.where(x > 0, wide(grad), wide(grad) * wide(y)).astype(x.dtype)


@mutant(NUMPY, "elu_backward", ELU)
def elu_slope_adds_one(grad, x, alpha, y):
    """y + 1, which is right for alpha = 1 only."""
    return np.where(x > 0, wide(grad), wide(grad) * (wide(y) + 1)).astype(x.dtype)


@mutant(NUMPY, "elu_backward", ELU[:2], ("float16",))
def elu_slope_goes_by_the_sign_of_the_output(grad, x, alpha, y):
    """y < 0 for x < 0: where the value underflows to 0, the slope is then that of the right side.

    Reported, of the second derivative, as tensorflow/tensorflow#124830.
    """
    return np.where(y < 0, wide(grad) * (wide(y) + alpha), wide(grad)).astype(x.dtype)


# -- SELU ------------------------------------------------------------------------------------------

SELU = ("selu_slope_at_most_1_7581",)


@mutant(NUMPY, "selu", SELU, ("bfloat16", *FULL))
def selu_cancels_near_zero(x):
    """eˣ − 1, as in ELU. Reported as tensorflow/tensorflow#116943."""
    left = 1.6732632423543772 * (np.exp(np.minimum(wide(x), 0)) - 1)
    return (1.0507009873554805 * np.where(x > 0, wide(x), left)).astype(x.dtype)


@mutant(TORCH, "selu", SELU)
def selu_forgets_its_scale(x):
    """An ELU with the same alpha."""
    return F.elu(x, 1.6732632423543772)


@mutant(NUMPY, "selu_backward", SELU)
def selu_slope_adds_alpha(grad, x, y):
    """y + alpha, where the output has the scale in it."""
    left = wide(grad) * (wide(y) + 1.6732632423543772)
    return np.where(x > 0, 1.0507009873554805 * wide(grad), left).astype(x.dtype)


# -- softplus and the logarithm of the sigmoid -----------------------------------------------------

SOFTPLUS = ("softplus_slope_at_most_one",)
LOG_SIGMOID = ("log_sigmoid_slope_at_most_one",)


@mutant(NUMPY, "softplus", SOFTPLUS)
def softplus_overflows(x):
    """log(1 + eˣ) as it stands. Reported as tracel-ai/burn#5373."""
    return np.log(1 + np.exp(wide(x))).astype(x.dtype)


@mutant(NUMPY, "softplus_backward", SOFTPLUS)
def softplus_slope_is_a_quotient_of_infinities(grad, x, y):
    """eˣ / (1 + eˣ) on both sides."""
    power = np.exp(wide(x))
    return (wide(grad) * (power / (1 + power))).astype(x.dtype)


@mutant(NUMPY, "log_sigmoid", LOG_SIGMOID)
def log_sigmoid_takes_the_logarithm_of_zero(x):
    """The logarithm of the sigmoid, once that has underflowed."""
    return np.log(1 / (1 + np.exp(-wide(x)))).astype(x.dtype)


@mutant(NUMPY, "log_sigmoid_backward", LOG_SIGMOID, ("bfloat16", *FULL))
def log_sigmoid_slope_cancels_on_the_right(grad, x, y):
    """1 − σ(x), which is 0 where σ(x) rounds to 1."""
    return (wide(grad) * (1 - 1 / (1 + np.exp(-wide(x))))).astype(x.dtype)


# -- gates -----------------------------------------------------------------------------------------

SILU = ("silu_slope_at_most_1_09984",)
MISH = ("mish_slope_at_most_1_0885",)


@mutant(TORCH, "silu", SILU)
def silu_is_a_hard_swish(x):
    """The approximation that is made of a parabola."""
    return F.hardswish(x)


@mutant(NUMPY, "silu_backward", SILU)
def silu_slope_is_the_gate_alone(grad, x, y):
    """The product rule without its second term."""
    return (wide(grad) / (1 + np.exp(-wide(x)))).astype(x.dtype)


@mutant(NUMPY, "mish", MISH, ("bfloat16", *FULL))
def mish_loses_its_tail(x):
    """log(1 + eˣ) for log1p: 0 as soon as eˣ is lost beside 1."""
    gate = np.tanh(np.log(1 + np.exp(np.minimum(wide(x), 50))))
    return (wide(x) * gate).astype(x.dtype)


@mutant(NUMPY, "mish_backward", MISH)
def mish_slope_forgets_the_softplus(grad, x, y):
    """The chain rule without the slope of the innermost function."""
    t = np.tanh(textbook.softplus(wide(x)))
    return (wide(grad) * (t + wide(x) * (1 - t * t))).astype(x.dtype)


# -- GELU ------------------------------------------------------------------------------------------

GELU = ("gelu_slope_at_most_1_12891",)
GELU_IS_NEGATIVE = "gelu_is_negative_on_the_left"
GELU_TANH = ("gelu_tanh_slope_at_most_1_129",)


@mutant(TORCH, "gelu", (*GELU, GELU_IS_NEGATIVE))
def gelu_is_approximated_by_tanh(x):
    """What other libraries take for the same function."""
    return F.gelu(x, approximate="tanh")


@mutant(TORCH, "gelu", (GELU_IS_NEGATIVE,))
def gelu_is_served_by_its_approximation(x):
    """A faster one where no gradient is wanted."""
    return F.gelu(x) if torch.is_grad_enabled() else F.gelu(x, approximate="tanh")


@mutant(NUMPY, "gelu", (*GELU, GELU_IS_NEGATIVE))
def gelu_is_approximated_by_a_sigmoid(x):
    """x · σ(1.702x), the other approximation of the paper."""
    return (wide(x) / (1 + np.exp(-1.702 * wide(x)))).astype(x.dtype)


@mutant(NUMPY, "gelu_backward", GELU)
def gelu_slope_is_the_distribution_alone(grad, x, y):
    """The product rule without the density."""
    return (wide(grad) * textbook.sigmoid(1.702 * wide(x))).astype(x.dtype)


@mutant(NUMPY, "gelu_tanh", GELU_TANH)
def gelu_tanh_is_computed_exactly(x):
    """The function that it approximates."""
    return textbook.gelu(x)


@mutant(NUMPY, "gelu_tanh_backward", GELU_TANH)
def gelu_tanh_slope_overflows(grad, x, y):
    """∞ · 0 in the second term, where x² overflows: with x² in float16, from 256 on.

    Reported as facebookresearch/fairseq#2235.
    """
    t = np.tanh(0.7978845608028654 * (wide(x) + 0.044715 * wide(x) ** 3))
    square = wide(x * x)
    bump = wide(x) * (1 - t * t) / 2 * 0.7978845608028654 * (1 + 3 * 0.044715 * square)
    return (wide(grad) * ((1 + t) / 2 + bump)).astype(x.dtype)


# -- softsign --------------------------------------------------------------------------------------

SOFTSIGN = ("softsign_slope_at_most_one",)


@mutant(NUMPY, "softsign_backward", SOFTSIGN)
def softsign_slope_forgets_the_square(grad, x, y):
    """1 / (1 + |x|)."""
    return (wide(grad) / (1 + np.abs(wide(x)))).astype(x.dtype)

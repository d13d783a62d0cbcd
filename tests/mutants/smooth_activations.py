"""Smooth activations: wrong ways to compute them."""

import numpy as np
import torch.nn.functional as F

from checks.implementations.numpy_textbook.widening import wide
from tests.mutants.mutant import FULL, NUMPY, TORCH, mutant

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


@mutant(NUMPY, "elu_backward", (ELU_NEVER_DIES, *ELU))
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

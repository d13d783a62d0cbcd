"""What is done to gradients: wrong ways to compute them."""

import numpy as np

from checks.implementations.numpy_textbook.widening import wide
from tests.mutants.mutant import HALF, NUMPY, TORCH, mutant, one_by_one, textbook

CLIPPING = ("norm_clipping_bounds_the_norm",)


@mutant(TORCH, "clip_by_norm", CLIPPING)
def clipping_is_not_applied(grads, max_norm):
    """The gradients as they are.

    Reported as tensorflow/tensorflow#33929.
    """
    return list(grads)


@mutant(NUMPY, "clip_by_norm", CLIPPING)
def clipping_takes_each_tensor_alone(grads, max_norm):
    """Each tensor is scaled by its own norm, so that together they are longer than allowed."""
    return [textbook.clip_by_norm([grad], max_norm)[0] for grad in grads]


@mutant(NUMPY, "clip_by_norm", CLIPPING)
def clipping_scales_short_gradients_up(grads, max_norm):
    """c / ‖g‖ without the minimum: the norm is c, always."""
    norm = np.sqrt(sum((wide(grad) ** 2).sum() for grad in grads))
    return [(wide(grad) * (max_norm / norm)).astype(grad.dtype) for grad in grads]


@mutant(NUMPY, "clip_by_norm", CLIPPING, HALF)
def clipping_sums_the_squares_in_half(grads, max_norm):
    """The square of 300 overflows in float16; in bfloat16 a sum of ones stops at 256.

    Reported as facebookresearch/fairscale#263.
    """
    entries = np.concatenate([np.ravel(grad) for grad in grads])
    norm = np.sqrt(wide(one_by_one(entries * entries))) if entries.size else np.float32(0)
    factor = min(1, max_norm / norm) if norm else 1
    return [(wide(grad) * np.float32(factor)).astype(grad.dtype) for grad in grads]

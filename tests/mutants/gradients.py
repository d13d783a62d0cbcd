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


DIRECTION = ("norm_clipping_keeps_direction", "norm_clipping_does_not_depend_on_grouping")
LENGTH = ("clipped_step_is_bounded", "norm_clipping_leaves_half_of_the_limit")


@mutant(NUMPY, "clip_by_norm", (*DIRECTION, *LENGTH))
def clipping_takes_the_sum_of_magnitudes(grads, max_norm):
    """Σ|g| for the norm, which is larger."""
    norm = sum(np.abs(wide(grad)).sum() for grad in grads)
    factor = np.minimum(max_norm / norm, 1) if norm else 1
    return [(wide(grad) * factor).astype(grad.dtype) for grad in grads]


@mutant(NUMPY, "clip_by_norm", ("norm_clipping_is_identity_inside_the_ball",))
def clipping_shortens_what_is_inside_too(grads, max_norm):
    """c / (c + ‖g‖) without a comparison: short gradients are scaled as long ones are."""
    norm = np.sqrt(sum((wide(grad) ** 2).sum() for grad in grads))
    return [(wide(grad) * (max_norm / (max_norm + norm))).astype(grad.dtype) for grad in grads]


@mutant(NUMPY, "global_norm", ("norm_clipping_takes_the_norm_of_all_gradients_together",))
def global_norm_adds_the_norms(grads):
    """The sum of the norms instead of the norm of the norms."""
    total = sum(np.sqrt((wide(grad) ** 2).sum()) for grad in grads)
    return np.asarray(total * 1.25).astype(grads[0].dtype)


VALUES = (
    "value_clipping_bounds_each_entry",
    "value_clipping_turns_by_less_than_a_right_angle",
    "value_clipping_keeps_the_direction",
    "sign_step_is_never_shorter_than_a_clipped_one",
    "sign_step_is_gradient_clipping",
)


@mutant(TORCH, "clip_by_value", VALUES)
def value_clipping_is_not_applied(grads, limit):
    """The gradients as they are.

    Reported as tensorflow/tensorflow#33929 and NVIDIA/OpenSeq2Seq#192.
    """
    return list(grads)


@mutant(NUMPY, "clip_by_value", VALUES[:1])
def value_clipping_cuts_from_above_only(grads, limit):
    """min(g, c), which leaves large negative entries."""
    return [np.minimum(wide(grad), limit).astype(grad.dtype) for grad in grads]


@mutant(
    NUMPY,
    "sigmoid_backward",
    ("loss_gradient_is_a_product_along_the_chain", "gradient_formula_as_printed"),
)
def sigmoid_backward_forgets_a_factor(grad, x, y):
    """grad · y without 1 − y."""
    return (wide(grad) * wide(y)).astype(x.dtype)


@mutant(NUMPY, "clip_by_value", ("value_clipping_bounds_each_entry",))
def value_clipping_takes_three_arrays_at_a_time(grads, limit):
    """And leaves what comes after the first three as it is."""
    return [*textbook.clip_by_value(grads[:3], limit), *grads[3:]]

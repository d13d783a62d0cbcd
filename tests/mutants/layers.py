"""Layers: wrong ways to compute them."""

import numpy as np

from checks.implementations.numpy_textbook.widening import wide
from tests.mutants.mutant import FULL, HALF, NUMPY, TORCH, mutant, one_by_one, textbook

LAYER = "layer_gradient_is_a_product_of_jacobians"
BEHIND_BATCH_NORM = "batch_norm_weight_gradient_scales_inversely"
SKIP = "skip_connection_adds_identity"
OUTER_PRODUCT = "weight_gradient_is_error_times_input"
RESIDUAL = "residual_gradient_has_an_additive_one"
RESIDUAL_AS_PRINTED = "residual_gradient_as_printed"


@mutant(NUMPY, "linear", (LAYER, BEHIND_BATCH_NORM), HALF)
def linear_accumulates_in_half(x, weight, bias):
    """Products and sums in the 16-bit format itself."""
    terms = [x[:, i, None] * weight[None, :, i] for i in range(x.shape[1])]
    return one_by_one(terms) + bias


@mutant(NUMPY, "linear", (OUTER_PRODUCT,), (*HALF, "float32"))
def linear_drops_the_tail_of_its_blocks(x, weight, bias):
    """Sixteen inputs at a time, and fewer than four at the end not at all."""
    inputs = x.shape[1]
    kept = inputs - inputs % 16 if inputs > 16 and inputs % 16 < 4 else inputs
    return textbook.linear(x[:, :kept], weight[:, :kept], bias)


@mutant(NUMPY, "linear", (OUTER_PRODUCT,), (*HALF, "float32"))
def linear_adds_the_bias_to_one_block(x, weight, bias):
    """The first 128 outputs have one."""
    return textbook.linear(x, weight, np.where(np.arange(len(bias)) < 128, bias, 0 * bias))


@mutant(NUMPY, "linear", (LAYER, SKIP))
def linear_forgets_the_bias(x, weight, bias):
    """xWᵀ."""
    return (wide(x) @ wide(weight).T).astype(x.dtype)


ORTHOGONAL = "orthogonal_linear_layers_keep_the_gradient_norm"


@mutant(NUMPY, "linear", (SKIP, LAYER, ORTHOGONAL))
def linear_reads_the_other_layout(x, weight, bias):
    """The weight's buffer read as (in, out) where it is (out, in).

    Reported for images as pytorch/pytorch#62594.
    """
    return (wide(x) @ wide(weight).reshape(weight.shape[::-1]) + wide(bias)).astype(x.dtype)


@mutant(NUMPY, "linear_backward", (BEHIND_BATCH_NORM,))
def linear_backward_averages_over_the_batch(grad, x, weight, bias, y):
    """The weight's gradient divided by the number of rows, as if the loss were a mean."""
    x_grad, weight_grad, bias_grad = textbook.linear_backward(grad, x, weight, bias, y)
    return x_grad, (wide(weight_grad) / len(x)).astype(x.dtype), bias_grad


@mutant(NUMPY, "linear_backward", (SKIP, LAYER))
def linear_backward_forgets_the_bias(grad, x, weight, bias, y):
    """A bias gradient of zeros, where nobody asked for the derivative by the bias."""
    x_grad, weight_grad, bias_grad = textbook.linear_backward(grad, x, weight, bias, y)
    return x_grad, weight_grad, bias_grad * 0


IDENTITY_PATHS = (
    "identity_path_is_lossless",
    "residual_gradient_vanishes_exactly_when_a_branch_is_minus_one",
    "residual_gradient_never_vanishes",
)


@mutant(TORCH, "residual", (SKIP, RESIDUAL, RESIDUAL_AS_PRINTED, *IDENTITY_PATHS))
def residual_detaches_its_skip(x, branch):
    """The value is right; the gradient flows through the branch alone."""
    return x.detach() + branch(x)


@mutant(TORCH, "residual", (SKIP, RESIDUAL, RESIDUAL_AS_PRINTED))
def residual_detaches_its_branch(x, branch):
    """The branch's part of the gradient is lost, which makes the statement as printed true."""
    return x + branch(x).detach()


@mutant(NUMPY, "residual", (SKIP, RESIDUAL), ("float16", *FULL))
def residual_leaves_through_bfloat16(x, branch):
    """The stream is cut to its upper 16 bits on the way out, toward zero.

    Reported as ROCm/aiter#5151. In bfloat16 a cut is one of the two neighbours, and faithful.
    """
    bits = (wide(x) + wide(branch(x))).astype(np.float32).view(np.uint32) & 0xFFFF0000
    return bits.view(np.float32).astype(x.dtype)


@mutant(NUMPY, "linear", ("weight_gradient_is_error_times_input",), (*HALF, "float32"))
def linear_multiplies_whole_blocks_of_features(x, weight, bias):
    """What is left after the last block of 16 features is not added, where there is a block."""
    whole = x.shape[1] // 16 * 16 or x.shape[1]
    return textbook.linear(x[:, :whole], weight[:, :whole], bias)

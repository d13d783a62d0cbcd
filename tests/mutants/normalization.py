"""Normalisation: wrong ways to compute them."""

import numpy as np
import torch

from checks.implementations.numpy_textbook.widening import wide
from tests.mutants.mutant import FULL, HALF, NUMPY, TORCH, mutant, one_by_one, textbook

BATCH_NORM = ("batch_norm_ignores_shift_and_scale", "batch_norm_weight_gradient_scales_inversely")


def normalised(x, gamma, beta, mean, deviation):
    return (wide(gamma) * ((wide(x) - mean) / deviation) + wide(beta)).astype(x.dtype)


@mutant(NUMPY, "batch_norm", BATCH_NORM[:1], FULL)
def batch_norm_variance_is_taken_in_one_pass(x, gamma, beta, eps):
    """E[x²] − E[x]² cancels where the mean is large against the deviation.

    Reported as pytorch/pytorch#40302 and microsoft/onnxruntime#21935.
    """
    mean = wide(x).mean(axis=0)
    variance = (wide(x) ** 2).mean(axis=0) - mean**2
    return normalised(x, gamma, beta, mean, np.sqrt(variance + wide(x).dtype.type(eps)))


@mutant(NUMPY, "batch_norm", BATCH_NORM, HALF)
def batch_norm_statistics_are_kept_in_half(x, gamma, beta, eps):
    """Mean and variance accumulated in the 16-bit format itself.

    Reported as pytorch/pytorch#126525.
    """
    count = x.dtype.type(len(x))
    mean = one_by_one(x) / count
    centred = x - mean
    variance = one_by_one(centred * centred) / count
    return normalised(x, gamma, beta, wide(mean), np.sqrt(wide(variance) + np.float32(eps)))


@mutant(NUMPY, "batch_norm", BATCH_NORM)
def batch_norm_divides_by_one_row_less(x, gamma, beta, eps):
    """The unbiased variance, which is that of the running statistics, in the output.

    Reported, the two swapped, as keras-team/keras#8982 and ml-explore/mlx#3817.
    """
    deviation = np.sqrt(wide(x).var(axis=0, ddof=1) + wide(x).dtype.type(eps))
    return normalised(x, gamma, beta, wide(x).mean(axis=0), deviation)


@mutant(NUMPY, "batch_norm", BATCH_NORM)
def batch_norm_adds_eps_outside_the_root(x, gamma, beta, eps):
    """√v + ε."""
    deviation = wide(x).std(axis=0) + wide(x).dtype.type(eps)
    return normalised(x, gamma, beta, wide(x).mean(axis=0), deviation)


@mutant(NUMPY, "batch_norm", BATCH_NORM)
def batch_norm_averages_the_variances_of_two_shards(x, gamma, beta, eps):
    """The variance between the shards' means is lost.

    Reported, with wrong counts, as pytorch/pytorch#22192.
    """
    shards = np.array_split(wide(x), 2)
    variance = np.mean([shard.var(axis=0) for shard in shards], axis=0)
    deviation = np.sqrt(variance + wide(x).dtype.type(eps))
    return normalised(x, gamma, beta, wide(x).mean(axis=0), deviation)


@mutant(TORCH, "batch_norm", BATCH_NORM[1:])
def batch_norm_differentiates_as_in_evaluation(x, gamma, beta, eps):
    """Mean and variance are constants to autograd."""
    z = x.to(torch.promote_types(x.dtype, torch.float32))
    mean, variance = z.detach().mean(0), z.detach().var(0, correction=0)
    return (gamma * ((z - mean) / torch.sqrt(variance + eps)) + beta).to(x.dtype)


# -- the claims that say one thing of it ----------------------------------------------------------


@mutant(
    NUMPY,
    "batch_norm",
    (
        "batch_norm_output_has_mean_beta",
        "batch_norm_fixes_layer_statistics",
        "batch_norm_output_std_is_scaled",
        "batch_norm_output_std_is_gamma",
        "batch_norm_ignores_weight_scale",
        "batch_norm_keeps_the_sign_of_the_weight_scale",
        "batch_norm_keeps_inputs_out_of_saturation",
        "batch_norm_output_is_bounded_by_the_batch_size",
        "batch_norm_leaves_few_values_far_out",
    ),
)
def batch_norm_forgets_the_last_row(x, gamma, beta, eps):
    """The statistics are those of all rows but the last."""
    rest = wide(x)[:-1]
    deviation = np.sqrt(rest.var(axis=0) + wide(x).dtype.type(eps))
    return normalised(x, gamma, beta, rest.mean(axis=0), deviation)


@mutant(
    NUMPY,
    "batch_norm_backward",
    (
        "batch_norm_input_gradient_sums_to_zero",
        "batch_norm_input_gradient_ignores_weight_scale",
        "batch_norm_weight_gradient_is_orthogonal_to_weights",
        "batch_norm_input_gradient_is_orthogonal_to_output",
    ),
)
def batch_norm_backward_ignores_the_statistics(grad, x, gamma, beta, eps, y):
    """γ/√(v + ε) · grad, as in evaluation."""
    _, gamma_grad, beta_grad = textbook.batch_norm_backward(grad, x, gamma, beta, eps, y)
    inverse = 1 / np.sqrt(wide(x).var(axis=0) + wide(x).dtype.type(eps))
    return (wide(gamma) * inverse * wide(grad)).astype(x.dtype), gamma_grad, beta_grad


@mutant(NUMPY, "linear_backward", ("batch_norm_backward_without_normalisation_has_a_factor_w",))
def linear_backward_forgets_half_of_the_weight(grad, x, weight, bias, y):
    """grad · W/2 for the input."""
    x_grad, weight_grad, bias_grad = textbook.linear_backward(grad, x, weight, bias, y)
    return (wide(x_grad) / 2).astype(x.dtype), weight_grad, bias_grad


# -- running statistics ---------------------------------------------------------------------------


@mutant(NUMPY, "batch_norm_running", ("batch_norm_running_variance_is_unbiased",))
def running_variance_is_the_biased_one(mean, var, x, momentum):
    """The variance of the output, divided by the number of rows, in the running estimate.

    Reported as keras-team/keras#8982, tensorflow/tensorflow#55545 and ml-explore/mlx#3817.
    """
    new_mean, _ = textbook.batch_norm_running(mean, var, x, momentum)
    new_var = (1 - momentum) * wide(var) + momentum * wide(x).var(axis=0)
    return new_mean, new_var.astype(var.dtype)


@mutant(
    NUMPY,
    "batch_norm_running",
    ("batch_norm_running_variance_is_unbiased",),
    ("float16", *FULL),  # float32 has room for the squares of eight bits
)
def running_variance_is_computed_in_one_pass(mean, var, x, momentum):
    """The mean of the squares less the square of the mean, which cancel far from zero."""
    z, rows = wide(x), len(x)
    variance = ((z * z).mean(axis=0) - z.mean(axis=0) ** 2) * (rows / (rows - 1))
    new_mean, _ = textbook.batch_norm_running(mean, var, x, momentum)
    return new_mean, ((1 - momentum) * wide(var) + momentum * variance).astype(var.dtype)


@mutant(
    NUMPY,
    "batch_norm_running",
    (
        "batch_norm_running_mean_averages_the_batch_means",
        "batch_norm_running_variance_is_unbiased",
    ),
)
def running_momentum_weighs_the_old_statistics(mean, var, x, momentum):
    """Momentum as Keras means it: the share of what is kept."""
    return textbook.batch_norm_running(mean, var, x, 1 - momentum)


EVALUATION = (
    "batch_norm_eval_uses_running_statistics",
    "batch_norm_eval_gradient_is_a_constant_scale",
)


@mutant(TORCH, "batch_norm_eval", EVALUATION)
def evaluation_uses_the_batch(x, mean, var, gamma, beta, eps):
    """The statistics of the batch at hand, in the forward pass and so in the backward one."""
    return torch.nn.functional.batch_norm(x, None, None, gamma, beta, training=True, eps=eps)


@mutant(NUMPY, "batch_norm_eval", EVALUATION[:1])
def evaluation_divides_by_the_variance(x, mean, var, gamma, beta, eps):
    """v + ε without its root."""
    return normalised(x, gamma, beta, wide(mean), wide(var) + wide(x).dtype.type(eps))


@mutant(NUMPY, "batch_norm_eval_backward", EVALUATION[1:])
def evaluation_backward_forgets_gamma(grad, x, mean, var, gamma, beta, eps, y):
    """1/√(v + ε) · grad."""
    _, *others = textbook.batch_norm_eval_backward(grad, x, mean, var, gamma, beta, eps, y)
    inverse = 1 / np.sqrt(wide(var) + wide(x).dtype.type(eps))
    return ((wide(grad) * inverse).astype(x.dtype), *others)


# -- over the features of a row -------------------------------------------------------------------


@mutant(NUMPY, "layer_norm", ("layer_norm_output_ignores_shift_and_scale",))
def layer_norm_divides_by_one_feature_less(x, gamma, beta, eps):
    """The unbiased variance."""
    z = wide(x)
    degrees = min(1, x.shape[1] - 1)
    deviation = np.sqrt(z.var(axis=1, ddof=degrees, keepdims=True) + z.dtype.type(eps))
    return normalised(x, gamma, beta, z.mean(axis=1, keepdims=True), deviation)


@mutant(NUMPY, "layer_norm_backward", ("layer_norm_input_gradient_sums_to_zero",))
def layer_norm_backward_ignores_the_mean(grad, x, gamma, beta, eps, y):
    """Without the mean of γ · grad, as in RMS norm."""
    x_grad, gamma_grad, beta_grad = textbook.layer_norm_backward(grad, x, gamma, beta, eps, y)
    z = wide(x)
    scaled = wide(gamma) * wide(grad)
    inverse = 1 / np.sqrt(z.var(axis=1, keepdims=True) + z.dtype.type(eps))
    shift = scaled.mean(axis=1, keepdims=True) * inverse
    return (wide(x_grad) + shift).astype(x.dtype), gamma_grad, beta_grad


@mutant(NUMPY, "rms_norm", ("rms_norm_ignores_scale",))
def rms_norm_subtracts_the_mean(x, gamma, eps):
    """Layer norm without its shift."""
    return textbook.layer_norm(x, gamma, np.zeros_like(gamma), eps)


@mutant(NUMPY, "rms_norm_backward", ("rms_norm_input_gradient_is_orthogonal_to_input",))
def rms_norm_backward_holds_the_norm(grad, x, gamma, eps, y):
    """γ · grad / rms, as though the length of the row were a constant."""
    _, gamma_grad = textbook.rms_norm_backward(grad, x, gamma, eps, y)
    z = wide(x)
    inverse = 1 / np.sqrt((z * z).mean(axis=1, keepdims=True) + z.dtype.type(eps))
    return (wide(grad) * wide(gamma) * inverse).astype(x.dtype), gamma_grad


@mutant(NUMPY, "rms_norm_backward", ("rms_norm_input_gradient_is_orthogonal_to_input",))
def rms_norm_backward_keeps_the_last_rows_gamma(grad, x, gamma, eps, y):
    """γ's gradient is the last row's, where it is the sum over all of them."""
    x_grad, _ = textbook.rms_norm_backward(grad, x, gamma, eps, y)
    return x_grad, textbook.rms_norm_backward(grad[-1:], x[-1:], gamma, eps, y[-1:])[1]


@mutant(NUMPY, "batch_norm", ("batch_norm_output_has_mean_beta",), ("float16",))
def batch_norm_reads_eps_in_half(x, gamma, beta, eps):
    """ε as float16 holds it: 1e-8 is 0, and rows that are all alike divide 0 by 0."""
    deviation = np.sqrt(wide(x).var(axis=0) + wide(x).dtype.type(x.dtype.type(eps)))
    return normalised(x, gamma, beta, wide(x).mean(axis=0), deviation)


@mutant(NUMPY, "layer_norm", ("layer_norm_output_ignores_shift_and_scale",), (*HALF, "float32"))
def layer_norm_averages_one_block(x, gamma, beta, eps):
    """Mean and variance of the first 64 features stand for those of the row."""
    head = wide(x)[:, :64]
    deviation = np.sqrt(head.var(axis=1, keepdims=True) + wide(x).dtype.type(eps))
    return normalised(x, gamma, beta, head.mean(axis=1, keepdims=True), deviation)

"""Functions that hide NaN: each is right for every number."""

import numpy as np

from checks.implementations.numpy_textbook.widening import wide
from tests.mutants.mutant import NUMPY, mutant, textbook


def clamped(values, low, high):
    """fmin and fmax take the other one where one is NaN, as most hardware does."""
    return np.fmin(np.fmax(wide(values), low), high)


def cleaned(x):
    """0 for NaN, in bfloat16 too, where numpy.nan_to_num leaves it."""
    return np.where(np.isnan(x), 0, x).astype(x.dtype)


@mutant(NUMPY, "relu", ("relu_passes_nan_on",))
def relu_takes_nan_for_a_negative_number(x):
    """x where x > 0, else 0. Of hardshrink, reported as pytorch/pytorch#81138."""
    return np.where(x > 0, x, 0).astype(x.dtype)


@mutant(NUMPY, "leaky_relu", ("leaky_relu_passes_nan_on",))
def leaky_relu_adds_up_two_clamps(x, negative_slope):
    """max(x, 0) + k·min(x, 0), both of which are 0 for NaN."""
    z = wide(x)
    return (np.fmax(z, 0) + negative_slope * np.fmin(z, 0)).astype(x.dtype)


@mutant(NUMPY, "relu6", ("relu6_passes_nan_on",))
def relu6_clamps_nan_away(x):
    """0 for NaN."""
    return clamped(x, 0, 6).astype(x.dtype)


@mutant(NUMPY, "hardtanh", ("hardtanh_passes_nan_on",))
def hardtanh_clamps_nan_away(x):
    """−1 for NaN."""
    return clamped(x, -1, 1).astype(x.dtype)


@mutant(NUMPY, "hardsigmoid", ("hardsigmoid_passes_nan_on",))
def hardsigmoid_clamps_nan_away(x):
    """0 for NaN."""
    return (clamped(wide(x) + 3, 0, 6) / 6).astype(x.dtype)


@mutant(NUMPY, "hardswish", ("hardswish_passes_nan_on",))
def hardswish_takes_nan_for_a_negative_number(x):
    """0 wherever x > −3 does not hold."""
    return np.where(x > -3, textbook.hardswish(x), 0).astype(x.dtype)


def otherwise(x, function, value):
    """A function of numbers; with NaN no comparison holds, and another branch has its value."""
    return np.where(np.isnan(x), value, function(x)).astype(x.dtype)


@mutant(NUMPY, "sigmoid", ("sigmoid_passes_nan_on",))
def sigmoid_takes_nan_for_a_negative_number(x):
    """0, as where x > 0 fails."""
    return otherwise(x, textbook.sigmoid, 0)


@mutant(NUMPY, "tanh", ("tanh_passes_nan_on",))
def tanh_takes_nan_for_a_small_number(x):
    """0, as where |x| > 1/2 fails."""
    return otherwise(x, textbook.tanh, 0)


@mutant(NUMPY, "selu", ("selu_passes_nan_on",))
def selu_takes_nan_for_a_negative_number(x):
    """The value far out on the left."""
    return otherwise(x, textbook.selu, -1.75)


@mutant(NUMPY, "log_sigmoid", ("log_sigmoid_passes_nan_on",))
def log_sigmoid_takes_nan_for_a_large_number(x):
    """0, as where x < 0 fails."""
    return otherwise(x, textbook.log_sigmoid, 0)


@mutant(NUMPY, "silu", ("silu_passes_nan_on",))
def silu_takes_nan_for_a_negative_number(x):
    """0, as where x > 0 fails."""
    return otherwise(x, textbook.silu, 0)


@mutant(NUMPY, "gelu_tanh", ("gelu_tanh_passes_nan_on",))
def gelu_tanh_takes_nan_for_a_negative_number(x):
    """0, as where x > 0 fails."""
    return otherwise(x, textbook.gelu_tanh, 0)


@mutant(NUMPY, "mish", ("mish_passes_nan_on",))
def mish_takes_nan_for_a_negative_number(x):
    """0, as where x > 0 fails."""
    return otherwise(x, textbook.mish, 0)


@mutant(NUMPY, "softsign", ("softsign_passes_nan_on",))
def softsign_takes_nan_for_a_small_number(x):
    """0, as where |x| > 0 fails."""
    return otherwise(x, textbook.softsign, 0)


@mutant(NUMPY, "clip_by_norm", ("norm_clipping_passes_nan_on",))
def norm_clipping_puts_zero_for_nan(grads, max_norm):
    """So that a step is always finite, and the run goes on as though nothing had happened."""
    return textbook.clip_by_norm([cleaned(grad) for grad in grads], max_norm)


@mutant(NUMPY, "clip_by_value", ("value_clipping_passes_nan_on",))
def value_clipping_clamps_nan_away(grads, limit):
    """−c for NaN."""
    return [clamped(grad, -limit, limit).astype(grad.dtype) for grad in grads]


@mutant(NUMPY, "clip_by_norm", ("norm_clipping_passes_nan_on",))
def norm_clipping_leaves_what_has_no_norm(grads, max_norm):
    """Where the norm is NaN it is not larger than the limit, and all other entries stay."""
    norm = np.sqrt(sum((wide(grad) ** 2).sum() for grad in grads))
    return textbook.clip_by_norm(grads, max_norm) if norm > max_norm else list(grads)


@mutant(NUMPY, "clip_by_value", ("value_clipping_passes_nan_on",))
def value_clipping_loses_nan_at_odd_places(grads, limit):
    """As where a kernel's second lane is another instruction."""
    clipped = textbook.clip_by_value(grads, limit)
    for values in (values.reshape(-1) for values in clipped):
        values[1::2] = clamped(values[1::2], -limit, limit)
    return clipped


@mutant(NUMPY, "elu", ("elu_passes_nan_on",))
def elu_reads_zero_for_nan(x, alpha):
    """0."""
    return textbook.elu(cleaned(x), alpha)


@mutant(NUMPY, "softplus", ("softplus_passes_nan_on",))
def softplus_reads_zero_for_nan(x):
    """log 2."""
    return textbook.softplus(cleaned(x))


@mutant(NUMPY, "gelu", ("gelu_passes_nan_on",))
def gelu_reads_zero_for_nan(x):
    """0."""
    return textbook.gelu(cleaned(x))


@mutant(NUMPY, "batch_norm", ("batch_norm_passes_nan_on",))
def batch_norm_reads_zero_for_nan(x, gamma, beta, eps):
    """A row of zeros more."""
    return textbook.batch_norm(cleaned(x), gamma, beta, eps)


@mutant(NUMPY, "layer_norm", ("layer_norm_passes_nan_on",))
def layer_norm_reads_zero_for_nan(x, gamma, beta, eps):
    """A feature of zero more."""
    return textbook.layer_norm(cleaned(x), gamma, beta, eps)


@mutant(NUMPY, "rms_norm", ("rms_norm_passes_nan_on",))
def rms_norm_reads_zero_for_nan(x, gamma, eps):
    """A feature of zero more."""
    return textbook.rms_norm(cleaned(x), gamma, eps)


# -- gradients ------------------------------------------------------------------------------------


@mutant(NUMPY, "sigmoid_backward", ("sigmoid_gradient_passes_nan_on",))
def sigmoid_backward_reads_zero_for_nan(grad, x, y):
    """So that one bad sample of a batch does no harm."""
    return textbook.sigmoid_backward(cleaned(grad), x, y)


@mutant(NUMPY, "tanh_backward", ("tanh_gradient_passes_nan_on",))
def tanh_backward_clamps_its_gradient(grad, x, y):
    """To 2¹⁰ at most, which is what a clamp by fmin and fmax makes of NaN."""
    return textbook.tanh_backward(clamped(grad, -1024, 1024).astype(grad.dtype), x, y)


@mutant(NUMPY, "relu_backward", ("relu_gradient_passes_nan_on",))
def relu_backward_keeps_the_gradients_that_are_numbers(grad, x, y):
    """0 wherever a comparison with the gradient fails."""
    return np.where((x > 0) & (np.abs(grad) >= 0), grad, 0).astype(grad.dtype)

"""Layouts: functions that are right for contiguous arrays and read or write others wrongly."""

import numpy as np
import torch
from numpy.lib.stride_tricks import as_strided

from checks.implementations.numpy_textbook.widening import wide
from tests.mutants.mutant import NUMPY, TORCH, mutant, textbook

VIEWS = ("strided", "cut", "transposed")
MOMENTS = ("batch_norm_output_has_mean_beta", "batch_norm_ignores_shift_and_scale")


def in_order(array):
    """As many numbers as the array has, one after the other from where it begins."""
    if isinstance(array, np.ndarray):
        return as_strided(array, array.shape, np.empty(array.shape, array.dtype).strides)
    return array.as_strided(array.shape, torch.empty(array.shape).stride())


@mutant(TORCH, "tanh", ("tanh_slope_at_most_one",), layouts=("strided",))
def tanh_reads_one_number_after_the_other(x):
    """The kernel is given a pointer and a size."""
    return torch.tanh(in_order(x))


@mutant(NUMPY, "linear", ("layer_gradient_is_a_product_of_jacobians",), layouts=("cut",))
def linear_reads_one_row_of_the_weight_after_the_other(x, weight, bias):
    """The distance from row to row is taken to be their length."""
    return textbook.linear(x, in_order(weight), bias)


@mutant(TORCH, "relu", ("relu_slope_is_zero_or_one",), layouts=("transposed",))
def relu_fills_its_output_in_order(x):
    """torch.empty_like keeps the layout of a transposed x, and the kernel writes row by row."""
    y = torch.empty_like(x)
    in_order(y).copy_(torch.relu(x))
    return y


@mutant(NUMPY, "sigmoid_backward", ("chain_bias_gradient_is_a_product",), layouts=VIEWS[:1])
def sigmoid_backward_reads_its_gradient_in_order(grad, x, y):
    """Right for every array that it is given but the gradient."""
    return textbook.sigmoid_backward(in_order(grad), x, y)


@mutant(NUMPY, "tanh_backward", ("tanh_slope_at_most_one",), layouts=VIEWS[2:])
def tanh_backward_reads_its_gradient_in_order(grad, x, y):
    """In a transposed gradient every number is there, at another place."""
    return textbook.tanh_backward(in_order(grad), x, y)


@mutant(NUMPY, "softsign", ("softsign_slope_at_most_one",), layouts=("cut",))
def softsign_takes_the_last_two_dimensions_for_all(x):
    """A matrix is handed on transposed, and every other array as it is."""
    y = textbook.softsign(x.swapaxes(-1, -2) if x.ndim > 1 else x)
    return y.T if x.ndim == 2 else y.reshape(x.shape)


BUFFERS: dict[tuple[tuple[int, ...], str], np.ndarray] = {}


@mutant(NUMPY, "gelu", ("gelu_slope_at_most_1_12891",), layouts=("single",))
def gelu_returns_the_same_buffer_again(x):
    """As a captured CUDA graph does: what was returned before changes with the next call."""
    y = BUFFERS.setdefault((x.shape, x.dtype.name), np.empty_like(x))
    y[...] = textbook.gelu(x)
    return y


@mutant(TORCH, "silu", ("silu_slope_at_most_1_09984",), layouts=("single",))
def silu_loses_the_dimensions_of_a_number(x):
    """A kernel for rows, and a number as a row of one."""
    return torch.nn.functional.silu(x.reshape(-1) if x.ndim == 0 else x)


class LinearOfLearnedInputs(torch.autograd.Function):
    """What the backward pass needs is kept if the input needs a gradient."""

    @staticmethod
    def forward(ctx, x, weight, bias):
        if ctx.needs_input_grad[0]:
            ctx.save_for_backward(x, weight)
        return x @ weight.T + bias

    @staticmethod
    def backward(ctx, grad):
        if not ctx.needs_input_grad[0]:
            return None, None, grad.sum(0)
        x, weight = ctx.saved_tensors
        return grad @ weight, grad.T @ x, grad.sum(0)


@mutant(TORCH, "linear", ("layer_gradient_is_a_product_of_jacobians",), layouts=("frozen",))
def linear_learns_no_weight_behind_a_frozen_input(x, weight, bias):
    """So that a first layer stays as it was drawn."""
    return LinearOfLearnedInputs.apply(x, weight, bias)


class GradientReadAsTheOutputLies(torch.autograd.Function):
    """The kernel is given the strides of the output and takes the gradient to have the same."""

    @staticmethod
    def forward(ctx, x):
        y = torch.tanh(x)
        ctx.save_for_backward(y)
        return y

    @staticmethod
    def backward(ctx, grad):
        (y,) = ctx.saved_tensors
        return grad.as_strided(y.shape, y.stride()) * (1 - y * y)


@mutant(TORCH, "tanh", ("tanh_slope_at_most_one",), layouts=VIEWS[2:])
def tanh_reads_its_gradient_as_its_output_lies(x):
    """Right wherever gradients lie in memory as the outputs do."""
    return GradientReadAsTheOutputLies.apply(x)


@mutant(NUMPY, "batch_norm", MOMENTS, layouts=("channels last",))
def batch_norm_reads_channels_last_as_first(x, gamma, beta, eps):
    """The buffer of (batch, height, width, channels) read as if it were in the order of the shape.

    Reported as pytorch/pytorch#62594.
    """
    return textbook.batch_norm(in_order(x), gamma, beta, eps)


@mutant(NUMPY, "batch_norm", MOMENTS, layouts=("images",))
def batch_norm_normalises_every_pixel_by_itself(x, gamma, beta, eps):
    """Mean and variance over the batch alone."""
    z = wide(x)
    normalised = (z - z.mean(axis=0)) / np.sqrt(z.var(axis=0) + z.dtype.type(eps))
    shape = (-1, *(1,) * (x.ndim - 2))
    return (wide(gamma).reshape(shape) * normalised + wide(beta).reshape(shape)).astype(x.dtype)


UNBIASED = "batch_norm_running_variance_is_unbiased"


@mutant(NUMPY, "batch_norm_running", (UNBIASED,), layouts=("images",))
def running_variance_counts_images_and_not_pixels(mean, var, x, momentum):
    """n/(n − 1) with the number of images for n."""
    new_mean, _ = textbook.batch_norm_running(mean, var, x, momentum)
    axes = tuple(axis for axis in range(x.ndim) if axis != 1)
    new_var = wide(x).var(axis=axes) * len(x) / (len(x) - 1)
    return new_mean, ((1 - momentum) * wide(var) + momentum * new_var).astype(var.dtype)


@mutant(TORCH, "mish", ("mish_slope_at_most_1_0885",), layouts=("strided",))
def mish_of_images_is_silu(x):
    """Another kernel for four dimensions."""
    return torch.nn.functional.silu(x) if x.ndim == 4 else torch.nn.functional.mish(x)

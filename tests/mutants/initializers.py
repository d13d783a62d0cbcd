"""Initialisers: wrong ways to draw weights."""

import numpy as np
import torch

from tests.mutants.mutant import NUMPY, TORCH, mutant, textbook

HE = (
    "he_keeps_relu_second_moment",
    "he_scales_a_transposed_layer_by_the_fans",
    "he_normal_weights_have_variance_two_over_fan_in",
)
HE_WEIGHTS = ("he_normal_weights_have_variance_two_over_fan_in",)
HE_UNIFORM = ("he_uniform_weights_have_variance_two_over_fan_in",)
XAVIER = (
    "xavier_normal_weights_have_a_variance_by_both_fans",
    "xavier_scales_linear_variance_by_the_fans",
    "xavier_keeps_linear_variance",
    "xavier_scales_linear_gradients_by_the_fans",
)
XAVIER_UNIFORM = ("xavier_uniform_weights_have_a_variance_by_both_fans",)
LECUN = ("lecun_normal_weights_have_variance_one_over_fan_in",)
LECUN_LAYER = ("lecun_keeps_the_linear_second_moment",)
TRUNCATED = ("truncated_normal_weights_have_less_variance",)
ORTHOGONAL = (
    "orthogonal_weights_have_orthonormal_columns",
    "wide_orthogonal_weights_have_orthonormal_rows",
)


def normal(shape, seed, variance):
    return np.random.default_rng(seed).normal(0.0, np.sqrt(variance), shape)


def uniform(shape, seed, variance):
    return np.random.default_rng(seed).uniform(-1, 1, shape) * np.sqrt(3 * variance)


def fans(shape):
    kernel = int(np.prod(shape[2:]))
    return shape[1] * kernel, shape[0] * kernel


@mutant(TORCH, "he_normal", HE)
def he_normal_is_cut_at_two_deviations(shape, seed):
    """Cut and not rescaled, the variance is 0.774 of what it should be.

    Reported as tensorflow/tensorflow#18706.
    """
    deviation = (2 / fans(shape)[0]) ** 0.5
    generator = torch.Generator().manual_seed(seed)
    weight = torch.empty(shape)
    return torch.nn.init.trunc_normal_(
        weight, 0.0, deviation, -2 * deviation, 2 * deviation, generator=generator
    )


@mutant(NUMPY, "he_normal", HE)
def he_normal_counts_the_outputs(shape, seed):
    """Fan-out in the place of fan-in.

    Reported, for groups, as pytorch/pytorch#23854.
    """
    return normal(shape, seed, 2 / fans(shape)[1])


@mutant(NUMPY, "he_normal", HE)
def he_normal_forgets_the_rectifier(shape, seed):
    """Variance 1 / fan_in, which is LeCun's."""
    return normal(shape, seed, 1 / fans(shape)[0])


@mutant(NUMPY, "he_normal", HE)
def he_normal_is_four_percent_too_wide(shape, seed):
    """Less than a glance at a histogram shows."""
    return normal(shape, seed, 2.08 / fans(shape)[0])


@mutant(NUMPY, "he_normal", HE_WEIGHTS)
def he_normal_forgets_the_kernel(shape, seed):
    """Fan-in by the channels alone."""
    return normal(shape, seed, 2 / shape[1])


@mutant(NUMPY, "he_normal", HE_WEIGHTS)
def he_normal_ignores_the_seed(shape, seed):
    """One start for all runs."""
    return textbook.he_normal(shape, 0)


@mutant(NUMPY, "he_normal", HE_WEIGHTS)
def he_normal_draws_from_the_global_generator(shape, seed):
    """A start that no seed repeats."""
    return np.random.default_rng().normal(0.0, np.sqrt(2 / fans(shape)[0]), shape)


@mutant(NUMPY, "he_uniform", HE_UNIFORM)
def he_uniform_has_the_bound_of_a_deviation(shape, seed):
    """√(2 / fan_in) as the bound: a third of the variance."""
    return uniform(shape, seed, 2 / 3 / fans(shape)[0])


@mutant(NUMPY, "he_uniform", HE_UNIFORM)
def he_uniform_is_normal(shape, seed):
    """The right variance, and weights beyond the bound."""
    return normal(shape, seed, 2 / fans(shape)[0])


@mutant(TORCH, "he_uniform", HE_UNIFORM)
def he_uniform_has_the_slope_of_a_linear_layer(shape, seed):
    """torch's own default of a linear layer, a = √5: a sixth of the variance."""
    generator = torch.Generator().manual_seed(seed)
    return torch.nn.init.kaiming_uniform_(torch.empty(shape), a=5**0.5, generator=generator)


@mutant(NUMPY, "he_uniform", HE_UNIFORM)
def he_uniform_counts_the_channels_of_all_groups(shape, seed):
    """Fan-in before the division by the groups, of which a depthwise kernel has one a channel.

    Reported as ml-explore/mlx#4536.
    """
    into, _ = fans(shape)
    return uniform(shape, seed, 2 / (into * shape[0] if shape[1] == 1 else into))


@mutant(NUMPY, "xavier_normal", XAVIER)
def xavier_normal_forgets_to_halve_the_sum(shape, gain, seed):
    """The sum of both fans in the place of their mean: half the variance."""
    return normal(shape, seed, gain**2 / sum(fans(shape)))


@mutant(NUMPY, "xavier_normal", (XAVIER[0], XAVIER[1], XAVIER[3]))
def xavier_normal_adds_no_fan_out(shape, gain, seed):
    """Variance gain² / fan_in, with which a linear layer does keep its second moment."""
    return normal(shape, seed, gain**2 / fans(shape)[0])


@mutant(NUMPY, "xavier_normal", XAVIER[:1])
def xavier_normal_does_not_square_the_gain(shape, gain, seed):
    """The gain times the variance instead of the deviation."""
    return normal(shape, seed, gain * 2 / sum(fans(shape)))


@mutant(NUMPY, "xavier_uniform", XAVIER_UNIFORM)
def xavier_uniform_adds_the_sides_only(shape, gain, seed):
    """out + in without the kernel."""
    return uniform(shape, seed, gain**2 * 2 / (shape[0] + shape[1]))


@mutant(NUMPY, "lecun_normal", LECUN)
def lecun_normal_is_he(shape, seed):
    """Variance 2 / fan_in."""
    return normal(shape, seed, 2 / fans(shape)[0])


@mutant(NUMPY, "lecun_normal", LECUN_LAYER)
def lecun_normal_is_never_negative(shape, seed):
    """Every square is as it should be, and no sum."""
    return np.abs(normal(shape, seed, 1 / fans(shape)[0]))


@mutant(NUMPY, "lecun_normal", LECUN_LAYER)
def lecun_normal_repeats_its_columns(shape, seed):
    """Each block of the generator starts from the same seed."""
    weight = normal(shape, seed, 1 / fans(shape)[0])
    half = shape[1] // 2
    weight[:, half : 2 * half] = weight[:, :half]
    return weight


@mutant(NUMPY, "truncated_normal", TRUNCATED)
def truncated_normal_is_clipped(shape, std, low, high, seed):
    """Moved to the bounds and not drawn again: too much weight lies on them."""
    return np.clip(normal(shape, seed, std**2), low, high)


@mutant(NUMPY, "truncated_normal", TRUNCATED)
def truncated_normal_is_drawn_again_once(shape, std, low, high, seed):
    """A second draw may lie outside as well."""
    rng = np.random.default_rng(seed)
    weight, other = rng.normal(0.0, std, shape), rng.normal(0.0, std, shape)
    return np.where((weight < low) | (weight > high), other, weight)


@mutant(NUMPY, "truncated_normal", TRUNCATED)
def truncated_normal_takes_its_bounds_in_deviations(shape, std, low, high, seed):
    """From low · std to high · std."""
    return textbook.truncated_normal(shape, std, low * std, high * std, seed)


@mutant(NUMPY, "orthogonal", (*ORTHOGONAL, "orthogonal_weights_prefer_no_direction"))
def orthogonal_forgets_the_gain(shape, gain, seed):
    """Columns of length 1."""
    return textbook.orthogonal(shape, 1, seed)


@mutant(NUMPY, "orthogonal", ORTHOGONAL)
def orthogonal_is_normal(shape, gain, seed):
    """Columns of length 1 on average only."""
    return normal(shape, seed, gain**2 / max(shape))


@mutant(NUMPY, "orthogonal", ("orthogonal_weights_prefer_no_direction",))
def orthogonal_leaves_the_signs_to_the_factorisation(shape, gain, seed):
    """Q as LAPACK delivers it, which is not uniformly distributed.

    Reported as chainer/chainer#5615, and in review of tensorflow/tensorflow#9429.
    """
    out, into = shape
    normals = np.random.default_rng(seed).normal(size=(max(shape), min(shape)))
    q, _ = np.linalg.qr(normals)
    return gain * (q if out >= into else q.T)


@mutant(NUMPY, "sigmoid_backward", ("scaling_a_weight_up_saturates_its_sigmoid",))
def sigmoid_backward_never_saturates(grad, x, y):
    """The slope where it is a quarter, everywhere."""
    return grad / 4


@mutant(NUMPY, "relu", ("relu_output_is_not_zero_centred", "elu_is_closer_to_zero_mean_than_relu"))
def relu_is_the_absolute_value(x):
    """Both halves rise: twice the mean."""
    return np.abs(x)


@mutant(NUMPY, "elu", ("elu_output_has_a_positive_mean", "elu_output_is_zero_centred"))
def elu_does_not_shift_its_exponential(x, alpha):
    """alpha · exp(x) on the left, without the 1 that makes it continuous."""
    wide = x.astype(np.float64)
    return np.where(wide > 0, wide, alpha * np.exp(np.minimum(wide, 0))).astype(x.dtype)

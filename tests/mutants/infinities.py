"""Usual formulas that give NaN for an infinity where the function has a limit."""

import numpy as np

from checks.implementations.numpy_textbook.activations import (
    _normal_distribution as normal_distribution,
    _softplus as log_one_plus_exp,
    _tanh_of_cubic as tanh_of_cubic,
)
from checks.implementations.numpy_textbook.logistic import logistic
from checks.implementations.numpy_textbook.widening import wide
from tests.mutants.mutant import NUMPY, mutant

LEFT_AND_RIGHT = "{}_vanishes_on_the_left_and_grows_on_the_right"
SLOPE = "{}_slope_goes_from_zero_to_one"


def infinity_over_infinity(head, claim, formula):
    """A mutant that computes a head by one formula of the widened input."""

    def function(x, *numbers):
        return formula(wide(x), *numbers).astype(x.dtype)

    function.__name__ = f"{head}_is_nan_at_infinity"
    mutant(NUMPY, head, (claim,))(function)


def zero_times_infinity(head, claim, slope):
    """A mutant whose backward pass multiplies by a slope of the widened input."""

    def function(grad, x, y):
        return (wide(grad) * slope(wide(x))).astype(x.dtype)

    function.__name__ = f"{head}_backward_is_nan_at_infinity"
    mutant(NUMPY, f"{head}_backward", (claim,))(function)


for head, claim, formula in (
    ("sigmoid", "sigmoid_saturates_at_zero_and_one", lambda z: np.exp(z) / (1 + np.exp(z))),
    ("tanh", "tanh_saturates_at_plus_and_minus_one", lambda z: np.sinh(z) / np.cosh(z)),
    ("relu", LEFT_AND_RIGHT.format("relu"), lambda z: z * (z > 0)),
    (
        "elu",
        "elu_saturates_at_minus_alpha",
        lambda z, alpha: z * (z > 0) + alpha * np.expm1(np.minimum(z, 0)),
    ),
    ("softplus", LEFT_AND_RIGHT.format("softplus"), lambda z: z + np.log1p(np.exp(-z))),
    (
        "log_sigmoid",
        "log_sigmoid_grows_on_the_left_and_vanishes_on_the_right",
        lambda z: z - np.log1p(np.exp(z)),
    ),
    ("silu", LEFT_AND_RIGHT.format("silu"), lambda z: z * logistic(z)),
    ("gelu", LEFT_AND_RIGHT.format("gelu"), lambda z: z * normal_distribution(z)),
    ("gelu_tanh", LEFT_AND_RIGHT.format("gelu_tanh"), lambda z: z * ((1 + tanh_of_cubic(z)) / 2)),
    ("mish", LEFT_AND_RIGHT.format("mish"), lambda z: z * np.tanh(log_one_plus_exp(z))),
    ("softsign", "softsign_saturates_at_plus_and_minus_one", lambda z: z / (1 + np.abs(z))),
    ("hardswish", LEFT_AND_RIGHT.format("hardswish"), lambda z: z * (np.clip(z + 3, 0, 6) / 6)),
):
    infinity_over_infinity(head, claim, formula)


def density(z):
    return np.exp(-z * z / 2) / np.sqrt(2 * np.pi)


def gelu_tanh_slope(z):
    t = tanh_of_cubic(z)
    steepness = np.sqrt(2 / np.pi) * (1 + 3 * 0.044715 * z * z)
    return (1 + t) / 2 + z * (1 - t * t) / 2 * steepness


def mish_slope(z):
    t = np.tanh(log_one_plus_exp(z))
    return t + z * logistic(z) * (1 - t * t)


for head, claim, slope in (
    (
        "sigmoid",
        "sigmoid_slope_vanishes_at_both_ends",
        lambda z: np.exp(-z) / (1 + np.exp(-z)) ** 2,
    ),
    ("tanh", "tanh_slope_vanishes_at_both_ends", lambda z: 1 - (np.sinh(z) / np.cosh(z)) ** 2),
    ("softplus", SLOPE.format("softplus"), lambda z: np.exp(z) / (1 + np.exp(z))),
    ("silu", SLOPE.format("silu"), lambda z: logistic(z) * (1 + z * logistic(-z))),
    ("gelu", SLOPE.format("gelu"), lambda z: normal_distribution(z) + z * density(z)),
    ("gelu_tanh", SLOPE.format("gelu_tanh"), gelu_tanh_slope),
    ("mish", SLOPE.format("mish"), mish_slope),
    (
        "hardswish",
        SLOPE.format("hardswish"),
        lambda z: np.clip(z + 3, 0, 6) / 6 + z * (np.abs(z) < 3) / 6,
    ),
):
    zero_times_infinity(head, claim, slope)

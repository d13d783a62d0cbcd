"""Activations: wrong ways to compute them."""

import numpy as np
import torch
import torch.nn.functional as F

from checks.implementations.numpy_textbook.widening import wide
from tests.mutants.mutant import FULL, HALF, NUMPY, TORCH, mutant, textbook

# -- sigmoid ---------------------------------------------------------------------------------------

SIGMOID_SLOPES = ("sigmoid_slope_at_most_a_quarter", "sigmoid_slope_is_positive")
SIGMOID_TAILS = ("sigmoid_slope_is_even", "sigmoid_slope_decays_exponentially")
SIGMOID_CHAINS = (
    "chain_bias_gradient_is_a_product",
    "sigmoid_chain_gradient_shrinks_geometrically",
)


@mutant(NUMPY, "sigmoid", SIGMOID_SLOPES + SIGMOID_CHAINS, ("bfloat16", *FULL))
def sigmoid_from_tanh_has_no_tail(x):
    """1/2 + tanh(x/2)/2 is absolutely accurate and not relatively: 0, or below, far to the left.

    Reported as microsoft/onnxruntime#22557. In float16 the absolute error is below a subnormal.
    """
    return (0.5 + 0.5 * np.tanh(0.5 * wide(x))).astype(x.dtype)


@mutant(NUMPY, "sigmoid_backward", SIGMOID_SLOPES)
def sigmoid_slope_is_a_quotient_of_infinities(grad, x, y):
    """e⁻ˣ / (1 + e⁻ˣ)², literally, is ∞/∞ on the left.

    Reported as jeshraghian/snntorch#427 and jax-ml/jax#777.
    """
    tail = np.exp(-wide(x))
    return (wide(grad) * (tail / (1 + tail) ** 2)).astype(x.dtype)


@mutant(
    NUMPY,
    "sigmoid_backward",
    (*SIGMOID_SLOPES, *SIGMOID_CHAINS, "data_augmentation_prevents_vanishing"),
    ("bfloat16", *FULL),
)
def sigmoid_slope_cancels_in_the_tails(grad, x, y):
    """1/4 − (y − 1/2)² is never more than 1/4 and never negative, and wrong in both tails."""
    return (wide(grad) * (0.25 - (wide(y) - 0.5) ** 2)).astype(x.dtype)


@mutant(NUMPY, "sigmoid_backward", SIGMOID_SLOPES + SIGMOID_CHAINS, FULL)
def sigmoid_slope_is_a_difference(grad, x, y):
    """y − y² is rounded at the size of y², where y(1 − y) is exact in the difference."""
    return (wide(grad) * (wide(y) - wide(y) * wide(y))).astype(x.dtype)


@mutant(
    NUMPY,
    "sigmoid_backward",
    ("factors_below_one_vanish", "sigmoid_slope_is_a_quarter_only_at_zero"),
)
def sigmoid_slope_forgets_the_output(grad, x, y):
    """1 − y for y(1 − y): the slope of the logarithm of the sigmoid."""
    return (wide(grad) * (1 - wide(y))).astype(x.dtype)


@mutant(TORCH, "sigmoid", SIGMOID_CHAINS, FULL)
def sigmoid_as_a_softmax_cancels(x):
    """Of x against 0: the backward pass of softmax, y(g − Σ g·y), is that difference too."""
    pair = torch.stack([x, torch.zeros_like(x)])
    return torch.softmax(pair, dim=0)[0]


@mutant(TORCH, "sigmoid", SIGMOID_SLOPES)
def sigmoid_by_magnitude_is_flat_at_zero(x):
    """Right everywhere; but autograd takes the slope of |x| at 0 to be 0."""
    z = x.to(torch.promote_types(x.dtype, torch.float32))
    tail = torch.exp(-z.abs())
    return (torch.where(z > 0, 1, tail) / (1 + tail)).to(x.dtype)


@mutant(NUMPY, "sigmoid_backward", SIGMOID_SLOPES + SIGMOID_CHAINS + SIGMOID_TAILS)
def sigmoid_slope_is_taken_of_the_input(grad, x, y):
    """x(1 − x), the argument in the place of the output."""
    return (wide(grad) * wide(x) * (1 - wide(x))).astype(x.dtype)


SECOND_LAYER = ("second_layer_gradient_chain", "second_layer_gradient_chain_as_printed")


@mutant(NUMPY, "sigmoid_backward", SIGMOID_CHAINS + SECOND_LAYER)
def sigmoid_backward_drops_the_upstream_gradient(grad, x, y):
    """y(1 − y) alone: right for the last layer, whose upstream gradient is 1."""
    return (wide(y) * (1 - wide(y))).astype(x.dtype)


# -- tanh ------------------------------------------------------------------------------------------

TANH = (
    "layer_gradient_is_a_product_of_jacobians",
    "skip_connection_adds_identity",
    "residual_gradient_has_an_additive_one",
)


@mutant(NUMPY, "tanh", TANH[1:2], ("float16",))
def tanh_of_arrays_saturates_early(x):
    """In float16 arrays of several entries stop at 0.9985, scalars do not.

    Reported as numpy/numpy#30821.
    """
    y = textbook.tanh(x)
    cap = x.dtype.type(0.9985)
    return np.clip(y, -cap, cap) if x.dtype == np.float16 and x.size > 1 else y


@mutant(NUMPY, "tanh", (*TANH[:2], "forward_is_a_composition"), FULL)
def tanh_cancels_near_zero(x):
    """(e²ˣ − 1) / (e²ˣ + 1) loses its digits where e²ˣ is near 1: expm1 is there for that."""
    square = np.exp(2 * wide(x))
    return ((square - 1) / (square + 1)).astype(x.dtype)


TANH_SLOPES = (
    "layer_jacobian_is_weight_times_slope",
    "layer_jacobian_is_the_activation_derivative",
    "weight_gradient_is_error_times_input",
    "residual_jacobian_sums_over_paths",
    "gradient_norm_is_at_most_the_product_of_largest_singular_values",
    "bounded_weights_bound_the_gradient",
)


TANH_ALONE = ("tanh_slope_at_most_one", "tanh_slope_is_rescaled_sigmoid_slope")


@mutant(NUMPY, "tanh_backward", TANH + TANH_SLOPES + TANH_ALONE)
def tanh_slope_forgets_the_square(grad, x, y):
    """1 − y, which is even right at 0 and at +∞."""
    return (wide(grad) * (1 - wide(y))).astype(x.dtype)


# -- ReLU and leaky ReLU ---------------------------------------------------------------------------

RELU = "relu_chain_gradient_is_the_product_of_its_weights"
RELU_AS_PRINTED = "relu_cannot_explode_or_vanish"
LEAKY_RELU = "leaky_relu_is_the_larger_of_kx_and_x"
LEAKY_RELU_AS_PRINTED = "leaky_relu_is_always_the_larger_of_kx_and_x"


@mutant(NUMPY, "relu_backward", (RELU, RELU_AS_PRINTED))
def relu_backward_clips_the_gradient(grad, x, y):
    """Between −1 and 1, for safety: so an active ReLU does not let a large gradient through."""
    return np.where(x > 0, np.clip(grad, -1, 1), 0).astype(x.dtype)


RELU_CHAINS = ("factors_above_one_explode", "relu_jacobian_is_a_masked_weight_product")


@mutant(NUMPY, "relu_backward", (RELU, RELU_AS_PRINTED, *RELU_CHAINS))
def relu_backward_returns_its_mask(grad, x, y):
    """1 where x > 0, whatever arrived: as if the activation's factor were the whole layer's."""
    return (x > 0).astype(x.dtype)


RELU_SLOPE = "relu_slope_is_zero_or_one"


@mutant(NUMPY, "relu_backward", (RELU_SLOPE, "a_dead_relu_unit_never_recovers"))
def relu_backward_leaks(grad, x, y):
    """The backward pass of leaky ReLU behind the forward pass of ReLU."""
    return np.where(x > 0, wide(grad), 0.01 * wide(grad)).astype(x.dtype)


@mutant(TORCH, "relu", (RELU, RELU_SLOPE), ("float16",))
def relu_lets_the_gradient_through_at_zero(x):
    """The slope of clamp at its bound is 1; that of ReLU at 0 is 0 by convention.

    Reported, for the reverse, as pytorch/pytorch#184574. Seen where the value underflows to 0.
    """
    return torch.clamp(x, min=0)


@mutant(TORCH, "relu", (RELU, RELU_AS_PRINTED, "a_large_step_can_kill_a_relu_unit"))
def relu_stops_at_six(x):
    """ReLU6 in the place of ReLU."""
    return F.relu6(x)


@mutant(NUMPY, "leaky_relu", (LEAKY_RELU_AS_PRINTED,), (*FULL, *HALF))
def leaky_relu_is_a_maximum(x, negative_slope):
    """max(kx, x), which makes the statement as printed true, and is another function for k > 1."""
    return np.maximum(negative_slope * wide(x), wide(x)).astype(x.dtype)


LEAKY_SLOPES = (
    "leaky_relu_slope_never_dies",
    "leaky_relu_slope_at_most_one_or_k",
    "a_dead_leaky_relu_unit_recovers",
)


@mutant(NUMPY, "leaky_relu", (LEAKY_RELU, LEAKY_RELU_AS_PRINTED, *LEAKY_SLOPES), (*FULL, *HALF))
def leaky_relu_takes_a_whole_slope(x, negative_slope):
    """The slope is cast to an integer on its way to the kernel."""
    return np.where(x > 0, wide(x), int(negative_slope) * wide(x)).astype(x.dtype)


LEAKY_LAYERS = "gradient_norm_is_at_least_the_product_of_smallest_singular_values"


@mutant(TORCH, "leaky_relu", (LEAKY_RELU, LEAKY_RELU_AS_PRINTED, LEAKY_LAYERS), (*FULL, *HALF))
def leaky_relu_keeps_its_default_slope(x, negative_slope):
    """The argument is not handed on, and 0.01 is used."""
    return F.leaky_relu(x)


@mutant(NUMPY, "leaky_relu", (LEAKY_RELU, LEAKY_RELU_AS_PRINTED), FULL)
def leaky_relu_cancels_on_the_left(x, negative_slope):
    """(1 + k)/2 · x + (1 − k)/2 · |x|: no branch; on the left as wrong as x, not as kx."""
    half = (1 + negative_slope) / 2, (1 - negative_slope) / 2
    return (half[0] * wide(x) + half[1] * np.abs(wide(x))).astype(x.dtype)

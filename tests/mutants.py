"""Wrong implementations, each with the claims that must expose it.

A mutant is the textbook in NumPy, or torch, with one function replaced by a wrong one. Its name
says what is wrong with it, its docstring what it does and, where a released library really did
that, which. `exposed_by` are the claims that must find it, in every one of the `formats`: claim
after claim is tried in one format after the other, and each in all of them every night.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import ml_dtypes
import numpy as np
import torch
import torch.nn.functional as F

from checks.formats import format_of
from checks.implementation import Implementation
from checks.implementations import numpy_textbook as textbook
from checks.implementations.numpy_textbook import NUMPY_TEXTBOOK as NUMPY, wide
from checks.implementations.torch_eager import torch_eager

TORCH = torch_eager()
HALF = ("float16", "bfloat16")
FULL = ("float32", "float64")
ALL = (*HALF, *FULL)


@dataclass(frozen=True)
class Mutant:
    """An implementation whose function `head` is wrong."""

    name: str
    head: str
    implementation: Implementation
    exposed_by: tuple[str, ...]
    formats: tuple[str, ...]

    def is_blamed_by(self, operation: str) -> bool:
        """Whether a finding names the wrong function, and the wrong pass where each has its own."""
        head, backward = self.head.removesuffix("_backward"), self.head.endswith("_backward")
        own_pass = self.implementation.library == "torch" or backward == ("backward" in operation)
        return head in operation.split() and own_pass


MUTANTS: dict[str, Mutant] = {}


def mutant(
    base: Implementation, head: str, exposed_by: tuple[str, ...], formats: tuple[str, ...] = ALL
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Enter a function as the wrong version of a head, or of its backward pass."""

    def enter(function: Callable[..., Any]) -> Callable[..., Any]:
        name = function.__name__
        assert name not in MUTANTS
        replaced = base.replace(**{head: function})
        MUTANTS[name] = Mutant(name, head, replaced, exposed_by, formats)
        return function

    return enter


# -- sigmoid --------------------------------------------------------------------------------------

SIGMOID_SLOPES = ("sigmoid_slope_at_most_a_quarter", "sigmoid_slope_is_positive")
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


@mutant(NUMPY, "sigmoid_backward", SIGMOID_SLOPES + SIGMOID_CHAINS, ("bfloat16", *FULL))
def sigmoid_slope_cancels_in_the_tails(grad, x, y):
    """1/4 − (y − 1/2)² is never more than 1/4 and never negative, and wrong in both tails."""
    return (wide(grad) * (0.25 - (wide(y) - 0.5) ** 2)).astype(x.dtype)


@mutant(NUMPY, "sigmoid_backward", SIGMOID_SLOPES + SIGMOID_CHAINS, FULL)
def sigmoid_slope_is_a_difference(grad, x, y):
    """y − y² is rounded at the size of y², where y(1 − y) is exact in the difference."""
    return (wide(grad) * (wide(y) - wide(y) * wide(y))).astype(x.dtype)


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


@mutant(NUMPY, "sigmoid_backward", SIGMOID_SLOPES + SIGMOID_CHAINS)
def sigmoid_slope_is_taken_of_the_input(grad, x, y):
    """x(1 − x), the argument in the place of the output."""
    return (wide(grad) * wide(x) * (1 - wide(x))).astype(x.dtype)


@mutant(NUMPY, "sigmoid_backward", SIGMOID_CHAINS)
def sigmoid_backward_drops_the_upstream_gradient(grad, x, y):
    """y(1 − y) alone: right for the last layer, whose upstream gradient is 1."""
    return (wide(y) * (1 - wide(y))).astype(x.dtype)


# -- tanh -----------------------------------------------------------------------------------------

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


@mutant(NUMPY, "tanh", TANH[:2], FULL)
def tanh_cancels_near_zero(x):
    """(e²ˣ − 1) / (e²ˣ + 1) loses its digits where e²ˣ is near 1: expm1 is there for that."""
    square = np.exp(2 * wide(x))
    return ((square - 1) / (square + 1)).astype(x.dtype)


@mutant(NUMPY, "tanh_backward", TANH)
def tanh_slope_forgets_the_square(grad, x, y):
    """1 − y, which is even right at 0 and at +∞."""
    return (wide(grad) * (1 - wide(y))).astype(x.dtype)


# -- ReLU and leaky ReLU --------------------------------------------------------------------------

RELU = "relu_chain_gradient_is_the_product_of_its_weights"
RELU_AS_PRINTED = "relu_cannot_explode_or_vanish"
LEAKY_RELU = "leaky_relu_is_the_larger_of_kx_and_x"
LEAKY_RELU_AS_PRINTED = "leaky_relu_is_always_the_larger_of_kx_and_x"


@mutant(NUMPY, "relu_backward", (RELU, RELU_AS_PRINTED))
def relu_backward_clips_the_gradient(grad, x, y):
    """Between −1 and 1, for safety: so an active ReLU does not let a large gradient through."""
    return np.where(x > 0, np.clip(grad, -1, 1), 0).astype(x.dtype)


@mutant(NUMPY, "relu_backward", (RELU, RELU_AS_PRINTED))
def relu_backward_returns_its_mask(grad, x, y):
    """1 where x > 0, whatever arrived: as if the activation's factor were the whole layer's."""
    return (x > 0).astype(x.dtype)


@mutant(TORCH, "relu", (RELU,), ("float16",))
def relu_lets_the_gradient_through_at_zero(x):
    """The slope of clamp at its bound is 1; that of ReLU at 0 is 0 by convention.

    Reported, for the reverse, as pytorch/pytorch#184574. Seen where the value underflows to 0.
    """
    return torch.clamp(x, min=0)


@mutant(TORCH, "relu", (RELU, RELU_AS_PRINTED))
def relu_stops_at_six(x):
    """ReLU6 in the place of ReLU."""
    return F.relu6(x)


@mutant(NUMPY, "leaky_relu", (LEAKY_RELU_AS_PRINTED,), (*FULL, *HALF))
def leaky_relu_is_a_maximum(x, negative_slope):
    """max(kx, x), which makes the statement as printed true, and is another function for k > 1."""
    return np.maximum(negative_slope * wide(x), wide(x)).astype(x.dtype)


@mutant(NUMPY, "leaky_relu", (LEAKY_RELU, LEAKY_RELU_AS_PRINTED), (*FULL, *HALF))
def leaky_relu_takes_a_whole_slope(x, negative_slope):
    """The slope is cast to an integer on its way to the kernel."""
    return np.where(x > 0, wide(x), int(negative_slope) * wide(x)).astype(x.dtype)


@mutant(TORCH, "leaky_relu", (LEAKY_RELU, LEAKY_RELU_AS_PRINTED), (*FULL, *HALF))
def leaky_relu_keeps_its_default_slope(x, negative_slope):
    """The argument is not handed on, and 0.01 is used."""
    return F.leaky_relu(x)


@mutant(NUMPY, "leaky_relu", (LEAKY_RELU, LEAKY_RELU_AS_PRINTED), FULL)
def leaky_relu_cancels_on_the_left(x, negative_slope):
    """(1 + k)/2 · x + (1 − k)/2 · |x|: no branch; on the left as wrong as x, not as kx."""
    half = (1 + negative_slope) / 2, (1 - negative_slope) / 2
    return (half[0] * wide(x) + half[1] * np.abs(wide(x))).astype(x.dtype)


# -- layers ---------------------------------------------------------------------------------------

LAYER = "layer_gradient_is_a_product_of_jacobians"
BEHIND_BATCH_NORM = "batch_norm_weight_gradient_scales_inversely"
SKIP = "skip_connection_adds_identity"
RESIDUAL = "residual_gradient_has_an_additive_one"
RESIDUAL_AS_PRINTED = "residual_gradient_as_printed"


def one_by_one(terms):
    """A sum over the first axis that is rounded to the storage format after every term."""
    total = terms[0]
    for term in terms[1:]:
        total = total + term
    return total


@mutant(NUMPY, "linear", (LAYER, BEHIND_BATCH_NORM), HALF)
def linear_accumulates_in_half(x, weight, bias):
    """Products and sums in the 16-bit format itself."""
    terms = [x[:, i, None] * weight[None, :, i] for i in range(x.shape[1])]
    return one_by_one(terms) + bias


@mutant(NUMPY, "linear", (LAYER, SKIP))
def linear_forgets_the_bias(x, weight, bias):
    """xWᵀ."""
    return (wide(x) @ wide(weight).T).astype(x.dtype)


@mutant(NUMPY, "linear", (SKIP, LAYER))
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


@mutant(TORCH, "residual", (SKIP, RESIDUAL, RESIDUAL_AS_PRINTED))
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


# -- batch norm -----------------------------------------------------------------------------------

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


# -- gradients ------------------------------------------------------------------------------------

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


# -- initialisation -------------------------------------------------------------------------------

HE = ("he_keeps_relu_second_moment",)


@mutant(TORCH, "he_normal", HE)
def he_normal_is_cut_at_two_deviations(shape, seed):
    """Cut and not rescaled, the variance is 0.774 of what it should be.

    Reported as tensorflow/tensorflow#18706.
    """
    deviation = (2 / shape[1]) ** 0.5
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
    return np.random.default_rng(seed).normal(0.0, np.sqrt(2 / shape[0]), shape)


@mutant(NUMPY, "he_normal", HE)
def he_normal_forgets_the_rectifier(shape, seed):
    """Variance 1 / fan_in, which is LeCun's."""
    return np.random.default_rng(seed).normal(0.0, np.sqrt(1 / shape[1]), shape)


# -- powers and the array library's own arithmetic ------------------------------------------------

POWERS = ("repeated_factor_overflows_at_depth", "repeated_factor_underflows_at_depth")
ITERATED_GROWTH = "repeated_factor_overflows_at_depth_when_iterated"
NEVER_ZERO = "repeated_factor_never_reaches_zero"
KEEPS_SHRINKING = "repeated_factor_keeps_shrinking"


@mutant(NUMPY, "power", POWERS)
def power_takes_whole_numbers(base, exponent):
    """Both arguments are rounded to integers.

    Reported as arrayfire/arrayfire#3560.
    """
    return np.power(np.rint(wide(base)), int(exponent)).astype(base.dtype)


@mutant(NUMPY, "power", POWERS, FULL)
def power_goes_through_the_logarithm(base, exponent):
    """exp(n·log q): the exponential multiplies the error of n·log q by its size."""
    return np.exp(exponent * np.log(wide(base))).astype(base.dtype)


@mutant(NUMPY, "power", POWERS, (*HALF, "float64"))
def power_rounds_every_factor(base, exponent):
    """Multiplied up one factor at a time in the storage format.

    In float32 a few hundred roundings, half up and half down, may stay within the power's 4 ulp.
    """
    result = base
    for _ in range(int(exponent) - 1):
        result = result * base
    return result


@mutant(NUMPY, "mul", (NEVER_ZERO, KEEPS_SHRINKING), ("float32", *HALF, "float64"))
def multiplication_flushes_to_zero(a, b):
    """Subnormal results become 0, as after linking a library that was built for fast math."""
    product = a * b
    smallest = format_of(product.dtype).smallest_normal
    return np.where(np.abs(product) < smallest, product * 0, product)


@mutant(NUMPY, "mul", (NEVER_ZERO, KEEPS_SHRINKING), ("float32",))
def multiplication_rounds_toward_zero(a, b):
    """Never away from it, so that the product does not stall above it.

    In the 16-bit formats this is one of the two neighbours, and faithful.
    """
    product = a * b
    away = np.abs(product) > np.abs(np.multiply(a, b, dtype=np.float64))
    return np.where(away, np.nextafter(product, np.zeros_like(product)), product)


@mutant(NUMPY, "mul", (ITERATED_GROWTH, RELU, RELU_AS_PRINTED), ("float32", "float64", *HALF))
def multiplication_reads_fewer_digits(a, b):
    """Operands go through a shorter format, as TF32 and autocast do on their own account."""
    shorter = {
        "float16": ml_dtypes.bfloat16,
        "bfloat16": ml_dtypes.float8_e5m2,
        "float32": np.float16,
        "float64": np.float32,
    }
    dtype = next(part.dtype for part in (a, b) if isinstance(part, np.ndarray))
    cut = shorter[format_of(dtype).name]
    a, b = (np.asarray(part).astype(cut).astype(dtype) for part in (a, b))
    return a * b

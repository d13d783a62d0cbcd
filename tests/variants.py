"""Right implementations that are unlike the textbook, none of which may be called a defect.

A variant replaces one function of the textbook in NumPy, or of torch, by one that computes the same
by other means: another order of summation, fused or wider operations, another formula. Its name
says how. A claim about the head must judge it as it judges the textbook, but for the `limits` that
come with the method: claims that it breaks by a rounding and the textbook does not.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np
import torch

from checks.implementation import Implementation
from checks.implementations.numpy_textbook import NUMPY_TEXTBOOK as NUMPY, wide
from checks.implementations.torch_eager import torch_eager

QUARTER = "sigmoid_slope_at_most_a_quarter"


@dataclass(frozen=True)
class Variant:
    """An implementation whose function `head` is unusual and right."""

    name: str
    head: str
    implementation: Implementation
    formats: tuple[str, ...]
    limits: frozenset[str]


VARIANTS: dict[str, Variant] = {}


def variant(
    base: Implementation,
    head: str,
    formats: tuple[str, ...] = ("float16", "bfloat16", "float32", "float64"),
    limits: tuple[str, ...] = (),
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Enter a function as another way to compute a head, or its backward pass."""

    def enter(function: Callable[..., Any]) -> Callable[..., Any]:
        name = function.__name__
        assert name not in VARIANTS
        replaced = base.replace(**{head: function})
        VARIANTS[name] = Variant(name, head, replaced, formats, frozenset(limits))
        return function

    return enter


def double(x):
    """The array in the widest format that NumPy has for it: float64, and beyond for float64."""
    return x.astype(np.longdouble if x.dtype == np.float64 else np.float64)


def working(x):
    """A tensor in the format that heads work in."""
    return x.to(torch.promote_types(x.dtype, torch.float32))


def widened_batch_norm(x, gamma, beta, eps):
    """torch's own, in the working format."""
    return torch.nn.functional.batch_norm(
        working(x), None, None, working(gamma), working(beta), training=True, eps=eps
    ).to(x.dtype)


# torch's own batch norm rounds to 16 bits on the way, which is a defect and none of a variant's.
TORCH = torch_eager().replace(batch_norm=widened_batch_norm)


def one_by_one(terms):
    """A sum over the first axis from left to right."""
    return reduce(lambda total, term: total + term, terms)


def pairwise(terms):
    """A sum over the first axis as a balanced tree."""
    half = len(terms) // 2
    return terms[0] if half == 0 else pairwise(terms[:half]) + pairwise(terms[half:])


# -- sigmoid --------------------------------------------------------------------------------------


@variant(NUMPY, "sigmoid")
def sigmoid_by_the_naive_formula(x):
    """1 / (1 + e⁻ˣ), which is 0 where e⁻ˣ overflows."""
    return (1 / (1 + np.exp(-wide(x)))).astype(x.dtype)


@variant(NUMPY, "sigmoid")
def sigmoid_by_sign(x):
    """eˣ / (1 + eˣ) on the left, 1 / (1 + e⁻ˣ) on the right."""
    z = wide(x)
    return np.where(z < 0, np.exp(z) / (1 + np.exp(z)), 1 / (1 + np.exp(-z))).astype(x.dtype)


@variant(NUMPY, "sigmoid")
def sigmoid_in_double_precision(x):
    return (1 / (1 + np.exp(-double(x)))).astype(x.dtype)


@variant(NUMPY, "sigmoid_backward", limits=(QUARTER,))
def sigmoid_slope_from_the_input(grad, x, y):
    """e / (1 + e)² with e = e^−|x|, which does not saturate."""
    tail = np.exp(-np.abs(wide(x)))
    return (wide(grad) * (tail / ((1 + tail) * (1 + tail)))).astype(x.dtype)


@variant(NUMPY, "sigmoid_backward", limits=(QUARTER,))
def sigmoid_slope_from_both_sides(grad, x, y):
    """σ(x) σ(−x)."""
    z = wide(x)
    return (wide(grad) * (1 / (1 + np.exp(-z))) * (1 / (1 + np.exp(z)))).astype(x.dtype)


@variant(TORCH, "sigmoid")
def sigmoid_of_a_widened_tensor(x):
    """The slope is then taken from the output before it was rounded."""
    return torch.sigmoid(working(x)).to(x.dtype)


@variant(TORCH, "sigmoid_backward")
def sigmoid_backward_in_one_rounding(grad, x, y):
    y = working(y)
    return (working(grad) * (1 - y) * y).to(x.dtype)


# -- tanh -----------------------------------------------------------------------------------------


@variant(NUMPY, "tanh")
def tanh_from_expm1(x):
    """−m / (m + 2) with m = e^−2|x| − 1."""
    m = np.expm1(-2 * np.abs(wide(x)))
    return np.copysign(m / (m + 2), wide(x)).astype(x.dtype)


@variant(NUMPY, "tanh_backward")
def tanh_slope_as_a_product(grad, x, y):
    """(1 − y)(1 + y)."""
    return (wide(grad) * ((1 - wide(y)) * (1 + wide(y)))).astype(x.dtype)


@variant(NUMPY, "tanh_backward")
def tanh_slope_from_the_input(grad, x, y):
    """1 / cosh²."""
    return (wide(grad) / np.cosh(wide(x)) / np.cosh(wide(x))).astype(x.dtype)


@variant(TORCH, "tanh")
def tanh_in_double_precision(x):
    return torch.tanh(x.double()).to(x.dtype)


@variant(TORCH, "tanh")
def tanh_of_a_widened_tensor(x):
    return torch.tanh(working(x)).to(x.dtype)


# -- ReLU and leaky ReLU --------------------------------------------------------------------------


@variant(NUMPY, "relu")
def relu_by_a_mask(x):
    return x * (x > 0).astype(x.dtype)


@variant(TORCH, "relu")
def relu_by_a_choice(x):
    return torch.where(x > 0, x, 0)


@variant(NUMPY, "leaky_relu")
def leaky_relu_as_a_sum_of_both_sides(x, negative_slope):
    """max(x, 0) + k·min(x, 0)."""
    z = wide(x)
    return (np.maximum(z, 0) + negative_slope * np.minimum(z, 0)).astype(x.dtype)


@variant(TORCH, "leaky_relu")
def leaky_relu_by_prelu(x, negative_slope):
    slope = torch.full((1,), negative_slope, dtype=working(x).dtype)
    return torch.nn.functional.prelu(working(x), slope).to(x.dtype)


# -- layers ---------------------------------------------------------------------------------------


def products(x, weight):
    """The terms of x Wᵀ, one for each input feature."""
    return [wide(x)[:, i, None] * wide(weight)[None, :, i] for i in range(x.shape[1])]


@variant(NUMPY, "linear")
def linear_summed_in_reverse(x, weight, bias):
    return (one_by_one(products(x, weight)[::-1]) + wide(bias)).astype(x.dtype)


@variant(NUMPY, "linear")
def linear_summed_pairwise(x, weight, bias):
    return (pairwise(products(x, weight)) + wide(bias)).astype(x.dtype)


@variant(NUMPY, "linear")
def linear_summed_in_chunks(x, weight, bias):
    terms = products(x, weight)
    partial = [one_by_one(terms[start::2]) for start in range(min(2, len(terms)))]
    return (one_by_one(partial) + wide(bias)).astype(x.dtype)


@variant(NUMPY, "linear")
def linear_starts_from_the_bias(x, weight, bias):
    """The accumulator holds the bias from the beginning, as it may where layers are fused."""
    return one_by_one([wide(bias), *products(x, weight)]).astype(x.dtype)


@variant(NUMPY, "linear", ("float16", "bfloat16", "float32"))
def linear_with_fused_multiply_add(x, weight, bias):
    """Each product enters the sum unrounded; float64 stands for the unit's inner width."""
    total = wide(x)[:, :1] * wide(weight)[None, :, 0]
    for i in range(1, x.shape[1]):
        product = double(x)[:, i, None] * double(weight)[None, :, i]
        total = (product + total).astype(np.float32)
    return (total + wide(bias)).astype(x.dtype)


@variant(TORCH, "linear")
def linear_in_double_precision(x, weight, bias):
    return (x.double() @ weight.double().T + bias.double()).to(x.dtype)


@variant(TORCH, "linear")
def linear_by_einsum(x, weight, bias):
    return (torch.einsum("bi,oi->bo", working(x), working(weight)) + working(bias)).to(x.dtype)


@variant(NUMPY, "linear_backward")
def linear_backward_summed_in_reverse(grad, x, weight, bias, y):
    g = wide(grad)
    parts = (
        one_by_one([g[:, o, None] * wide(weight)[None, o] for o in range(g.shape[1])][::-1]),
        one_by_one([g[r, :, None] * wide(x)[r, None] for r in range(len(g))][::-1]),
        one_by_one(g[::-1]),
    )
    return tuple(part.astype(x.dtype) for part in parts)


@variant(TORCH, "residual")
def residual_in_double_precision(x, branch):
    return (branch(x).double() + x.double()).to(x.dtype)


@variant(NUMPY, "residual")
def residual_by_scaled_addition(x, branch):
    return np.add(wide(branch(x)), np.float32(1) * wide(x)).astype(x.dtype)


# -- batch norm -----------------------------------------------------------------------------------


def normalised(x, gamma, beta, mean, variance, eps):
    inverse = 1 / np.sqrt(variance + variance.dtype.type(eps))
    return ((wide(x) - mean) * (inverse * wide(gamma)) + wide(beta)).astype(x.dtype)


@variant(NUMPY, "batch_norm")
def batch_norm_as_an_affine_map(x, gamma, beta, eps):
    """x·α + (β − mean·α) with α = γ / √(v + ε)."""
    z = wide(x)
    mean = z.mean(axis=0)
    alpha = wide(gamma) / np.sqrt(z.var(axis=0) + z.dtype.type(eps))
    return (z * alpha + (wide(beta) - mean * alpha)).astype(x.dtype)


@variant(NUMPY, "batch_norm")
def batch_norm_by_division(x, gamma, beta, eps):
    z = wide(x)
    deviation = np.sqrt(z.var(axis=0) + z.dtype.type(eps))
    return (wide(gamma) * ((z - z.mean(axis=0)) / deviation) + wide(beta)).astype(x.dtype)


@variant(NUMPY, "batch_norm")
def batch_norm_summed_pairwise_in_reverse(x, gamma, beta, eps):
    z = wide(x)
    mean = pairwise(z[::-1]) / len(z)
    variance = pairwise(((z - mean) ** 2)[::-1]) / len(z)
    return normalised(x, gamma, beta, mean, variance, eps)


@variant(NUMPY, "batch_norm")
def batch_norm_summed_one_by_one(x, gamma, beta, eps):
    z = wide(x)
    mean = one_by_one(z) / len(z)
    variance = one_by_one((z - mean) ** 2) / len(z)
    return normalised(x, gamma, beta, mean, variance, eps)


@variant(NUMPY, "batch_norm")
def batch_norm_by_welford(x, gamma, beta, eps):
    """Mean and sum of squares updated row by row."""
    mean, squares = wide(x)[0], np.zeros_like(wide(x)[0])
    for count, row in enumerate(wide(x)[1:], start=2):
        delta = row - mean
        mean = mean + delta / mean.dtype.type(count)
        squares = squares + delta * (row - mean)
    return normalised(x, gamma, beta, mean, squares / squares.dtype.type(len(x)), eps)


@variant(NUMPY, "batch_norm")
def batch_norm_merges_two_shards(x, gamma, beta, eps):
    """Chan's parallel update: means and sums of squares of two halves, merged by their counts."""
    one, two = np.array_split(wide(x), 2)
    delta = two.mean(axis=0) - one.mean(axis=0)
    share = delta.dtype.type(len(two) / len(x))
    mean = one.mean(axis=0) + delta * share
    squares = [((part - part.mean(axis=0)) ** 2).sum(axis=0) for part in (one, two)]
    between = delta * delta * share * delta.dtype.type(len(one))
    return normalised(x, gamma, beta, mean, (squares[0] + squares[1] + between) / len(x), eps)


@variant(NUMPY, "batch_norm")
def batch_norm_in_double_precision(x, gamma, beta, eps):
    z = double(x)
    deviation = np.sqrt(z.var(axis=0) + eps)
    return (double(gamma) * (z - z.mean(axis=0)) / deviation + double(beta)).astype(x.dtype)


variant(TORCH, "batch_norm")(widened_batch_norm)


@variant(TORCH, "batch_norm")
def batch_norm_by_rsqrt(x, gamma, beta, eps):
    """Differentiated through mean and variance by autograd."""
    z = working(x)
    centred = z - z.mean(0)
    inverse = torch.rsqrt((centred * centred).mean(0) + eps)
    return (centred * inverse * working(gamma) + working(beta)).to(x.dtype)


@variant(NUMPY, "batch_norm_backward")
def batch_norm_backward_over_the_count(grad, x, gamma, beta, eps, y):
    """γ/(m·s) · (m·grad − Σ grad − x̂ Σ grad·x̂)."""
    g, z, m = wide(grad), wide(x), wide(x).dtype.type(len(x))
    inverse = 1 / np.sqrt(z.var(axis=0) + z.dtype.type(eps))
    normal = (z - z.mean(axis=0)) * inverse
    along, total = (g * normal).sum(axis=0), g.sum(axis=0)
    x_grad = wide(gamma) * inverse / m * (m * g - total - normal * along)
    return tuple(part.astype(x.dtype) for part in (x_grad, along, total))


# -- gradients ------------------------------------------------------------------------------------


def norm_of(grads, exponent=0):
    """The norm of all entries together in the working format."""
    return np.sqrt(sum((wide(grad) ** 2).sum() for grad in grads))


@variant(NUMPY, "clip_by_norm")
def clipping_by_a_reciprocal(grads, max_norm):
    """g · (c · (1/‖g‖))."""
    norm = norm_of(grads)
    factor = norm.dtype.type(max_norm) * (1 / norm) if norm > max_norm else norm.dtype.type(1)
    return [(wide(grad) * factor).astype(grad.dtype) for grad in grads]


@variant(NUMPY, "clip_by_norm")
def clipping_by_division(grads, max_norm):
    """g / max(1, ‖g‖/c)."""
    norm = norm_of(grads)
    ratio = np.maximum(norm / norm.dtype.type(max_norm), 1)
    return [(wide(grad) / ratio).astype(grad.dtype) for grad in grads]


@variant(NUMPY, "clip_by_norm")
def clipping_by_a_norm_of_norms(grads, max_norm):
    norm = norm_of([norm_of([grad])[None] for grad in grads])
    factor = np.minimum(norm.dtype.type(max_norm) / norm, 1)
    return [(wide(grad) * factor).astype(grad.dtype) for grad in grads]


@variant(NUMPY, "clip_by_norm")
def clipping_by_a_scaled_norm(grads, max_norm):
    """The entries divided by the largest before they are squared."""
    largest = max((np.abs(wide(grad)).max(initial=0) for grad in grads), default=0)
    norm = norm_of([wide(grad) / largest for grad in grads]) * largest if largest else largest
    factor = norm.dtype.type(max_norm) / norm if norm > max_norm else norm.dtype.type(1)
    return [(wide(grad) * factor).astype(grad.dtype) for grad in grads]


@variant(NUMPY, "clip_by_norm")
def clipping_in_double_precision(grads, max_norm):
    norm = np.sqrt(sum((double(grad) ** 2).sum() for grad in grads))
    factor = max_norm / norm if norm > max_norm else 1
    return [(double(grad) * factor).astype(grad.dtype) for grad in grads]


# -- initialisation -------------------------------------------------------------------------------


@variant(NUMPY, "he_normal")
def he_normal_by_box_and_muller(shape, seed):
    rng = np.random.default_rng(seed)
    radius = np.sqrt(-2 * np.log1p(-rng.random(shape)))
    return np.sqrt(2 / shape[1]) * radius * np.cos(2 * np.pi * rng.random(shape))


@variant(TORCH, "he_normal")
def he_normal_in_double_precision(shape, seed):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(shape, generator=generator, dtype=torch.float64) * (2 / shape[1]) ** 0.5


# -- powers and the array library's own arithmetic ------------------------------------------------


@variant(NUMPY, "power")
def power_of_one_number_at_a_time(base, exponent):
    """The C library's pow, through Python."""

    def raised(q):
        try:
            return math.pow(q, exponent)
        except OverflowError:
            return math.inf

    return np.array([raised(float(q)) for q in base.flat]).reshape(base.shape).astype(base.dtype)


@variant(NUMPY, "power")
def power_by_repeated_squaring(base, exponent):
    """In wider numbers: every squaring doubles the relative error."""
    result, square, n = np.ones_like(double(base)), double(base), int(exponent)
    while n:
        result = result * square if n % 2 else result
        square, n = square * square, n // 2
    return result.astype(base.dtype)


@variant(NUMPY, "mul")
def multiplication_in_the_storage_format(a, b):
    """The array library's own product of 16-bit numbers."""
    return a * b

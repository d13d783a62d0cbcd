"""The textbook in NumPy: every head with the backward pass derived by hand.

Sixteen-bit arrays are widened to float32, computed on, and rounded once on the way out; bfloat16
comes from ml_dtypes. A backward pass is called `NAME_backward(grad, *arguments, output)` and
returns the gradient of each array argument.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from checks.implementation import Implementation

Array = NDArray[Any]


def wide(x: Array) -> Array:
    """The array in the format that heads work in: float32 for 16 bits, itself otherwise."""
    return x.astype(np.float32) if x.dtype.itemsize == 2 else x


def sigmoid(x: Array) -> Array:
    """1 / (1 + e⁻ˣ), with the exponential of −|x| only, which cannot overflow."""
    tail = np.exp(-np.abs(wide(x)))
    return (np.where(wide(x) > 0, 1, tail) / (1 + tail)).astype(x.dtype)


def sigmoid_backward(grad: Array, x: Array, y: Array) -> Array:
    """grad · y(1 − y)."""
    return (wide(grad) * wide(y) * (1 - wide(y))).astype(x.dtype)


def tanh(x: Array) -> Array:
    """The hyperbolic tangent."""
    return np.tanh(wide(x)).astype(x.dtype)


def tanh_backward(grad: Array, x: Array, y: Array) -> Array:
    """grad · (1 − y²)."""
    return (wide(grad) * (1 - wide(y) * wide(y))).astype(x.dtype)


def relu(x: Array) -> Array:
    """max(x, 0)."""
    return np.maximum(x, 0).astype(x.dtype)


def relu_backward(grad: Array, x: Array, y: Array) -> Array:
    """grad where x > 0."""
    return np.where(x > 0, grad, 0).astype(x.dtype)


def leaky_relu(x: Array, negative_slope: float) -> Array:
    """x where x > 0, else k·x."""
    return np.where(x > 0, wide(x), negative_slope * wide(x)).astype(x.dtype)


def leaky_relu_backward(grad: Array, x: Array, negative_slope: float, y: Array) -> Array:
    """grad where x > 0, else k·grad."""
    return np.where(x > 0, wide(grad), negative_slope * wide(grad)).astype(x.dtype)


def linear(x: Array, weight: Array, bias: Array) -> Array:
    """x Wᵀ + b."""
    return (wide(x) @ wide(weight).T + wide(bias)).astype(x.dtype)


def linear_backward(
    grad: Array, x: Array, weight: Array, bias: Array, y: Array
) -> tuple[Array, Array, Array]:
    """grad W,  gradᵀ x,  Σ grad."""
    grad = wide(grad)
    parts = grad @ wide(weight), grad.T @ wide(x), grad.sum(axis=0)
    return parts[0].astype(x.dtype), parts[1].astype(x.dtype), parts[2].astype(x.dtype)


def residual(x: Array, branch: Callable[[Array], Array]) -> Array:
    """x + branch(x)."""
    return (wide(x) + wide(branch(x))).astype(x.dtype)


def residual_backward(grad: Array, x: Array, branch: Any, y: Array) -> tuple[Array, Array]:
    """grad along the identity, and grad into the branch."""
    return grad, grad


def batch_norm(x: Array, gamma: Array, beta: Array, eps: float) -> Array:
    """γ (x − μ) / √(v + ε) + β over the rows, v the biased variance."""
    normalised, _ = _normalised(wide(x), eps)
    return (wide(gamma) * normalised + wide(beta)).astype(x.dtype)


def batch_norm_backward(
    grad: Array, x: Array, gamma: Array, beta: Array, eps: float, y: Array
) -> tuple[Array, Array, Array]:
    """γ/√(v + ε) · (grad − mean grad − x̂ · mean(grad · x̂)),  Σ grad · x̂,  Σ grad."""
    grad = wide(grad)
    normalised, inverse_std = _normalised(wide(x), eps)
    along = (grad * normalised).mean(axis=0)
    x_grad = wide(gamma) * inverse_std * (grad - grad.mean(axis=0) - normalised * along)
    gamma_grad, beta_grad = (grad * normalised).sum(axis=0), grad.sum(axis=0)
    return x_grad.astype(x.dtype), gamma_grad.astype(x.dtype), beta_grad.astype(x.dtype)


def _normalised(x: Array, eps: float) -> tuple[Array, Array]:
    centred = x - x.mean(axis=0)
    inverse_std = 1 / np.sqrt((centred * centred).mean(axis=0) + x.dtype.type(eps))
    return centred * inverse_std, inverse_std


def clip_by_norm(grads: list[Array], max_norm: float) -> list[Array]:
    """Every gradient times min(1, c / ‖g‖), with the norm of all of them together."""
    norm = np.sqrt(sum((wide(grad) * wide(grad)).sum() for grad in grads))
    if not norm > max_norm:
        return list(grads)
    factor = max_norm / norm
    return [(wide(grad) * factor.astype(wide(grad).dtype)).astype(grad.dtype) for grad in grads]


def he_normal(shape: tuple[int, ...], seed: int) -> Array:
    """Normal weights of standard deviation √(2 / fan_in)."""
    fan_in = int(np.prod(shape[1:]))
    return np.random.default_rng(seed).normal(0.0, np.sqrt(2 / fan_in), shape)


def power(base: Array, exponent: float) -> Array:
    """baseⁿ."""
    return np.power(wide(base), exponent).astype(base.dtype)


NUMPY_TEXTBOOK = Implementation(
    name="numpy-textbook",
    library="numpy",
    functions={
        name: value
        for name, value in globals().items()
        if callable(value)
        and getattr(value, "__module__", "") == __name__
        and name[0] != "_"
        and name != "wide"
    },
)

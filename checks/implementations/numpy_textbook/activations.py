"""Activations, and their slopes from the saved output where that is usual."""

import math

import numpy as np

from checks.implementations.numpy_textbook.logistic import logistic
from checks.implementations.numpy_textbook.widening import Array, wide


def sigmoid(x: Array) -> Array:
    """1 / (1 + e⁻ˣ)."""
    return logistic(wide(x)).astype(x.dtype)


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


def elu(x: Array, alpha: float) -> Array:
    """x where x > 0, else α(eˣ − 1)."""
    return np.where(x > 0, wide(x), alpha * np.expm1(np.minimum(wide(x), 0))).astype(x.dtype)


def elu_backward(grad: Array, x: Array, alpha: float, y: Array) -> Array:
    """grad where x > 0, else grad · (y + α)."""
    return np.where(x > 0, wide(grad), wide(grad) * (wide(y) + alpha)).astype(x.dtype)


SELU_ALPHA, SELU_SCALE = 1.6732632423543772, 1.0507009873554805


def selu(x: Array) -> Array:
    """s·x where x > 0, else s·α(eˣ − 1)."""
    left = SELU_ALPHA * np.expm1(np.minimum(wide(x), 0))
    return (SELU_SCALE * np.where(x > 0, wide(x), left)).astype(x.dtype)


def selu_backward(grad: Array, x: Array, y: Array) -> Array:
    """s·grad where x > 0, else grad · (y + s·α)."""
    left = wide(y) + SELU_SCALE * SELU_ALPHA
    return np.where(x > 0, SELU_SCALE * wide(grad), wide(grad) * left).astype(x.dtype)


# -- smooth ones ----------------------------------------------------------------------------------


def _times(z: Array, factor: Array) -> Array:
    """z · factor, and 0 where z is infinite and the factor has vanished, as it does faster."""
    return np.where(np.isinf(z) & (factor == 0), 0, z * factor)


def _softplus(z: Array) -> Array:
    return np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z)))


def softplus(x: Array) -> Array:
    """log(1 + eˣ) as max(x, 0) + log(1 + e^−|x|), which does not overflow."""
    return _softplus(wide(x)).astype(x.dtype)


def softplus_backward(grad: Array, x: Array, y: Array) -> Array:
    """grad · σ(x)."""
    return (wide(grad) * logistic(wide(x))).astype(x.dtype)


def log_sigmoid(x: Array) -> Array:
    """−softplus(−x)."""
    return (-_softplus(-wide(x))).astype(x.dtype)


def log_sigmoid_backward(grad: Array, x: Array, y: Array) -> Array:
    """grad · σ(−x)."""
    return (wide(grad) * logistic(-wide(x))).astype(x.dtype)


def silu(x: Array) -> Array:
    """x · σ(x)."""
    return _times(wide(x), logistic(wide(x))).astype(x.dtype)


def silu_backward(grad: Array, x: Array, y: Array) -> Array:
    """grad · σ(x)(1 + x·σ(−x))."""
    z = wide(x)
    return (wide(grad) * _times(1 + _times(z, logistic(-z)), logistic(z))).astype(x.dtype)


def mish(x: Array) -> Array:
    """x · tanh(softplus(x))."""
    return _times(wide(x), np.tanh(_softplus(wide(x)))).astype(x.dtype)


def mish_backward(grad: Array, x: Array, y: Array) -> Array:
    """grad · (t + x·σ(x)(1 − t²)) with t = tanh(softplus(x))."""
    z, t = wide(x), np.tanh(_softplus(wide(x)))
    return (wide(grad) * (t + _times(_times(z, logistic(z)), 1 - t * t))).astype(x.dtype)


def _normal_distribution(z: Array) -> Array:
    """erfc(−z/√2) / 2, which is accurate far out on the left; the C library has it in doubles."""
    halves = np.frompyfunc(math.erfc, 1, 1)(-z.astype(np.float64) * math.sqrt(0.5))
    return np.asarray(halves / 2, dtype=np.float64)


def gelu(x: Array) -> Array:
    """x · Φ(x)."""
    return _times(wide(x), _normal_distribution(wide(x))).astype(x.dtype)


def gelu_backward(grad: Array, x: Array, y: Array) -> Array:
    """grad · (Φ(x) + x·φ(x))."""
    z = wide(x)
    density = np.exp(-z * z / 2) / math.sqrt(2 * math.pi)
    return (wide(grad) * (_normal_distribution(z) + _times(z, density))).astype(x.dtype)


def _tanh_of_cubic(z: Array) -> Array:
    return np.tanh(math.sqrt(2 / math.pi) * (z + 0.044715 * z**3))


def gelu_tanh(x: Array) -> Array:
    """x(1 + t)/2 with t = tanh(√(2/π)(x + 0.044715x³))."""
    return _times(wide(x), (1 + _tanh_of_cubic(wide(x))) / 2).astype(x.dtype)


def gelu_tanh_backward(grad: Array, x: Array, y: Array) -> Array:
    """grad · ((1 + t)/2 + x(1 − t²)/2·√(2/π)(1 + 3·0.044715x²)), the latter 0 where t = ±1."""
    z, t = wide(x), _tanh_of_cubic(wide(x))
    steepness = math.sqrt(2 / math.pi) * (1 + 3 * 0.044715 * z * z)
    bump = np.where(np.abs(t) < 1, z * (1 - t * t) / 2 * steepness, 0)
    return (wide(grad) * ((1 + t) / 2 + bump)).astype(x.dtype)


def softsign(x: Array) -> Array:
    """x / (1 + |x|)."""
    z = wide(x)
    return np.where(np.isinf(z), np.sign(z), z / (1 + np.abs(z))).astype(x.dtype)


def softsign_backward(grad: Array, x: Array, y: Array) -> Array:
    """grad / (1 + |x|)²."""
    size = 1 + np.abs(wide(x))
    return (wide(grad) / size / size).astype(x.dtype)


# -- straight ones --------------------------------------------------------------------------------


def relu6(x: Array) -> Array:
    """min(max(x, 0), 6)."""
    return np.clip(x, 0, 6).astype(x.dtype)


def relu6_backward(grad: Array, x: Array, y: Array) -> Array:
    """grad where 0 < x < 6."""
    return np.where((x > 0) & (x < 6), grad, 0).astype(x.dtype)


def hardtanh(x: Array) -> Array:
    """min(max(x, −1), 1)."""
    return np.clip(x, -1, 1).astype(x.dtype)


def hardtanh_backward(grad: Array, x: Array, y: Array) -> Array:
    """grad where −1 < x < 1."""
    return np.where((x > -1) & (x < 1), grad, 0).astype(x.dtype)


def hardsigmoid(x: Array) -> Array:
    """min(max(x + 3, 0), 6) / 6."""
    return (np.clip(wide(x) + 3, 0, 6) / 6).astype(x.dtype)


def hardsigmoid_backward(grad: Array, x: Array, y: Array) -> Array:
    """grad / 6 where −3 < x < 3."""
    return np.where((x > -3) & (x < 3), wide(grad) / 6, 0).astype(x.dtype)


def hardswish(x: Array) -> Array:
    """x · min(max(x + 3, 0), 6) / 6."""
    return _times(wide(x), np.clip(wide(x) + 3, 0, 6) / 6).astype(x.dtype)


def hardswish_backward(grad: Array, x: Array, y: Array) -> Array:
    """grad · (2x + 3)/6 where −3 < x < 3, grad beyond, 0 before."""
    z, g = wide(x), wide(grad)
    return np.where(z < 3, np.where(z > -3, g * (2 * z + 3) / 6, 0), g).astype(x.dtype)

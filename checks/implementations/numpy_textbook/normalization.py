"""Normalisation, over the rows of a batch or over the features of a row.

Batch norm takes images too, (batch, channels, height, width), whose every pixel is a row.
"""

import numpy as np

from checks.implementations.numpy_textbook.widening import Array, wide


def batch_norm(x: Array, gamma: Array, beta: Array, eps: float) -> Array:
    """γ (x − μ) / √(v + ε) + β over the rows, v the biased variance."""
    normalised, _ = _normalised(wide(x), eps)
    return (_by_feature(gamma, x) * normalised + _by_feature(beta, x)).astype(x.dtype)


def batch_norm_backward(
    grad: Array, x: Array, gamma: Array, beta: Array, eps: float, y: Array
) -> tuple[Array, Array, Array]:
    """γ/√(v + ε) · (grad − mean grad − x̂ · mean(grad · x̂)),  Σ grad · x̂,  Σ grad."""
    grad, axes = wide(grad), _axes(x)
    normalised, inverse_std = _normalised(wide(x), eps)
    along = (grad * normalised).mean(axis=axes, keepdims=True)
    centred = grad - grad.mean(axis=axes, keepdims=True) - normalised * along
    x_grad = _by_feature(gamma, x) * inverse_std * centred
    gamma_grad, beta_grad = (grad * normalised).sum(axis=axes), grad.sum(axis=axes)
    return x_grad.astype(x.dtype), gamma_grad.astype(x.dtype), beta_grad.astype(x.dtype)


def batch_norm_eval(
    x: Array, mean: Array, var: Array, gamma: Array, beta: Array, eps: float
) -> Array:
    """γ (x − μ) / √(v + ε) + β with running statistics."""
    normalised = (wide(x) - _by_feature(mean, x)) * _inverse_std(_by_feature(var, x), eps)
    return (_by_feature(gamma, x) * normalised + _by_feature(beta, x)).astype(x.dtype)


def batch_norm_eval_backward(
    grad: Array, x: Array, mean: Array, var: Array, gamma: Array, beta: Array, eps: float, y: Array
) -> tuple[Array, Array, Array]:
    """γ/√(v + ε) · grad,  Σ grad · x̂,  Σ grad; nothing for the statistics, which are constants."""
    grad, axes, inverse_std = wide(grad), _axes(x), _inverse_std(_by_feature(var, x), eps)
    normalised = (wide(x) - _by_feature(mean, x)) * inverse_std
    x_grad = _by_feature(gamma, x) * inverse_std * grad
    gamma_grad, beta_grad = (grad * normalised).sum(axis=axes), grad.sum(axis=axes)
    return x_grad.astype(x.dtype), gamma_grad.astype(x.dtype), beta_grad.astype(x.dtype)


def batch_norm_running(mean: Array, var: Array, x: Array, momentum: float) -> tuple[Array, Array]:
    """(1 − q)·old + q·new, the new variance being the unbiased one."""
    axes = _axes(x)
    new_mean = (1 - momentum) * wide(mean) + momentum * wide(x).mean(axis=axes)
    new_var = (1 - momentum) * wide(var) + momentum * wide(x).var(axis=axes, ddof=1)
    return new_mean.astype(mean.dtype), new_var.astype(var.dtype)


def layer_norm(x: Array, gamma: Array, beta: Array, eps: float) -> Array:
    """γ (x − μ) / √(v + ε) + β over the features of each row, v the biased variance."""
    normalised, _ = _normalised(wide(x).T, eps)
    return (wide(gamma) * normalised.T + wide(beta)).astype(x.dtype)


def layer_norm_backward(
    grad: Array, x: Array, gamma: Array, beta: Array, eps: float, y: Array
) -> tuple[Array, Array, Array]:
    """1/√(v + ε) · (h − mean h − x̂ · mean(h · x̂)) with h = γ · grad,  Σ grad · x̂,  Σ grad."""
    grad = wide(grad)
    normalised, inverse_std = (part.T for part in _normalised(wide(x).T, eps))
    scaled = wide(gamma) * grad
    along = (scaled * normalised).mean(axis=1, keepdims=True)
    centred = scaled - scaled.mean(axis=1, keepdims=True) - normalised * along
    x_grad = inverse_std * centred
    gamma_grad, beta_grad = (grad * normalised).sum(axis=0), grad.sum(axis=0)
    return x_grad.astype(x.dtype), gamma_grad.astype(x.dtype), beta_grad.astype(x.dtype)


def rms_norm(x: Array, gamma: Array, eps: float) -> Array:
    """γ x / √(mean of x² + ε) over the features of each row."""
    return (wide(gamma) * wide(x) * _inverse_rms(wide(x), eps)).astype(x.dtype)


def rms_norm_backward(
    grad: Array, x: Array, gamma: Array, eps: float, y: Array
) -> tuple[Array, Array]:
    """r · (h − x̂ · mean(h · x̂)) with h = γ · grad and x̂ = r · x,  Σ grad · x̂."""
    inverse_rms = _inverse_rms(wide(x), eps)
    normalised, scaled = wide(x) * inverse_rms, wide(gamma) * wide(grad)
    along = (scaled * normalised).mean(axis=1, keepdims=True)
    x_grad = inverse_rms * (scaled - normalised * along)
    return x_grad.astype(x.dtype), (wide(grad) * normalised).sum(axis=0).astype(x.dtype)


def _axes(x: Array) -> tuple[int, ...]:
    """All axes but that of the features, which is the second: rows, or rows, height and width."""
    return tuple(axis for axis in range(x.ndim) if axis != 1)


def _by_feature(values: Array, x: Array) -> Array:
    """One number a feature, widened, in a shape that meets each of x with its own."""
    return wide(values).reshape(-1, *(1,) * (x.ndim - 2))


def _normalised(x: Array, eps: float) -> tuple[Array, Array]:
    axes = _axes(x)
    centred = x - x.mean(axis=axes, keepdims=True)
    inverse_std = _inverse_std((centred * centred).mean(axis=axes, keepdims=True), eps)
    return centred * inverse_std, inverse_std


def _inverse_rms(x: Array, eps: float) -> Array:
    return _inverse_std((x * x).mean(axis=1, keepdims=True), eps)


def _inverse_std(variance: Array, eps: float) -> Array:
    return np.asarray(1 / np.sqrt(variance + variance.dtype.type(eps)))

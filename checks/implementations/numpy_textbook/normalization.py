"""Normalisation over the rows of a batch."""

import numpy as np

from checks.implementations.numpy_textbook.widening import Array, wide


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

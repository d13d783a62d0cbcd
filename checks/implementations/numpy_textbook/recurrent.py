"""Recurrent cells, and their gradients through gates that are computed again."""

from typing import Any

import numpy as np

from checks.implementations.numpy_textbook.logistic import logistic
from checks.implementations.numpy_textbook.widening import Array, wide

Gradients = tuple[Array, ...]


def rnn_cell(x: Array, h: Array, w_ih: Array, w_hh: Array, b_ih: Array, b_hh: Array) -> Array:
    """tanh(x W_ihᵀ + b_ih + h W_hhᵀ + b_hh)."""
    return np.tanh(_sum(x, w_ih, b_ih) + _sum(h, w_hh, b_hh)).astype(x.dtype)


def rnn_cell_backward(grad: Array, *operands: Array) -> Gradients:
    """Through grad · (1 − y²), y the stored output."""
    *arguments, y = operands
    return _both_ways(wide(grad) * (1 - wide(y) * wide(y)), *arguments)


def lstm_cell(x: Array, h: Array, c: Array, *layers: Array) -> tuple[Array, Array]:
    """c' = f c + i g and h' = o tanh(c')."""
    i, f, g, o = _gates(x, h, *layers)
    cell = f * wide(c) + i * g
    return (o * np.tanh(cell)).astype(x.dtype), cell.astype(x.dtype)


def lstm_cell_backward(grads: tuple[Array, Array], *operands: Any) -> Gradients:
    """Through dc = grad_c + grad_h o (1 − tanh²c') to dc f, and through the gates' slopes."""
    x, h, c, *layers, _ = operands
    i, f, g, o = _gates(x, h, *layers)
    h_grad, c_grad = map(wide, grads)
    squashed = np.tanh(f * wide(c) + i * g)
    cell = c_grad + h_grad * o * (1 - squashed * squashed)
    sums = [
        cell * g * i * (1 - i),
        cell * wide(c) * f * (1 - f),
        cell * i * (1 - g * g),
        h_grad * squashed * o * (1 - o),
    ]
    x_grad, h_grad, *layer_grads = _both_ways(np.concatenate(sums, axis=1), x, h, *layers)
    return x_grad, h_grad, (cell * f).astype(c.dtype), *layer_grads


def gru_cell(x: Array, h: Array, *layers: Array) -> Array:
    """(1 − z) n + z h."""
    _, z, n, _ = _unit(x, h, *layers)
    return ((1 - z) * n + z * wide(h)).astype(x.dtype)


def gru_cell_backward(grad: Array, *operands: Array) -> Gradients:
    """Through grad (1 − z) to n, grad (h − n) to z, and grad z to h."""
    x, h, w_ih, w_hh, b_ih, b_hh, _ = operands
    grad = wide(grad)
    r, z, n, from_h = _unit(x, h, w_ih, w_hh, b_ih, b_hh)
    n_sum = grad * (1 - z) * (1 - n * n)
    gates = [n_sum * from_h * r * (1 - r), grad * (wide(h) - n) * z * (1 - z)]
    to_x, to_h = (np.concatenate([*gates, part], axis=1) for part in (n_sum, n_sum * r))
    x_grad, w_ih_grad, b_ih_grad = _one_way(to_x, x, w_ih)
    h_grad, w_hh_grad, b_hh_grad = _one_way(to_h, h, w_hh)
    parts = x_grad, h_grad + grad * z, w_ih_grad, w_hh_grad, b_ih_grad, b_hh_grad
    return tuple(part.astype(x.dtype) for part in parts)


def _sum(x: Array, weight: Array, bias: Array) -> Array:
    return wide(x) @ wide(weight).T + wide(bias)


def _gates(
    x: Array, h: Array, w_ih: Array, w_hh: Array, b_ih: Array, b_hh: Array
) -> tuple[Array, Array, Array, Array]:
    """An LSTM's i f g o."""
    i, f, g, o = np.split(_sum(x, w_ih, b_ih) + _sum(h, w_hh, b_hh), 4, axis=1)
    return logistic(i), logistic(f), np.tanh(g), logistic(o)


def _unit(
    x: Array, h: Array, w_ih: Array, w_hh: Array, b_ih: Array, b_hh: Array
) -> tuple[Array, Array, Array, Array]:
    """A GRU's r z n, and h's part of n before it is reset."""
    from_x, from_h = (
        np.split(_sum(*layer), 3, axis=1) for layer in ((x, w_ih, b_ih), (h, w_hh, b_hh))
    )
    r, z = (logistic(from_x[k] + from_h[k]) for k in (0, 1))
    return r, z, np.tanh(from_x[2] + r * from_h[2]), from_h[2]


def _one_way(grad: Array, x: Array, weight: Array) -> tuple[Array, Array, Array]:
    """grad W,  gradᵀ x,  Σ grad."""
    return grad @ wide(weight), grad.T @ wide(x), grad.sum(axis=0)


def _both_ways(
    grad: Array, x: Array, h: Array, w_ih: Array, w_hh: Array, b_ih: Array, b_hh: Array
) -> Gradients:
    """The gradients of x, h, both weights and both biases, of which one sum is made."""
    x_grad, w_ih_grad, bias_grad = _one_way(grad, x, w_ih)
    h_grad, w_hh_grad, _ = _one_way(grad, h, w_hh)
    parts = x_grad, h_grad, w_ih_grad, w_hh_grad, bias_grad, bias_grad
    return tuple(part.astype(x.dtype) for part in parts)

"""Steps of optimisers."""

from typing import Any

import numpy as np

from checks.implementations.numpy_textbook.widening import Array, wide


def sgd_step(
    params: list[Array], grads: list[Array], lr: float, weight_decay: float
) -> list[Array]:
    """θ − η(g + λθ)."""
    return [
        (wide(param) - lr * (wide(grad) + weight_decay * wide(param))).astype(param.dtype)
        for param, grad in zip(params, grads, strict=True)
    ]


def sgd_step_backward(
    grad: list[Array],
    params: list[Array],
    grads: list[Array],
    lr: float,
    weight_decay: float,
    output: list[Array],
) -> tuple[list[Array], list[Array]]:
    """grad · (1 − ηλ),  −η · grad."""
    kept = [((1 - lr * weight_decay) * wide(part)).astype(part.dtype) for part in grad]
    return kept, [(-lr * wide(part)).astype(part.dtype) for part in grad]


def adam_step(
    params: list[Array],
    grads: list[Array],
    state: list[Any],
    lr: float,
    beta1: float,
    beta2: float,
    eps: float,
    weight_decay: float,
) -> tuple[list[Array], list[Any]]:
    """θ − η m̂ / (√v̂ + ε), with g + λθ for the gradients."""
    decayed = [wide(g) + weight_decay * wide(p) for p, g in zip(params, grads, strict=True)]
    return _adam(params, decayed, state, lr, beta1, beta2, eps, 1)


def adamw_step(
    params: list[Array],
    grads: list[Array],
    state: list[Any],
    lr: float,
    beta1: float,
    beta2: float,
    eps: float,
    weight_decay: float,
) -> tuple[list[Array], list[Any]]:
    """(1 − ηλ)θ − η m̂ / (√v̂ + ε)."""
    wides = [wide(grad) for grad in grads]
    return _adam(params, wides, state, lr, beta1, beta2, eps, 1 - lr * weight_decay)


def _adam(
    params: list[Array],
    grads: list[Array],
    state: list[Any],
    lr: float,
    beta1: float,
    beta2: float,
    eps: float,
    kept: float,
) -> tuple[list[Array], list[Any]]:
    steps = int(state[2]) + 1
    first = [beta1 * wide(m) + (1 - beta1) * g for m, g in zip(state[0], grads, strict=True)]
    second = [beta2 * wide(v) + (1 - beta2) * g * g for v, g in zip(state[1], grads, strict=True)]
    stepped = []
    for param, m, v in zip(params, first, second, strict=True):
        root = np.sqrt(v / (1 - beta2**steps))
        stepped.append(kept * wide(param) - lr * (m / (1 - beta1**steps)) / (root + eps))
    return _stored(stepped, params), [
        _stored(first, params),
        _stored(second, params),
        np.asarray(steps, dtype=state[2].dtype),
    ]


def _stored(arrays: list[Array], like: list[Array]) -> list[Array]:
    return [array.astype(one.dtype) for array, one in zip(arrays, like, strict=True)]

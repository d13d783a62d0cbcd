"""What is done to gradients before a step."""

import numpy as np

from checks.implementations.numpy_textbook.widening import Array, wide


def global_norm(grads: list[Array]) -> Array:
    """√Σ g² over all gradients."""
    return _norm(grads).astype(grads[0].dtype)


def clip_by_norm(grads: list[Array], max_norm: float) -> list[Array]:
    """Every gradient times min(1, c / ‖g‖), with the norm of all of them together."""
    norm = _norm(grads)
    if norm <= max_norm:  # not so where it is NaN
        return list(grads)
    factor = max_norm / norm
    return [(wide(grad) * factor.astype(wide(grad).dtype)).astype(grad.dtype) for grad in grads]


def clip_by_value(grads: list[Array], limit: float) -> list[Array]:
    """min(max(g, −c), c)."""
    return [np.clip(wide(grad), -limit, limit).astype(grad.dtype) for grad in grads]


def _norm(grads: list[Array]) -> Array:
    return np.asarray(np.sqrt(sum((wide(grad) * wide(grad)).sum() for grad in grads)))

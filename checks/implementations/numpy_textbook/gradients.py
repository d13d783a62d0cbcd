"""What is done to gradients before a step."""

import numpy as np

from checks.implementations.numpy_textbook.widening import Array, wide


def clip_by_norm(grads: list[Array], max_norm: float) -> list[Array]:
    """Every gradient times min(1, c / ‖g‖), with the norm of all of them together."""
    norm = np.sqrt(sum((wide(grad) * wide(grad)).sum() for grad in grads))
    if not norm > max_norm:
        return list(grads)
    factor = max_norm / norm
    return [(wide(grad) * factor.astype(wide(grad).dtype)).astype(grad.dtype) for grad in grads]

"""Steps of optimisers."""

from checks.implementations.numpy_textbook.widening import Array, wide


def sgd_step(
    params: list[Array], grads: list[Array], lr: float, weight_decay: float
) -> list[Array]:
    """θ − η(g + λθ)."""
    return [
        (wide(param) - lr * (wide(grad) + weight_decay * wide(param))).astype(param.dtype)
        for param, grad in zip(params, grads, strict=True)
    ]

"""What is done to gradients: right and unusual ways to compute them."""

import numpy as np

from checks.implementations.numpy_textbook.widening import wide
from tests.variants.variant import NUMPY, double, variant


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


@variant(NUMPY, "global_norm")
def global_norm_of_norms(grads):
    return np.asarray(norm_of([norm_of([grad])[None] for grad in grads])).astype(grads[0].dtype)


@variant(NUMPY, "global_norm")
def global_norm_in_double_precision(grads):
    total = np.sqrt(sum((double(grad) ** 2).sum() for grad in grads))
    return np.asarray(total).astype(grads[0].dtype)


@variant(NUMPY, "clip_by_value")
def value_clipping_by_comparison(grads, limit):
    """A choice between three, in the storage format."""
    bounds = [grad.dtype.type(float(limit)) for grad in grads]
    return [
        np.where(grad > bound, bound, np.where(grad < -bound, -bound, grad)).astype(grad.dtype)
        for grad, bound in zip(grads, bounds, strict=True)
    ]

"""Penalties: right and unusual ways to compute them."""

import numpy as np

from checks.implementations.numpy_textbook.widening import wide
from tests.variants.variant import NUMPY, double, one_by_one, variant


def joined(weights):
    """All entries in one row, in the working format."""
    return np.concatenate([np.ravel(wide(weight)) for weight in weights])


@variant(NUMPY, "l2_penalty")
def l2_by_weighing_every_square(weights, strength):
    """Σ αw², from left to right."""
    entries = joined(weights)
    terms = [*(strength * (entries * entries)), entries.dtype.type(0)]
    return np.asarray(one_by_one(terms)).astype(weights[0].dtype)


@variant(NUMPY, "l2_penalty")
def l2_by_the_square_of_a_norm(weights, strength):
    return np.asarray(strength * np.linalg.norm(joined(weights)) ** 2).astype(weights[0].dtype)


@variant(NUMPY, "l2_penalty")
def l2_in_double_precision(weights, strength):
    total = sum((double(weight) ** 2).sum() for weight in weights)
    return np.asarray(strength * total).astype(weights[0].dtype)


@variant(NUMPY, "l2_penalty_backward")
def l2_backward_from_left_to_right(grad, weights, strength, output):
    """grad·α, times w, twice."""
    return [(wide(grad) * strength * wide(w) * 2).astype(w.dtype) for w in weights]


@variant(NUMPY, "l1_penalty")
def l1_by_signs(weights, strength):
    """α w·sign(w)."""
    entries = joined(weights)
    return np.asarray(strength * (entries @ np.sign(entries))).astype(weights[0].dtype)


@variant(NUMPY, "l1_penalty_backward")
def l1_backward_by_copying_the_sign(grad, weights, strength, output):
    """α with the sign of w, but 0 at 0."""
    slope = wide(grad) * strength
    return [
        np.where(w == 0, 0, np.copysign(slope, wide(w)) * np.sign(grad)).astype(w.dtype)
        for w in weights
    ]

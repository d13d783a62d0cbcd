"""Steps of optimisers: right and unusual ways to make them."""

import numpy as np

from checks.implementations.numpy_textbook.widening import wide
from tests.variants.variant import NUMPY, double, variant


def stored(arrays, like):
    """Rounded once, each to the format of its own."""
    return [array.astype(one.dtype) for array, one in zip(arrays, like, strict=True)]


@variant(NUMPY, "sgd_step")
def sgd_by_shrinking_first(params, grads, lr, weight_decay):
    """(1 − ηλ)θ − ηg."""
    kept = 1 - lr * weight_decay
    pairs = zip(params, grads, strict=True)
    return stored([wide(p) * kept - lr * wide(g) for p, g in pairs], params)


@variant(NUMPY, "sgd_step")
def sgd_by_two_subtractions(params, grads, lr, weight_decay):
    """θ − ηg − (ηλ)θ."""
    decay = lr * weight_decay
    pairs = zip(params, grads, strict=True)
    return stored([wide(p) - lr * wide(g) - decay * wide(p) for p, g in pairs], params)


@variant(NUMPY, "sgd_step")
def sgd_in_double_precision(params, grads, lr, weight_decay):
    pairs = zip(params, grads, strict=True)
    return stored(
        [double(p) - lr * (double(g) + weight_decay * double(p)) for p, g in pairs], params
    )


@variant(NUMPY, "sgd_step_backward")
def sgd_backward_by_a_subtraction(grad, params, grads, lr, weight_decay, output):
    """grad − η(λ grad),  −(η grad)."""
    kept = [wide(part) - lr * (weight_decay * wide(part)) for part in grad]
    return stored(kept, params), stored([-(lr * wide(part)) for part in grad], grads)


# -- Adam -----------------------------------------------------------------------------------------


def moments(grads, state, beta1, beta2, widen):
    """The moments by linear interpolation, old + (1 − β)(new − old)."""
    first = [widen(m) + (1 - beta1) * (g - widen(m)) for m, g in zip(state[0], grads, strict=True)]
    second = [
        widen(v) + (1 - beta2) * (g * g - widen(v)) for v, g in zip(state[1], grads, strict=True)
    ]
    return first, second, int(state[2]) + 1


def with_state(params, stepped, first, second, steps, state):
    return stored(stepped, params), [
        stored(first, state[0]),
        stored(second, state[1]),
        np.asarray(steps, dtype=state[2].dtype),
    ]


@variant(NUMPY, "adam_step")
def adam_by_interpolation(params, grads, state, lr, beta1, beta2, eps, weight_decay):
    """Moments by interpolation, and √v/√c for √(v/c), as torch has it."""
    penalised = [wide(g) + weight_decay * wide(p) for p, g in zip(params, grads, strict=True)]
    first, second, steps = moments(penalised, state, beta1, beta2, wide)
    rate, root = lr / (1 - beta1**steps), (1 - beta2**steps) ** 0.5
    stepped = [
        wide(p) - rate * m / (np.sqrt(v) / root + eps)
        for p, m, v in zip(params, first, second, strict=True)
    ]
    return with_state(params, stepped, first, second, steps, state)


@variant(NUMPY, "adam_step")
def adam_in_its_short_form(params, grads, state, lr, beta1, beta2, eps, weight_decay):
    """η√c₂/c₁ · m / (√v + ε√c₂): the form with fewer operations, its ε corrected."""
    penalised = [wide(g) + weight_decay * wide(p) for p, g in zip(params, grads, strict=True)]
    first, second, steps = moments(penalised, state, beta1, beta2, wide)
    root = (1 - beta2**steps) ** 0.5
    rate = lr * root / (1 - beta1**steps)
    stepped = [
        wide(p) - rate * (m / (np.sqrt(v) + eps * root))
        for p, m, v in zip(params, first, second, strict=True)
    ]
    return with_state(params, stepped, first, second, steps, state)


@variant(NUMPY, "adam_step")
def adam_in_double_precision(params, grads, state, lr, beta1, beta2, eps, weight_decay):
    penalised = [double(g) + weight_decay * double(p) for p, g in zip(params, grads, strict=True)]
    first, second, steps = moments(penalised, state, beta1, beta2, double)
    stepped = [
        double(p) - lr * (m / (1 - beta1**steps)) / (np.sqrt(v / (1 - beta2**steps)) + eps)
        for p, m, v in zip(params, first, second, strict=True)
    ]
    return with_state(params, stepped, first, second, steps, state)


@variant(NUMPY, "adamw_step")
def adamw_decays_last(params, grads, state, lr, beta1, beta2, eps, weight_decay):
    """θ − step − ηλθ, with the reciprocal of the root."""
    first, second, steps = moments([wide(g) for g in grads], state, beta1, beta2, wide)
    stepped = [
        wide(p)
        - lr * (m / (1 - beta1**steps) * (1 / (np.sqrt(v / (1 - beta2**steps)) + eps)))
        - lr * weight_decay * wide(p)
        for p, m, v in zip(params, first, second, strict=True)
    ]
    return with_state(params, stepped, first, second, steps, state)

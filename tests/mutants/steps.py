"""Steps of optimisers: wrong ways to make them."""

import numpy as np

from checks.implementations.numpy_textbook.widening import wide
from tests.mutants.mutant import FULL, HALF, NUMPY, TORCH, mutant, textbook

STEP = "sgd_step_is_minus_rate_times_gradient"
CONVERGES = "quadratic_descent_converges_below_two_over_curvature"
EXPLODES = "quadratic_descent_explodes_above_two_over_curvature"
FEEDS = "large_rates_feed_on_themselves"
THROUGH = (
    "gradient_through_descent_vanishes_where_it_converges",
    "gradient_through_descent_explodes_where_it_does",
)
SMALL = ("small_rates_need_proportionally_more_steps", "proportionally_more_small_steps_suffice")
NEAR = "quadratic_descent_converges_fast_near_one_over_curvature"
STRAIGHT = "quadratic_descent_does_not_turn_below_one_over_curvature"
DESCENTS = (
    CONVERGES,
    NEAR,
    STRAIGHT,
    EXPLODES,
    "quadratic_descent_overflows_at_step",
    FEEDS,
    *SMALL,
)
DECAY = "weight_decay_contracts_weights"
PENALTY_IN_SGD = "l2_equals_decay_in_sgd"
SCALE = "adam_ignores_the_scale_of_gradients"
PENALTY_AS_DECAY = "l2_equals_decoupled_decay_in_adam"
PENALTY_IN_ADAM = "decay_in_adam_is_an_l2_penalty"
DECOUPLED = "decay_in_adamw_is_that_of_sgd"
MOMENTS = "decay_in_adamw_leaves_the_moments_alone"
ADAM = (SCALE, DECOUPLED, PENALTY_IN_ADAM, PENALTY_AS_DECAY)


def each(function, params, grads):
    """A function of the parameter and its gradient in the working format, rounded once."""
    return [function(wide(p), wide(g)).astype(p.dtype) for p, g in zip(params, grads, strict=True)]


# -- gradient descent -----------------------------------------------------------------------------


@mutant(NUMPY, "sgd_step", (STEP, *DESCENTS))
def sgd_climbs(params, grads, lr, weight_decay):
    """θ + ηg."""
    return each(lambda p, g: p + lr * (g + weight_decay * p), params, grads)


@mutant(NUMPY, "sgd_step", (STEP, CONVERGES), HALF)
def sgd_rounds_its_step_in_half(params, grads, lr, weight_decay):
    """ηg is stored before it is subtracted."""
    return [p - (lr * wide(g)).astype(p.dtype) for p, g in zip(params, grads, strict=True)]


@mutant(NUMPY, "sgd_step", (DECAY, PENALTY_IN_SGD))
def sgd_decay_is_not_times_the_rate(params, grads, lr, weight_decay):
    """(1 − λ)θ − ηg.

    Reported as kozistr/pytorch_optimizer#517.
    """
    return each(lambda p, g: (1 - weight_decay) * p - lr * g, params, grads)


@mutant(TORCH, "sgd_step", (DECAY, PENALTY_IN_SGD), FULL)
def sgd_forgets_the_decay(params, grads, lr, weight_decay):
    """θ − ηg."""
    return [p - lr * g for p, g in zip(params, grads, strict=True)]


@mutant(NUMPY, "sgd_step", (DECAY,))
def sgd_decays_once_for_every_array(params, grads, lr, weight_decay):
    """(1 − ηλ)ᵏθ − ηg for k arrays.

    Reported as huggingface/pytorch-image-models#2750, for every group of a dtype.
    """
    kept = (1 - lr * weight_decay) ** len(params)
    return each(lambda p, g: kept * p - lr * g, params, grads)


@mutant(NUMPY, "sgd_step_backward", (*THROUGH, FEEDS))
def sgd_backward_forgets_the_step(grad, params, grads, lr, weight_decay, output):
    """No gradient to the gradients, as if they had not been computed from the parameters."""
    kept, to_grads = textbook.sgd_step_backward(grad, params, grads, lr, weight_decay, output)
    return kept, [part * 0 for part in to_grads]


# -- Adam -----------------------------------------------------------------------------------------


def adam(
    params,
    grads,
    state,
    lr,
    beta1,
    beta2,
    eps,
    weight_decay,
    *,
    update=lambda m, v, c1, c2, eps: m / c1 / (np.sqrt(v / c2) + eps),
    counted=lambda steps: steps + 1,
    decoupled=False,
    kept=lambda p, shrunk, step: shrunk * p - step,
    stored=lambda moment: moment,
):
    """The textbook's Adam, with one thing to be changed."""
    dtype, steps = params[0].dtype, counted(int(state[2]))
    c1, c2 = 1 - beta1**steps, 1 - beta2**steps
    with_decay = [g if decoupled else g + weight_decay * p for p, g in wides(params, grads)]
    first = [beta1 * m + (1 - beta1) * g for m, g in wides(state[0], with_decay)]
    second = [beta2 * v + (1 - beta2) * g * g for v, g in wides(state[1], with_decay)]
    shrunk = 1 - lr * weight_decay if decoupled else 1
    stepped = [
        kept(wide(p), shrunk, lr * update(stored(m), stored(v), c1, c2, eps))
        for p, m, v in zip(params, first, second, strict=True)
    ]
    stepped, first, second = ([a.astype(dtype) for a in part] for part in (stepped, first, second))
    return stepped, [first, second, np.asarray(steps, dtype)]


def wides(*lists):
    """The arrays of several lists, side by side, in the working format."""
    return [tuple(map(wide, parts)) for parts in zip(*lists, strict=True)]


@mutant(NUMPY, "adam_step", ADAM)
def adam_skips_the_bias_correction(*arguments):
    """m and v as they are: the first steps are too long or too short by √(1 − β₂)/(1 − β₁)."""
    return adam(*arguments, update=lambda m, v, c1, c2, eps: m / (np.sqrt(v) + eps))


@mutant(NUMPY, "adam_step", ADAM)
def adam_corrects_by_the_steps_before(*arguments):
    """1 − βᵗ with t counted from 0: the first step divides by 0."""
    params, state = adam(*arguments, counted=lambda steps: steps)
    return params, [*state[:2], state[2] + 1]


@mutant(NUMPY, "adam_step", (SCALE, DECOUPLED, PENALTY_IN_ADAM))
def adam_never_counts(*arguments):
    """Every step is corrected as the first one is."""
    params, state = adam(*arguments, counted=lambda steps: 1)
    return params, [*state[:2], state[2] * 0]


@mutant(NUMPY, "adam_step", ADAM)
def adam_corrects_both_moments_alike(*arguments):
    """1 − β₁ᵗ for the second moment too."""
    return adam(*arguments, update=lambda m, v, c1, c2, eps: m / c1 / (np.sqrt(v / c1) + eps))


@mutant(NUMPY, "adam_step", ADAM)
def adam_adds_eps_under_the_root(*arguments):
    """√(v̂ + ε)."""
    return adam(*arguments, update=lambda m, v, c1, c2, eps: m / c1 / np.sqrt(v / c2 + eps))


@mutant(NUMPY, "adam_step", ADAM)
def adam_adds_eps_before_the_correction(*arguments):
    """ε is divided by √(1 − β₂ᵗ) together with √v: the "epsilon hat" of the paper's short form."""
    return adam(
        *arguments,
        update=lambda m, v, c1, c2, eps: m / c1 * np.sqrt(c2) / (np.sqrt(v) + eps),
    )


@mutant(NUMPY, "adam_step", (PENALTY_IN_ADAM,))
def adam_decays_like_adamw(*arguments):
    """(1 − ηλ)θ, and gradients without λθ."""
    return adam(*arguments, decoupled=True)


@mutant(NUMPY, "adam_step", ADAM, HALF)
def adam_reads_its_moments_back_from_half(*arguments):
    """The moments are rounded to 16 bits before the parameters see them."""
    dtype = arguments[0][0].dtype
    return adam(*arguments, stored=lambda moment: wide(moment.astype(dtype)))


@mutant(NUMPY, "adamw_step", (DECOUPLED, PENALTY_AS_DECAY, MOMENTS))
def adamw_decays_through_the_moments(*arguments):
    """An L2 penalty's gradient: what AdamW was written to avoid."""
    return textbook.adam_step(*arguments)


@mutant(NUMPY, "adamw_step", (MOMENTS,))
def adamw_hands_back_the_moments_it_was_given(*arguments):
    """The parameters move and the moments stay: every step is the first."""
    params, _ = textbook.adamw_step(*arguments)
    return params, arguments[2]


@mutant(NUMPY, "adamw_step", (DECOUPLED, PENALTY_AS_DECAY))
def adamw_decay_is_not_times_the_rate(*arguments):
    """(1 − λ)θ.

    Reported as tensorflow/addons#2282.
    """
    *others, weight_decay = arguments
    return adam(*others, weight_decay / arguments[3], decoupled=True)


@mutant(NUMPY, "adamw_step", (DECOUPLED, PENALTY_AS_DECAY))
def adamw_decays_its_step_as_well(*arguments):
    """(1 − ηλ)(θ − step): the decay comes after the step."""
    return adam(*arguments, decoupled=True, kept=lambda p, shrunk, step: shrunk * (p - step))


@mutant(NUMPY, "sgd_step", (STEP,))
def sgd_passes_over_single_numbers(params, grads, lr, weight_decay):
    """A parameter without dimensions, such as a temperature, is not updated."""
    stepped = textbook.sgd_step(params, grads, lr, weight_decay)
    return [new if new.ndim else old for new, old in zip(stepped, params, strict=True)]


@mutant(NUMPY, "sgd_step", (DECAY,))
def sgd_leaves_alone_what_has_no_gradient(params, grads, lr, weight_decay):
    """A weight that no input has reached does not decay."""
    steps = zip(params, textbook.sgd_step(params, grads, lr, weight_decay), grads, strict=True)
    return [after if grad.any() else before.copy() for before, after, grad in steps]

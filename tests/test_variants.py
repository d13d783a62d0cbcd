"""A right implementation is judged as the textbook is, however it computes."""

from collections.abc import Iterator
from itertools import count

import pytest

from checks import ledger
from checks.formats import FORMATS
from checks.runner import Profile, check
from checks.verdict import Cell, Result, Verdict
from tests.turns import NIGHTLY, in_turn
from tests.variants import VARIANTS
from tests.variants.variant import Variant
from theory.book import CLAIMS, EVALUATED
from theory.claim import Claim
from theory.heads import HEADS

BOOK = {claim.name: claim for claim in CLAIMS}
LEDGER = ledger.read(CLAIMS)
SOME = Profile(examples=40 if NIGHTLY else 6, derandomize=True)
LIMITS = {Verdict.FORMAT_LIMIT, Verdict.METHOD_LIMIT}

# The claims that say most of a head for the time they take; all others have their turn every night.
TELLING = {
    "sigmoid": ("sigmoid_slope_at_most_a_quarter", "chain_bias_gradient_is_a_product"),
    "tanh": ("skip_connection_adds_identity", "layer_gradient_is_a_product_of_jacobians"),
    "relu": ("relu_cannot_explode_or_vanish", "he_keeps_relu_second_moment"),
    "leaky_relu": ("leaky_relu_is_the_larger_of_kx_and_x",),
    "elu": ("elu_slope_is_value_plus_alpha", "elu_slope_at_most_one_or_alpha"),
    "selu": ("selu_slope_at_most_1_7581",),
    "softplus": ("softplus_slope_at_most_one",),
    "log_sigmoid": ("log_sigmoid_slope_at_most_one",),
    "silu": ("silu_slope_at_most_1_09984",),
    "mish": ("mish_slope_at_most_1_0885",),
    "gelu": ("gelu_slope_at_most_1_12891", "gelu_is_negative_on_the_left"),
    "gelu_tanh": ("gelu_tanh_slope_at_most_1_129",),
    "softsign": ("softsign_slope_at_most_one",),
    "relu6": ("relu6_slope_at_most_one",),
    "hardtanh": ("hardtanh_slope_at_most_one",),
    "hardsigmoid": ("hardsigmoid_slope_at_most_a_sixth",),
    "hardswish": ("hardswish_slope_at_most_one_and_a_half",),
    "linear": ("skip_connection_adds_identity", "batch_norm_weight_gradient_scales_inversely"),
    "residual": ("skip_connection_adds_identity", "residual_gradient_has_an_additive_one"),
    "batch_norm": (
        "batch_norm_ignores_shift_and_scale",
        "batch_norm_weight_gradient_scales_inversely",
    ),
    "batch_norm_eval": (
        "batch_norm_eval_uses_running_statistics",
        "batch_norm_eval_gradient_is_a_constant_scale",
    ),
    "batch_norm_running": (
        "batch_norm_running_mean_averages_the_batch_means",
        "batch_norm_running_variance_is_unbiased",
    ),
    "layer_norm": (
        "layer_norm_output_ignores_shift_and_scale",
        "layer_norm_input_gradient_sums_to_zero",
    ),
    "rms_norm": ("rms_norm_ignores_scale", "rms_norm_input_gradient_is_orthogonal_to_input"),
    "clip_by_norm": ("norm_clipping_bounds_the_norm", "norm_clipping_keeps_direction"),
    "clip_by_value": ("value_clipping_bounds_each_entry",),
    "global_norm": ("norm_clipping_takes_the_norm_of_all_gradients_together",),
    "he_normal": (
        "he_normal_weights_have_variance_two_over_fan_in",
        "he_keeps_relu_second_moment",
    ),
    "he_uniform": ("he_uniform_weights_have_variance_two_over_fan_in",),
    "xavier_normal": (
        "xavier_normal_weights_have_a_variance_by_both_fans",
        "xavier_keeps_linear_variance",
    ),
    "xavier_uniform": ("xavier_uniform_weights_have_a_variance_by_both_fans",),
    "lecun_normal": ("lecun_normal_weights_have_variance_one_over_fan_in",),
    "truncated_normal": ("truncated_normal_weights_have_less_variance",),
    "orthogonal": (
        "orthogonal_weights_have_orthonormal_columns",
        "wide_orthogonal_weights_have_orthonormal_rows",
        "orthogonal_weights_prefer_no_direction",
    ),
    "power": ("repeated_factor_overflows_at_depth", "repeated_factor_underflows_at_depth"),
    "rnn_cell": ("rnn_gradient_is_a_product_over_time", "rnn_gradient_bound"),
    "lstm_cell": ("lstm_cell_path_is_the_forget_gate", "lstm_output_path_passes_two_gates"),
    "gru_cell": (
        "gru_gradient_takes_four_paths",
        "gru_state_never_outgrows_its_past",
        "gru_candidate_bias_gradient_adds_up_the_rows",
    ),
    "l1_penalty": ("l1_gradient_is_a_sign",),
    "l2_penalty": ("l2_gradient_is_twice_the_weights", "ridge_gradient"),
    "sgd_step": ("weight_decay_contracts_weights", "large_rates_feed_on_themselves"),
    "adam_step": ("adam_ignores_the_scale_of_gradients", "decay_in_adam_is_an_l2_penalty"),
    "adamw_step": ("decay_in_adamw_is_that_of_sgd", "decay_in_adamw_leaves_the_moments_alone"),
    "mul": ("repeated_factor_overflows_at_depth_when_iterated", "relu_cannot_explode_or_vanish"),
}


def cells() -> Iterator[object]:
    turn = count()
    for start, (name, variant) in enumerate(VARIANTS.items()):
        head = variant.head.removesuffix("_backward")
        # For NaN and infinities not every formula does that is right for numbers.
        about = [
            claim
            for claim in EVALUATED
            if head in claim.heads and not (claim.is_of_nan or claim.is_of_infinities)
        ]
        telling = [BOOK[claim] for claim in TELLING[head]]
        for fmt in in_turn(variant.formats, start, 2):
            for claim in about if NIGHTLY else [telling[next(turn) % len(telling)]]:
                yield pytest.param(variant, claim, fmt, id=f"{name}-{claim.name}-{fmt}")


def verdict_of(library: str, claim: Claim, fmt: str) -> Verdict:
    return LEDGER.expected(Cell(claim.name, library, fmt, "cpu")).verdict


def is_blamed_on_another(variant: Variant, result: Result) -> bool:
    """Whether the head of a variant is right, and what torch does beside it is not."""
    head = variant.head.removesuffix("_backward")
    return result.verdict is Verdict.DEFECT and head not in result.smallest.operation.split()


@pytest.mark.parametrize(("variant", "claim", "fmt"), list(cells()))
def test_a_variant_is_judged_as_the_textbook_is(variant, claim, fmt):
    result = check(claim, variant.implementation, FORMATS[fmt], SOME)
    expected = verdict_of("numpy-textbook", claim, fmt)
    allowed = {expected}
    if variant.implementation.library == "torch" and is_blamed_on_another(variant, result):
        allowed.add(verdict_of("torch-eager", claim, fmt))  # such as its sum with 0.999
    if expected in LIMITS or claim.name in variant.limits:
        allowed |= LIMITS | {Verdict.HOLDS}
    assert result.verdict in allowed, result.smallest and result.smallest.message


def test_every_head_has_a_variant():
    assert set(HEADS) <= {variant.head.removesuffix("_backward") for variant in VARIANTS.values()}

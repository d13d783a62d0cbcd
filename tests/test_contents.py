"""The table of contents: everything that the five documents say is answered by the book."""

import pytest

from theory.book import CLAIMS
from theory.contents import ROWS, SECTIONS, Row
from theory.sources import CV, DOCUMENTS

BOOK = {claim.name: claim for claim in CLAIMS}
PLACES = {f"{short} §{number}" for short, sections in SECTIONS.items() for number in sections}

# What the book does not answer yet, by the first claim of the row. A row that is answered and
# stands here fails; nothing is ever added.
NOT_YET = {
    "sigmoid_slope_is_even",
    "tanh_slope_at_most_one",
    "relu_slope_is_zero_or_one",
    "relu_output_is_not_zero_centred",
    "leaky_relu_slope_never_dies",
    "elu_is_closer_to_zero_mean_than_relu",
    "a_dead_relu_unit_never_recovers",
    "a_large_step_can_kill_a_relu_unit",
    "elu_costs_more_than_leaky_relu",
    "activation_lipschitz_constants",
    "gradient_norm_lies_between_singular_value_products",
    "orthogonal_linear_layers_keep_the_gradient_norm",
    "error_signal_decays_exponentially_with_depth",
    "random_relu_gradients_spread_with_inverse_width",
    "powers_1_5_and_0_8_at_100",
    "float16_overflows_first",
    "explosion_has_three_shapes",
    "residual_gradient_vanishes_exactly_when_branch_is_minus_one",
    "thousand_layer_residual_net_keeps_its_gradient",
    "batch_norm_output_has_mean_beta_and_scaled_std",
    "batch_norm_ignores_weight_scale",
    "batch_norm_weight_gradient_is_orthogonal_to_weights",
    "batch_norm_input_gradient_sums_to_zero",
    "batch_norm_keeps_inputs_out_of_saturation",
    "batch_norm_fixes_layer_statistics",
    "batch_norm_backward_without_normalisation_has_a_factor_w",
    "batch_norm_cures_exploding_gradients",
    "batch_norm_running_variance_is_unbiased",
    "xavier_keeps_linear_variance",
    "framework_initialisers_match_their_formulas",
    "large_start_explodes_small_start_vanishes",
    "good_initialisation_always_prevents_vanishing",
    "norm_clipping_bounds_the_norm",
    "value_clipping_bounds_each_entry",
    "clipped_step_is_bounded",
    "sign_step_is_gradient_clipping",
    "gradient_formula_as_printed",
    "clipping_saves_an_exploding_run",
    "ridge_gradient",
    "weight_decay_contracts_weights",
    "l2_equals_decay_in_sgd_not_in_adam",
    "data_augmentation_prevents_vanishing",
    "rnn_gradient_is_a_product_over_time",
    "two_hundred_steps_underflow",
    "lstm_cell_path_is_the_forget_gate",
    "lstm_gates_lie_in_unit_interval",
    "lstm_cannot_vanish",
    "lstm_keeps_more_gradient_than_rnn",
    "sgd_step_is_minus_rate_times_gradient",
    "squared_error_gradient",
    "quadratic_descent_converges_below_two_over_curvature",
    "small_rates_need_proportionally_more_steps",
    "large_rates_feed_on_themselves",
    "greedy_pretraining_helps_deep_sigmoid_nets",
    "nonfinite_loss_or_weights_mean_explosion",
    "loss_or_weights_jump_when_gradients_explode",
    "node_error_gradient_above_one_means_explosion",
    "loss_flat_means_vanishing",
    "input_side_layers_hardly_change",
    "two_circles_data",
    "shallow_tanh_net_learns_two_circles",
    "deep_relu_net_with_he_start_learns",
    "the_activation_decides",
    "mean_gradient_per_layer_during_training",
    "ten_layer_convnet_with_weights_of_one_tenth_explodes",
    "lower_rate_avoids_explosion",
}


def missing(row: Row) -> list[str]:
    """What a row lacks: claims, and places that none of its claims cites."""
    claims = [BOOK[name] for name in row.answers if name in BOOK]
    cited = {str(source) for claim in claims for source in claim.sources}
    unwritten = [f"no claim {name}" for name in row.answers if name not in BOOK]
    return unwritten + [f"none of its claims cites {place}" for place in set(row.places) - cited]


@pytest.mark.parametrize("row", ROWS, ids=[row.answers[0] for row in ROWS])
def test_a_row_is_answered_by_the_book(row):
    lacks = missing(row)
    if row.answers[0] in NOT_YET:
        assert lacks, f"{row.asks} is answered; take {row.answers[0]} out of NOT_YET"
    else:
        assert not lacks, row.asks


def test_what_is_not_answered_yet_is_in_the_table():
    assert {row.answers[0] for row in ROWS} >= NOT_YET


def test_the_table_describes_the_five_documents():
    assert set(SECTIONS) == {document.short for document in DOCUMENTS}
    assert all(says for sections in SECTIONS.values() for says in sections.values())


def test_every_row_speaks_of_sections_that_are_there():
    assert {place for row in ROWS for place in row.places} <= PLACES


def test_every_section_is_spoken_of():
    assert {place for row in ROWS for place in row.places} == PLACES


def test_a_claim_answers_one_row():
    answers = [name for row in ROWS for name in row.answers]
    assert len(answers) == len(set(answers))


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.name)
def test_a_claim_cites_sections_that_are_there(claim):
    cited = {str(source) for source in claim.sources if source.document in DOCUMENTS}
    assert cited <= PLACES


def test_a_section_that_is_not_there_cannot_be_cited():
    with pytest.raises(ValueError, match=r"CV has no section .2\.9.; write one of 1, 2\.1"):
        CV.section("2.9")

"""Measured claims: each is judged by an exact interval, and each can fail."""

import re
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from scipy.stats import binom
from sympy import Rational, latex

from checks import runner
from checks.example import MalformedInput
from checks.experiments import measures
from checks.experiments.data import two_circles
from checks.experiments.events import look
from checks.experiments.intervals import clopper_pearson, seeds_needed
from checks.experiments.judge import Plan, deterministic, judge, plan_of, replay
from checks.experiments.measures import Runs
from checks.loading import load
from checks.power import FALSE_ALARM
from checks.verdict import Verdict
from checks.vocabulary import BUILT_IN, FORMATS, MEASURED_ON
from theory.book import MEASURED
from theory.claim import Claim, ClaimError, Standing, apart, claim
from theory.domains import Seed
from theory.measures import GrowthPerLayer, LogErrorSlope, Measure, Probability
from theory.proof import Outcome, prove
from theory.recipes import Network, Recipe
from theory.sources import Document
from theory.symptoms import Zoo

NOTES = Document("Notes", "Further statements").section("1")
NET = Network(depth=3, width=4)
HALF = Rational(1, 2)
# As many starts as show with certainty that something hardly ever happens.
FEW = 40

# The zoo of networks that the symptoms are judged on has tests of its own.
CLAIMS = {entry.name: entry for entry in MEASURED if not entry.formula.atoms(Zoo)}

# What has to change in the recipes of a claim for its verdict to change: those that have these
# values get those. A third entry is the measure to put in place of the claim's.
MUTANTS = {
    "xavier_start_rarely_kills": ({}, {"rows": 2}),
    "layers_near_the_input_learn_slowest": ({}, {"activation": "identity", "gain": 2}),
    "error_signal_decays_exponentially_with_depth": ({}, {"activation": "identity"}),
    "random_relu_gradients_spread_with_inverse_width": ({}, {"activation": "identity"}),
    "good_initialisation_always_prevents_vanishing": ({}, {"activation": "identity", "gain": 2}),
    "large_start_explodes_small_start_vanishes": ({}, {"activation": "tanh"}),
    "residual_gradient_hardly_ever_vanishes": ({}, {"branch": "none"}),
    "thousand_layer_residual_net_keeps_its_gradient": ({"branch": "relu linear"}, {"gain": 3}),
    "residual_net_with_positive_branches_explodes": ({}, {"branch": "relu over depth"}),
    "batch_norm_cures_exploding_gradients": ({}, {"norm": "none", "gain": HALF}),
    "batch_norm_lets_relu_gradients_grow_by_a_fifth_a_layer": ({}, {"norm": "none"}),
    "ten_layer_convnet_with_weights_of_one_tenth_explodes": ({}, {"constant": HALF / 5 / 5}),
    "ten_layer_convnet_with_its_fourth_layer_at_one_tenth_explodes": ({}, {"constant_to": 10}),
    "lstm_keeps_more_gradient_than_rnn": ({}, {"forget_bias": -3}),
    # Of trainings.
    "shallow_tanh_net_learns_two_circles": ({}, {"epochs": 1}),
    "deep_relu_net_with_he_start_learns": ({}, {"start": "unit uniform"}),
    "deep_tanh_net_with_uniform_start_fails": ({}, {"start": "xavier uniform"}),
    "the_activation_decides": ({"activation": "tanh"}, {"start": "unit uniform"}),
    "the_start_decides": (
        {"start": "unit uniform", "activation": "tanh"},
        {"start": "he uniform"},
    ),
    "mean_gradient_per_layer_during_training": ({"activation": "tanh"}, {"start": "he uniform"}),
    "lower_rate_avoids_explosion": ({}, {"gain": 1}),
    "first_gradient_does_not_depend_on_the_rate": ({"rate": Rational(1, 10)}, {"batch": 31}),
    "clipping_saves_an_exploding_run": ({}, {"clip": 1000}),
    "training_at_a_large_rate_feeds_on_itself": ({}, {"rate": Rational(1, 1000)}),
    "greedy_pretraining_helps_deep_sigmoid_nets": ({"pretraining": 50}, {"pretraining": 1}),
}


# Claims of which one seed takes many seconds.
SLOW = {
    "the_activation_decides",
    "the_start_decides",
    "mean_gradient_per_layer_during_training",
    "deep_tanh_net_with_uniform_start_fails",
    "deep_relu_net_with_he_start_learns",
    "greedy_pretraining_helps_deep_sigmoid_nets",
}
# Mutants of networks that take as long as a training does.
LARGE = {
    "thousand_layer_residual_net_keeps_its_gradient",
    "random_relu_gradients_spread_with_inverse_width",
    "residual_net_with_positive_branches_explodes",
    "batch_norm_lets_relu_gradients_grow_by_a_fifth_a_layer",
}


def changed(
    entry: Claim, where: dict[str, Any], changes: dict[str, Any], other: Any = None
) -> Claim:
    """The claim with other recipes, those of the changes that a recipe has a keyword for."""
    others = {}
    for recipe in entry.formula.atoms(Recipe):
        if where.items() <= recipe.values.items():
            mine = {key: value for key, value in changes.items() if key in recipe.defaults}
            others[recipe] = recipe.but(**mine)
    formula = entry.formula.xreplace(others)
    if other is not None:
        formula = formula.xreplace({one: other(*one.args) for one in formula.atoms(Measure)})
    return replace(entry, formula=formula)


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[pytest.mark.experiments] * (entry.trains or name in LARGE))
        for name, entry in CLAIMS.items()
        if name in MUTANTS
    ],
)
def test_a_mutant_turns_the_verdict(name):
    entry = CLAIMS[name]
    after = Verdict.HOLDS if entry.witnesses else Verdict.FALSE
    fewer = replace(plan_of(entry), seeds=min(plan_of(entry).seeds, FEW))
    assert judge(changed(entry, *MUTANTS[name]), plan=fewer).verdict is after


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=[pytest.mark.experiments] * (name in SLOW)) for name in CLAIMS],
)
def test_one_seed_shows_what_the_claim_says(name):
    (seed,) = CLAIMS[name].variables
    refuted = CLAIMS[name].standing is Standing.REFUTED
    shown = Verdict.FALSE if refuted else Verdict.HOLDS
    assert replay(CLAIMS[name], {seed: 2}).verdict is shown


@pytest.mark.parametrize("name", sorted(SLOW))
def test_a_long_training_is_judged_after_two_epochs(name):
    entry = changed(CLAIMS[name], {}, {"epochs": 2, "pretraining": 2})
    (seed,) = entry.variables
    assert replay(entry, {seed: 2}).verdict in {Verdict.HOLDS, Verdict.FALSE}


@pytest.mark.experiments
def test_circles_that_are_shuffled_last_are_not_those_of_scikit_learn(monkeypatch):
    def shuffled(recipe, seed):
        points, classes = two_circles(recipe, seed)
        order = np.random.RandomState(seed).permutation(len(points))
        return points[order], classes[order]

    monkeypatch.setattr(measures, "two_circles", shuffled)
    assert judge(CLAIMS["two_circles_data"]).verdict is Verdict.FALSE


def test_every_measured_claim_has_a_mutant():
    assert MUTANTS.keys() | {"two_circles_data"} >= CLAIMS.keys()


# -- intervals ------------------------------------------------------------------------------------


def test_the_interval_of_a_certain_event_is_known_in_closed_form():
    low, high = clopper_pearson(20, 20, 0.01)
    assert abs(low - 0.005 ** (1 / 20)) < 2**-50
    assert high == 1


@pytest.mark.parametrize("alpha", [0.01, 0.1])
@pytest.mark.parametrize("probability", [k / 40 for k in range(41)])
def test_an_interval_misses_no_probability_more_often_than_it_says(probability, alpha):
    missed = [
        count
        for count in range(21)
        if not low_to_high(count, alpha)[0] <= probability <= low_to_high(count, alpha)[1]
    ]
    assert sum(binom.pmf(count, 20, probability) for count in missed) <= alpha


def low_to_high(count: int, alpha: float) -> tuple[float, float]:
    return clopper_pearson(count, 20, alpha)


@pytest.mark.parametrize("bound", [0.5, 0.75, 0.9])
def test_as_many_seeds_as_needed_show_an_event_that_always_happens(bound):
    seeds = seeds_needed(bound, FALSE_ALARM)
    assert clopper_pearson(seeds, seeds, FALSE_ALARM)[0] > bound


# -- verdicts -------------------------------------------------------------------------------------


def stated(event: Any, bound: Rational = HALF, rare: bool = False) -> Claim:
    with apart():

        @claim(source=NOTES)
        def something_about_starts(seed: Seed):
            """Something is said."""
            probability = Probability(event(seed), seed)
            return probability < bound if rare else probability > bound

        return something_about_starts


def shrinks(seed):
    return GrowthPerLayer(NET.but(gain=Rational(1, 100)), seed) < 1


def grows(seed):
    return GrowthPerLayer(NET.but(gain=Rational(1, 100)), seed) > 1


def is_undecided(seed):
    return LogErrorSlope(NET, seed) < 0


@pytest.mark.parametrize(
    ("event", "rare", "verdict"),
    [
        (shrinks, False, Verdict.HOLDS),
        (grows, False, Verdict.FALSE),
        (grows, True, Verdict.HOLDS),
        (shrinks, True, Verdict.FALSE),
    ],
)
def test_the_interval_decides_on_either_side(event, rare, verdict):
    result = judge(stated(event, rare=rare))
    assert result.verdict is verdict
    assert (result.smallest is not None) is (verdict is Verdict.FALSE)
    assert str(result.cell).endswith("[torch-eager-cpu · float32]")


def test_an_interval_that_holds_the_bound_decides_nothing():
    result = judge(stated(shrinks, Rational(99, 100)), plan=Plan(20, 0.01, 60))
    assert result.verdict is Verdict.UNDECIDED
    assert "20 of 20 seeds, probability 0.767 to 1.000 is no answer to > 99/100" in result.reason


def test_a_claim_that_takes_too_long_is_undecided():
    result = judge(stated(shrinks), plan=Plan(20, 0.01, budget=0))
    assert result.verdict is Verdict.UNDECIDED
    assert result.reason == "the budget of 0 s was spent after 0 of 20 seeds"


def test_a_seed_that_speaks_against_a_claim_is_replayed():
    entry = stated(grows)
    smallest = judge(entry, first=7).smallest
    assert smallest.inputs == {"seed": "7"}
    again = replay(entry, smallest.inputs)
    assert again.verdict is Verdict.FALSE
    assert again.smallest == smallest
    assert replay(stated(shrinks), smallest.inputs).verdict is Verdict.HOLDS


@pytest.mark.parametrize(
    "inputs",
    [
        {},
        {"seed": "one"},
        {"seed": "1", "first": "0"},
        {"seed": "1", "first": "0", "last": "0"},
        {"seed": "1", "first": "0", "last": "2", "x": "2"},
    ],
)
def test_inputs_that_are_no_seed_among_others_are_malformed(inputs):
    with pytest.raises(MalformedInput, match="do not fit something_about_starts"):
        replay(stated(grows), inputs)


def test_a_seed_decides_every_bit():
    event = stated(is_undecided).formula.atoms(Probability).pop().args[0]
    with deterministic():
        before = look(event, 3, Runs([3]))
        assert look(event, 3, Runs([3])) == before
        assert look(event, 4, Runs([4])) != before


def test_a_measured_claim_has_one_cell():
    built_in = [(name, load(name, "cpu")) for name in BUILT_IN]
    (task,) = runner.tasks([stated(shrinks)], built_in, FORMATS)
    assert (task.implementation, task.format, task.device) == MEASURED_ON


def test_a_measured_claim_is_no_theorem():
    assert prove(stated(shrinks)).outcome is Outcome.MEASURED


# -- what cannot be said --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("formula", "message"),
    [
        (lambda seed: GrowthPerLayer(NET, seed) < 1, "has a probability and no value"),
        (
            lambda seed: Probability(shrinks(seed), seed) > 0.5,
            "write Probability(event, seed) > p with",
        ),
        (lambda seed: Probability(shrinks(seed), seed) > seed, "with a fraction p"),
        (lambda seed: Probability(seed < 1, seed) > HALF, "measures nothing"),
        (lambda seed: Probability(GrowthPerLayer(NET, seed), seed) > HALF, "is no event"),
        (lambda seed: GrowthPerLayer(seed, NET) > 1, "write GrowthPerLayer(network, seed)"),
        (lambda seed: Network(dept=3), "has no dept (did you mean depth?)"),
        (lambda seed: Network(start="he"), "write one, unit uniform, "),
        (lambda seed: Network(gain=0.5), "gain=0.5 is no whole number or fraction"),
    ],
)
def test_a_formula_that_cannot_be_measured_is_refused(formula, message):
    with apart(), pytest.raises(ClaimError, match=re.escape(message)):

        @claim(source=NOTES)
        def something(seed: Seed):
            """Something is said."""
            return formula(seed)


# -- recipes --------------------------------------------------------------------------------------


def test_a_recipe_is_what_it_was_given():
    net = Network(width=4, depth=3, gain=Rational(1, 2))
    assert net == Network(depth=3, gain=Fraction(1, 2), width=4)
    assert net.func(*net.args) == net
    assert str(net) == "Network(depth=3, width=4, gain=1/2)"
    assert net.values["activation"] == "tanh"
    assert latex(net).startswith(r"\operatorname{Network}")

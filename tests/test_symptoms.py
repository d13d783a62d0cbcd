"""How to know that gradients vanish or explode: every rule fires where it should and only there.

The first half looks at traces written by hand, the second at networks of the zoo.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
import torch
from sympy import Eq, Float
from sympy.core.relational import Relational

from checks.experiments.judge import judge
from checks.formats import FLOAT16, FLOAT32
from checks.symptoms import readings, rules
from checks.symptoms.judge import fires
from checks.symptoms.population import record, rows
from checks.symptoms.readings import READINGS, RULES
from checks.symptoms.records import (
    Cause,
    Measurement,
    Place,
    Record,
    Symptom,
    first_nonfinite,
)
from checks.symptoms.rules import DIAGNOSES, Rule
from checks.symptoms.shapes import Shape, onset, shape
from checks.symptoms.training import statistics, train
from checks.symptoms.truth import confirmed, learns
from checks.symptoms.zoo import BOWL, HEALTHY, SHAPES, ZOO
from checks.verdict import Verdict
from theory.book import CLAIMS
from theory.claim import Standing
from theory.symptoms import Reading, Zoo

INF, NAN = np.inf, np.nan
STEPS, LAYERS = 6, 4


def tensors(magnitudes=1.0, nonfinite=0) -> Measurement:
    """Tensors of the given magnitude; a row is spread over the steps, a grid is (steps, layers)."""
    shape = (STEPS, LAYERS)
    grid = np.broadcast_to(np.asarray(magnitudes, dtype=float), shape)
    return Measurement(grid, grid, grid, np.broadcast_to(np.asarray(nonfinite), shape))


def run(loss=(1.0, 0.8, 0.6, 0.5, 0.4, 0.3), **kinds) -> Record:
    """A healthy record of ordinary numbers, but for what is given."""
    usual = {"weights": 0.1, "gradients": 0.1, "errors": 0.1, "updates": 1e-4}
    made = {name: tensors(value) for name, value in usual.items()} | kinds
    return Record(FLOAT32, np.array(loss), **made)


def steps(values) -> Measurement:
    """One magnitude a step, the same in all layers."""
    return tensors(np.array(values)[:, None])


def one(step: int, layer: int) -> np.ndarray:
    """A single entry that is not finite."""
    grid = np.zeros((STEPS, LAYERS), dtype=int)
    grid[step, layer] = 1
    return grid


# -- measuring ------------------------------------------------------------------------------------


def magnitudes(*entries: float, dtype: torch.dtype = torch.float32) -> list[float]:
    return statistics(torch.tensor(entries, dtype=dtype)).tolist()


def test_what_is_not_finite_is_counted_before_anything_is_averaged():
    mean, norm, largest, nonfinite = magnitudes(1, -1, INF, NAN, 1, -1)
    assert (mean, norm, largest, nonfinite) == (1, 2, 1, 2)


def test_a_tensor_without_a_finite_entry_has_no_magnitude():
    *numbers, nonfinite = magnitudes(NAN, INF)
    assert np.isnan(numbers).all()
    assert nonfinite == 2


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
def test_a_norm_does_not_overflow_in_the_format_of_its_entries(dtype):
    top = torch.finfo(dtype).max
    assert magnitudes(top, top, top, top, dtype=dtype) == [top, 2 * top, top, 0]


@pytest.mark.parametrize(
    ("record", "place"),
    [
        (run(), None),
        (run(loss=(1, 2, NAN, 4, 5, 6)), Place("loss", 2)),
        (run(weights=tensors(1, one(3, 1))), Place("weights 2", 3)),
        (run(errors=tensors(1, one(1, 2)), gradients=tensors(1, one(1, 3))), Place("errors 3", 1)),
        (run(gradients=tensors(1, one(1, 0) + one(1, 3))), Place("gradients 4", 1)),
        (run(loss=(1, 2, NAN, 4, 5, 6), weights=tensors(1, one(2, 0))), Place("weights 1", 2)),
    ],
)
def test_the_first_tensor_and_step_that_are_not_finite_are_named(record, place):
    assert first_nonfinite(record) == place


# -- rules on traces written by hand --------------------------------------------------------------

DEEPER = np.geomspace(1, 1e4, LAYERS)
FIRES = {
    rules.nonfinite_loss_or_weights: run(weights=tensors(1, one(2, 0))),
    rules.loss_jumps: run(loss=(1, 2, 21, 3, 2, 1)),
    rules.weights_jump: run(weights=steps([1, 1, 1, 11, 12, 13])),
    rules.loss_or_weights_jump: run(weights=steps([1, 1, 1, 11, 12, 13])),
    rules.loss_explodes_in_a_shape: run(loss=(1, 1, 20, 400, INF, NAN)),
    rules.error_grows_across_depth: run(errors=tensors(DEEPER[::-1])),
    rules.squares_of_gradients_overflow: run(gradients=steps([1, 1, 1, 2e19, 1, 1])),
    rules.node_error_above_one: run(errors=steps([0.1, 1.1, 0.1, 0.1, 0.1, 0.1])),
    rules.node_error_stays_above_one: run(errors=tensors([0.1, 1.1, 0.1, 0.1])),
    rules.every_node_error_above_one: run(errors=tensors(1.1)),
    rules.error_fades_across_depth: run(errors=tensors(DEEPER)),
    rules.first_layer_hardly_changes: run(updates=tensors(1e-7)),
    rules.first_layer_lags: run(updates=tensors(1e-7 * DEEPER)),
    rules.first_layer_rounds_away: run(updates=tensors(2.0**-29)),
    rules.gradients_underflow: run(gradients=tensors([1e-40, 1, 1, 1])),
    rules.loss_is_flat: run(loss=(1, 1.09, 0.91, 1, 1, 1)),
}
STILL = {
    rules.nonfinite_loss_or_weights: run(gradients=tensors(1, one(2, 0))),
    rules.loss_jumps: run(loss=(21, 2, 20, 3, 2, 1)),
    rules.weights_jump: run(weights=steps([1, 2, 4, 8, 16, 32])),
    rules.loss_or_weights_jump: run(loss=(1, 2, 4, 8, 16, 32)),
    rules.loss_explodes_in_a_shape: run(loss=(1, 1, 20, 4, 1, 1)),
    rules.error_grows_across_depth: run(errors=tensors(DEEPER)),
    rules.squares_of_gradients_overflow: run(gradients=tensors(1e19)),
    rules.node_error_above_one: run(errors=tensors(1)),
    rules.node_error_stays_above_one: run(errors=steps([2, 2, 2, 2, 2, 1])),
    rules.every_node_error_above_one: run(errors=tensors([2, 2, 2, 1])),
    rules.error_fades_across_depth: run(errors=tensors(DEEPER[::-1])),
    rules.first_layer_hardly_changes: run(updates=tensors(1e-6 * DEEPER[::-1])),
    rules.first_layer_lags: run(updates=tensors(1e-7)),
    rules.first_layer_rounds_away: run(updates=tensors(2.0**-27)),
    rules.gradients_underflow: run(gradients=tensors(0)),
    rules.loss_is_flat: run(loss=(1, 1, 1, 1, 1, 0.8)),
}
NAMES = {rule: rule.__name__ for side in DIAGNOSES.values() for rule in side}


def test_every_rule_is_looked_at():
    assert set(FIRES) == set(STILL) == set(NAMES)


@pytest.mark.parametrize("rule", NAMES, ids=NAMES.get)
def test_a_rule_fires_where_it_should_and_is_still_elsewhere(rule):
    assert rule(FIRES[rule]).fired
    assert not rule(STILL[rule]).fired
    assert not rule(run()).fired


@pytest.mark.parametrize("rule", NAMES, ids=NAMES.get)
@pytest.mark.parametrize("loss", [(0.0,) * STEPS, (NAN,) * STEPS, (INF, *(NAN,) * (STEPS - 1))])
def test_a_rule_has_an_answer_to_every_record(rule, loss):
    nothing = tensors(NAN, nonfinite=9) if np.isnan(loss).any() else tensors(0)
    found = rule(run(loss, errors=nothing, gradients=nothing, updates=nothing))
    assert isinstance(found, Symptom)
    assert isinstance(found.fired, bool)


SCALE_FREE = (
    rules.loss_jumps,
    rules.loss_explodes_in_a_shape,
    rules.error_grows_across_depth,
    rules.error_fades_across_depth,
    rules.first_layer_lags,
    rules.loss_is_flat,
)


@pytest.mark.parametrize("rule", SCALE_FREE, ids=NAMES.get)
@pytest.mark.parametrize("record", [*FIRES.values(), *STILL.values()])
def test_a_scale_free_rule_does_not_ask_for_the_unit_of_the_loss(rule, record):
    other = replace(
        record,
        loss=1024 * record.loss,
        errors=tensors(1024 * record.errors.norm, record.errors.nonfinite),
        updates=tensors(1024 * record.updates.norm, record.updates.nonfinite),
    )
    assert rule(other).fired == rule(record).fired


def test_the_unit_of_the_loss_decides_what_the_documents_ask():
    record = run()
    louder = replace(record, errors=tensors(1024 * record.errors.norm))
    assert not rules.node_error_above_one(record).fired
    assert rules.every_node_error_above_one(louder).fired


def test_absolute_thresholds_are_those_of_the_format():
    record = run(gradients=tensors(1000), updates=tensors(1e-5))
    half = replace(record, format=FLOAT16)
    for rule in (rules.squares_of_gradients_overflow, rules.first_layer_rounds_away):
        assert rule(half).fired
        assert not rule(record).fired


def test_a_symptom_says_where():
    assert rules.loss_jumps(FIRES[rules.loss_jumps]).place == Place("loss", 2)
    assert rules.weights_jump(FIRES[rules.weights_jump]).place == Place("weights 1", 3)
    assert str(Place("errors 3", 7)) == "errors 3 at step 7"


# -- shapes ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("trace", "found"),
    [
        ([3, 2, 1, INF, NAN], Shape.SUDDEN),
        ([NAN, NAN, NAN], Shape.SUDDEN),
        ([1, 5, INF, NAN], Shape.SUDDEN),
        ([1, 3, 9, 27, 81, INF], Shape.SLOW),
        ([1, 3, 9, 27, 81], Shape.SLOW),
        ([2, 1, 3, 9, 27, 1e30, NAN], Shape.SLOW),
        ([1, 1, 1000, 1100, 1200], Shape.JUMP),
        ([1, 1, 1000, INF], Shape.JUMP),
        ([1, 0.1, 3, 1000, 2000], Shape.JUMP),
        ([1, 1, 1000, 10, 1], Shape.NONE),
        ([1, 1, 1, 1000], Shape.NONE),
        ([1, 0.5, 0.2, 0.1], Shape.NONE),
        ([1, 0.001, 0.5, 1, 3], Shape.NONE),
        ([0, 0, 0], Shape.NONE),
    ],
)
def test_a_trace_has_its_shape(trace, found):
    assert shape(np.array(trace, dtype=float)) is found


@pytest.mark.parametrize("factor", [0.5, 1e-30, 1e30])
def test_a_shape_does_not_ask_for_units(factor):
    trace = np.array([1, 1, 40, 1600, INF])
    assert shape(factor * trace) is shape(trace)
    assert onset(factor * trace) == onset(trace) == 2


@pytest.mark.parametrize(("kind", "made"), SHAPES.items(), ids=lambda value: str(value)[:12])
def test_a_bowl_explodes_in_the_shape_that_its_rate_gives_it(kind, made):
    for row in made:
        assert {shape(found.loss) for found in records(row.name)} == {kind}, row.name


def test_the_loss_of_a_bowl_is_multiplied_by_a_known_factor():
    (found,) = train(replace(BOWL, rate=1.5, format="float64"), range(1))
    # Weights off by (1 − 3)ᵏ: the loss is what is left at the bottom and a square that grows by 4.
    growth = np.diff(found.loss)
    assert set(np.float32(growth[1:] / growth[:-1])) == {4}


# -- the zoo --------------------------------------------------------------------------------------

BY_NAME = {row.name: row for row in (*ZOO, *(row for made in SHAPES.values() for row in made))}


@cache
def records(name: str) -> tuple[Record, ...]:
    return tuple(train(BY_NAME[name].plan, range(2)))


def test_the_zoo_is_large_enough():
    for of in ("healthy", "vanishing", "exploding"):
        assert len(rows(of)) >= 24
    assert len(rows("vanishing")) + len(rows("not vanishing")) == len(ZOO)
    assert len(BY_NAME) == len(ZOO) + sum(map(len, SHAPES.values()))


def test_no_copy_takes_notice_of_another():
    plan = HEALTHY["relu of 4 layers"]
    _, last = train(plan, range(2), steps=5)
    first, _ = train(plan, range(1, 3), steps=5)
    assert np.array_equal(first.loss, last.loss)
    assert np.array_equal(first.updates.mean, last.updates.mean)


# Rows on which a rule is right: one where it fires and has to, one where it keeps still and has to.
ON_THE_ZOO: dict[Rule, tuple[str, str]] = {
    rules.nonfinite_loss_or_weights: ("relu of 6 layers · rate 0.5", "relu of 6 layers"),
    rules.loss_jumps: ("relu of 6 layers · rate 0.5", "relu of 6 layers"),
    rules.weights_jump: ("relu of 6 layers · rate 0.5", "relu of 6 layers"),
    rules.loss_or_weights_jump: ("relu of 6 layers · rate 0.5", "relu of 6 layers"),
    rules.loss_explodes_in_a_shape: ("relu of 6 layers · rate 0.5", "relu of 6 layers"),
    rules.error_grows_across_depth: ("relu with Adam · gain 4", "relu with Adam"),
    rules.squares_of_gradients_overflow: ("relu of 6 layers · gain 4", "relu, summed loss"),
    rules.node_error_above_one: ("relu of 6 layers · gain 4", "tanh classifier"),
    rules.node_error_stays_above_one: ("relu with Adam · gain 4", "relu with Adam"),
    rules.every_node_error_above_one: ("relu with Adam · gain 4", "relu with Adam"),
    rules.error_fades_across_depth: ("tanh of 10 layers · activation sigmoid", "tanh of 10 layers"),
    rules.first_layer_hardly_changes: (
        "tanh of 10 layers · activation sigmoid",
        "tanh of 10 layers",
    ),
    rules.first_layer_lags: ("tanh of 20 layers · activation sigmoid", "tanh of 20 layers"),
    rules.first_layer_rounds_away: ("tanh of 10 layers · activation sigmoid", "tanh of 10 layers"),
    rules.gradients_underflow: ("relu in half precision · gain 0.1", "relu in half precision"),
    rules.loss_is_flat: ("relu of 10 layers · gain 0.4", "relu of 10 layers"),
}


@pytest.mark.parametrize("rule", NAMES, ids=NAMES.get)
def test_a_rule_is_right_on_a_sick_network_and_on_its_healthy_twin(rule):
    sick, healthy = ON_THE_ZOO[rule]
    assert all(rule(found).fired for found in records(sick))
    assert not any(rule(found).fired for found in records(healthy))


# Rows on which a rule is wrong: it misses the one, or takes the other for sick.
MISSED = {
    rules.nonfinite_loss_or_weights: "relu with Adam · gain 4",
    rules.loss_or_weights_jump: "relu with Adam · gain 4",
    rules.loss_explodes_in_a_shape: "relu with Adam · gain 4",
    rules.error_grows_across_depth: "bowl · rate 10.0",
    rules.every_node_error_above_one: "relu of 6 layers · rate 0.5",
    rules.error_fades_across_depth: "relu of 10 layers · gain 0.7",
    rules.first_layer_hardly_changes: "tanh with Adam · activation sigmoid",
    rules.first_layer_lags: "tanh of 10 layers · gain 0.3",
}
MISTAKEN = {
    rules.node_error_above_one: "relu of 6 layers",
    rules.node_error_stays_above_one: "relu of 10 layers · gain 0.4",
    rules.error_fades_across_depth: "sigmoid of 5 layers with Adam",
    rules.first_layer_hardly_changes: "tanh of 10 layers · rate 9.5367431640625e-07",
    rules.first_layer_rounds_away: "tanh in bfloat16",
    rules.loss_is_flat: "relu of 10 layers · target own",
}


@pytest.mark.parametrize("rule", MISSED, ids=NAMES.get)
def test_a_rule_misses_what_it_cannot_see(rule):
    assert not any(rule(found).fired for found in records(MISSED[rule]))


@pytest.mark.parametrize("rule", MISTAKEN, ids=NAMES.get)
def test_a_rule_fires_on_what_only_looks_sick(rule):
    assert all(rule(found).fired for found in records(MISTAKEN[rule]))


# A part of the zoo that is quick to run and tells a right rule from a wrong one.
PANEL = {
    Cause.EXPLODING: (
        "relu with Adam · gain 4",
        "tanh of 20 layers · gain 6",
        "relu of 6 layers · gain 4",
        "relu of 6 layers · rate 0.5",
        "relu of 10 layers · gain 1.3",
        "linear, orthogonal · rate 1.0",
    ),
    Cause.VANISHING: (
        "relu of 10 layers · gain 0.4",
        "tanh of 10 layers · gain 0.3",
        "tanh of 10 layers · activation sigmoid",
        "relu of 10 layers · bias -3",
        "tanh classifier · start unit uniform",
    ),
    Cause.HEALTHY: (
        "relu of 6 layers",
        "relu with Adam",
        "tanh of 10 layers",
        "linear, orthogonal",
        "sigmoid with batch norm",
        "residual relu",
        "relu, summed loss",
    ),
}


def judged(rule: Rule, cause: Cause) -> tuple[float, float]:
    """The sensitivity and the specificity on the panel, as far as the counts show."""
    on = {
        of: fires(rule, [found for name in names for found in records(name)])
        for of, names in PANEL.items()
    }
    others = [share for of, share in on.items() if of is not cause]
    mistaken = sum(share.count for share in others) / sum(share.of for share in others)
    return on[cause].count / on[cause].of, 1 - mistaken


def backward(record: Record) -> Record:
    """The record with its layers in the wrong order."""
    return replace(
        record,
        **{
            kind: Measurement(*(getattr(tensor, name)[:, ::-1] for name in FIELDS))
            for kind in ("weights", "gradients", "errors", "updates")
            for tensor in [getattr(record, kind)]
        },
    )


FIELDS = ("mean", "norm", "largest", "nonfinite")


def averaged(record: Record) -> Record:
    """The record of one who averages first: what is not finite leaves no count behind."""
    kinds = {
        kind: replace(tensor, nonfinite=np.zeros_like(tensor.nonfinite))
        for kind in ("weights", "gradients", "errors", "updates")
        for tensor in [getattr(record, kind)]
    }
    return replace(record, loss=np.nan_to_num(record.loss, nan=0, posinf=0), **kinds)


def reading(rule: Rule, change: Callable[[Record], Record]) -> Rule:
    return lambda record: rule(change(record))


def fixed_threshold(record: Record) -> Symptom:
    """Any gradient of a weight above 1."""
    largest = float(np.max(np.nan_to_num(record.gradients.largest, nan=np.inf)))
    return Symptom(largest > 1, largest)


def weights_instead_of_errors(rule: Rule) -> Rule:
    """Compares the gradients of the weights, which the forward signal keeps level."""
    return reading(rule, lambda record: replace(record, errors=record.gradients))


WRONG: dict[str, tuple[Rule, Rule, Cause]] = {
    "averages before it counts": (
        reading(rules.nonfinite_loss_or_weights, averaged),
        rules.nonfinite_loss_or_weights,
        Cause.EXPLODING,
    ),
    "a jump to no number is none": (
        reading(rules.loss_jumps, averaged),
        rules.loss_jumps,
        Cause.EXPLODING,
    ),
    "a threshold of 1": (fixed_threshold, rules.error_grows_across_depth, Cause.EXPLODING),
    "the document's node error above 1": (
        rules.node_error_above_one,
        rules.error_grows_across_depth,
        Cause.EXPLODING,
    ),
    "growth from the wrong end": (
        reading(rules.error_grows_across_depth, backward),
        rules.error_grows_across_depth,
        Cause.EXPLODING,
    ),
    "fading from the wrong end": (
        reading(rules.error_fades_across_depth, backward),
        rules.error_fades_across_depth,
        Cause.VANISHING,
    ),
    "the last layer instead of the first": (
        reading(rules.first_layer_hardly_changes, backward),
        rules.first_layer_hardly_changes,
        Cause.VANISHING,
    ),
    "gradients of weights instead of errors": (
        weights_instead_of_errors(rules.error_fades_across_depth),
        rules.error_fades_across_depth,
        Cause.VANISHING,
    ),
    "the shape of a trace without its infinities": (
        reading(rules.loss_explodes_in_a_shape, averaged),
        rules.loss_explodes_in_a_shape,
        Cause.EXPLODING,
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_judging_exposes_a_wrong_rule(name):
    wrong, right, cause = WRONG[name]
    assert min(judged(wrong, cause)) < min(judged(right, cause))


CONFIRMED = sorted({name for names in PANEL.values() for name in names})


@pytest.mark.parametrize("name", CONFIRMED)
def test_a_network_has_the_cause_that_it_was_made_to_have(name):
    assert confirmed(BY_NAME[name], range(2)).all()


def test_truth_does_not_believe_the_label():
    row = BY_NAME["relu of 6 layers"]
    assert not confirmed(replace(row, cause=Cause.VANISHING), range(2)).any()
    assert not learns(BY_NAME["relu of 6 layers · gain 4"].plan, range(2)).any()


# -- the chapter ----------------------------------------------------------------------------------

CHAPTER = [entry for entry in CLAIMS if entry.chapter == "symptoms"]
EVENTS = [
    (relation, RULES[type(relation.lhs).__name__])
    for entry in CHAPTER
    for relation in sorted(entry.formula.atoms(Relational), key=str)
    if isinstance(relation.lhs, Reading)
]


def happens(relation: Relational, value: float) -> bool:
    return bool(relation.func(Float(value), relation.rhs)) if not np.isnan(value) else False


@pytest.mark.parametrize(
    ("relation", "rule"), EVENTS, ids=lambda part: getattr(part, "__name__", str(part)[:60])
)
@pytest.mark.parametrize("record", [*FIRES.values(), *STILL.values(), run()])
def test_the_chapter_asks_what_the_rule_asks(relation, rule, record):
    found = rule(record)
    if isinstance(relation, Eq):
        assert found.value in {*Shape}
    else:
        assert happens(relation, found.value) == found.fired


def test_every_reading_is_of_a_rule():
    heads = {kind.__name__ for kind in Reading.__subclasses__()}
    assert heads == set(READINGS) == set(RULES)


@pytest.mark.parametrize("of", Zoo.choices["of"])
def test_a_part_of_the_zoo_has_rows(of):
    assert rows(of)


def quieter(record: Record) -> Record:
    """The same run in another unit of the loss."""
    errors = record.errors
    return replace(record, errors=replace(errors, largest=errors.largest / 2**20))


def louder(record: Record) -> Record:
    errors = record.errors
    return replace(record, errors=replace(errors, mean=errors.mean * 2.0**60))


def slower_at_the_input(record: Record) -> Record:
    updates = record.updates
    slow = np.where(np.arange(updates.mean.shape[1]) == 0, 2.0**-20, 1)
    return replace(record, updates=replace(updates, mean=updates.mean * slow))


# What has to change for the verdict of a claim to change: the part of the zoo, or the record.
TURNS: dict[str, str | Callable[[Record], Record]] = {
    "nonfinite_loss_or_weights_mean_explosion": "exploding",
    "most_explosions_make_loss_or_weights_nonfinite": averaged,
    "loss_or_weights_jump_when_gradients_explode": "not exploding",
    "loss_and_weights_do_not_jump_otherwise": "exploding",
    "node_error_gradient_above_one_means_explosion": quieter,
    "node_error_that_stays_above_one_means_explosion": quieter,
    "node_errors_stay_above_one_when_gradients_explode": louder,
    "errors_grow_across_depth_when_gradients_explode": backward,
    "errors_grow_across_depth_only_when_gradients_explode": backward,
    "explosion_has_three_shapes": averaged,
    "no_other_loss_has_the_shape_of_an_explosion": "exploding",
    "step_beyond_the_range_is_a_sudden_infinity": averaged,
    "rate_just_too_large_is_slow_growth_then_infinity": "growth after a jump",
    "rate_far_too_large_is_growth_after_a_jump": "slow growth then infinity",
    "loss_flat_means_vanishing": "healthy",
    "loss_is_flat_when_gradients_vanish": "healthy",
    "errors_fade_across_depth_when_gradients_vanish": backward,
    "errors_fade_across_depth_only_when_gradients_vanish": "vanishing",
    "input_side_layers_hardly_change": "healthy",
    "input_side_layers_change_in_healthy_networks": slower_at_the_input,
    "input_side_layers_lag_behind_the_last": slower_at_the_input,
}


@pytest.mark.experiments
@pytest.mark.parametrize("entry", CHAPTER, ids=lambda entry: entry.name)
def test_a_claim_has_its_verdict_and_a_change_turns_it(entry, monkeypatch):
    before, after = Verdict.HOLDS, Verdict.FALSE
    if entry.standing is Standing.REFUTED:
        before, after = after, before
        assert entry.witnesses[0]["seed"] in judge(entry).notes["against"]
    assert judge(entry).verdict is before
    turn = TURNS[entry.name]
    if isinstance(turn, str):
        (zoo,) = entry.formula.atoms(Zoo)
        entry = replace(entry, formula=entry.formula.xreplace({zoo: Zoo(of=turn)}))
    else:
        monkeypatch.setattr(readings, "record", lambda of, seed: turn(record(of, seed)))
    assert judge(entry).verdict is after


def test_every_claim_of_the_chapter_has_something_that_turns_it():
    assert set(TURNS) == {entry.name for entry in CHAPTER}

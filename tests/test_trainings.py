"""Trainings: a seed decides them, and networks in step are none of each other's business."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from sympy import Rational
from torch import nn

from checks import cli, selection
from checks.experiments import data as datasets
from checks.experiments.data import two_circles
from checks.experiments.judge import Plan, deterministic, judge, replay
from checks.experiments.measures import Runs
from checks.experiments.modules import build
from checks.experiments.training import train
from checks.formats import FORMATS
from checks.verdict import Verdict
from theory import measures
from theory.claim import Claim, apart, claim
from theory.domains import Seed
from theory.measures import FirstNonfiniteStep, GradientGrowth, Probability
from theory.recipes import ConvolutionalNetwork, Network, RecurrentNetwork, Training, TwoCircles
from theory.sources import Document

NOTES = Document("Notes", "Further statements").section("1")
NET = Network(depth=2, width=4)
SHORT = Training(epochs=2)
FEW = Plan(seeds=6, alpha=0.1, budget=60)


def runs(network=NET, training=SHORT, seeds=range(3)):
    with deterministic():
        return train(network, training, seeds)


def stated(event) -> Claim:
    with apart():

        @claim(source=NOTES)
        def something_about_trainings(seed: Seed):
            """Something is said."""
            return Probability(event(seed), seed) > Rational(1, 2)

        return something_about_trainings


# -- runs -----------------------------------------------------------------------------------------


def test_the_same_seeds_run_the_same_to_the_last_bit():
    for one, other in zip(runs(), runs(), strict=True):
        assert np.array_equal(one.losses, other.losses)
        assert np.array_equal(one.norms, other.norms)


def test_networks_in_step_share_nothing_but_roundings():
    """The first step is the same, whoever else runs; later ones may differ by what roundings do."""
    for seed, one in enumerate(runs()):
        (alone,) = runs(seeds=[seed])
        assert np.array_equal(one.losses[0], alone.losses[0])
        assert np.array_equal(one.weights[0], alone.weights[0])
    assert not np.array_equal(runs()[0].losses, runs()[1].losses)


def test_a_network_that_overflows_leaves_the_others_as_they_are():
    net, rough = NET.but(activation="relu"), Training(rate=3, epochs=20, momentum=0)
    wild = Network(depth=9, width=8, activation="relu", start="he normal", gain=2)
    steps = [record.nonfinite for record in runs(wild, rough, range(8))]
    assert any(steps)
    assert all(record.nonfinite is None for record in runs(net, SHORT))
    for record in runs(wild, rough, range(8)):
        assert len(record.losses) == (record.nonfinite or 20 * 16)
        assert np.isfinite(record.losses[:-1]).all()


def test_a_record_has_a_row_a_step_and_a_column_a_layer():
    (record,) = runs(seeds=[0])
    assert record.losses.shape == (2 * 16,)
    for seen in (record.gradients, record.norms, record.weights):
        assert seen.shape == (2 * 16, 3)
    assert record.reconstruction.shape == (0, 2)


def test_the_recorded_gradient_is_that_of_the_loss():
    (record,) = runs(NET, Training(steps=1, batch=500), [0])
    points = datasets.data("two circles")
    started = build(NET, torch.Generator().manual_seed(0))
    layers = [nn.Linear(weight.shape[2], weight.shape[1]) for weight in started.weights]
    for layer, weight in zip(layers, started.weights, strict=True):
        layer.weight.data.copy_(weight[0])
        layer.bias.data.zero_()
    net = nn.Sequential(layers[0], nn.Tanh(), layers[1], nn.Tanh(), layers[2]).double()
    outputs = net(points.x.double())[:, 0]
    nn.functional.binary_cross_entropy_with_logits(outputs, points.y.double()).backward()
    # Float32 sums over 500 rows, each rounded.
    for layer, gradient, norm in zip(layers, record.gradients[0], record.norms[0], strict=True):
        assert abs(gradient - layer.weight.grad.abs().mean()) <= 2.0**-15 * gradient
        assert abs(norm - layer.weight.grad.norm()) <= 2.0**-15 * norm


def test_a_step_moves_the_weights_by_no_more_than_rate_times_clip():
    rate, clip = Rational(1, 2), Rational(1, 1000)
    training = Training(rate=rate, clip=clip, momentum=0, epochs=1)
    for record in runs(NET, training):
        entries = np.array([2 * 4, 4 * 4, 4])
        moved = np.abs(np.diff(record.weights, axis=0)) * entries
        # Σ|Δw| is at most √entries times the norm, and one rounding of each weight and sum.
        assert (moved <= float(rate * clip) * np.sqrt(entries) + 2.0**-16).all()
        assert (record.norms.max(axis=1) > float(clip)).any()


def test_pretraining_records_what_it_reconstructs():
    pytest.importorskip("sklearn")
    net = Network(depth=2, width=10, inputs=64, outputs=10, activation="sigmoid")
    training = Training(data="digits", rate=Rational(1, 2), epochs=1, pretraining=3)
    (record,) = runs(net, training, [0])
    before, after = record.reconstruction.T
    assert (after < before).all()


def test_training_stops_when_the_time_is_up():
    result = judge(
        stated(lambda seed: measures.TestAccuracy(NET, Training(), seed) > 0),
        plan=replace(FEW, budget=0),
    )
    assert result.verdict is Verdict.UNDECIDED
    assert "the budget of 0 s was spent after 0 of 6 seeds" in result.reason


# -- verdicts -------------------------------------------------------------------------------------


def test_a_training_that_speaks_against_a_claim_is_replayed_among_the_same():
    entry = stated(lambda seed: measures.TestAccuracy(NET, SHORT, seed) > 1)
    result = judge(entry, first=3, plan=FEW)
    assert result.verdict is Verdict.FALSE
    assert result.smallest.inputs == {"seed": "3", "first": "3", "last": "8"}
    assert replay(entry, result.smallest.inputs).smallest == result.smallest


def test_a_run_without_an_end_has_no_first_step_that_is_not_finite():
    with deterministic():
        seen = Runs([0])
        assert seen.value(FirstNonfiniteStep(NET, SHORT, 0), 0) == np.inf
        assert seen.value(GradientGrowth(NET, SHORT, 0), 0) >= 1


def test_a_run_without_pretraining_has_no_reconstruction():
    with deterministic():
        assert np.isnan(Runs([0]).value(measures.ReconstructionRatio(NET, SHORT, 0), 0))


# -- data -----------------------------------------------------------------------------------------


def test_the_circles_lie_around_their_radii():
    points, classes = two_circles(TwoCircles(noise=0), seed=0)
    radii = np.hypot(*points.T)
    # A cosine, a sine, their squares, the sum and the root, each rounded.
    assert (np.abs(radii - np.where(classes == 0, 1, 0.8)) <= 8 * 2.0**-53).all()
    assert classes.sum() == 500


def test_the_circles_are_those_of_scikit_learn():
    sklearn = pytest.importorskip("sklearn.datasets")
    for seed in range(5):
        points, classes = two_circles(TwoCircles(), seed)
        others, named = sklearn.make_circles(1000, noise=0.1, random_state=seed)
        assert np.array_equal(points, others)
        assert np.array_equal(classes, named)


def test_half_of_the_data_is_held_back():
    points = datasets.data("two circles")
    assert len(points.x) == len(points.x_test) == 500
    assert torch.cat([points.x, points.x_test]).abs().max() == 1


# -- starts ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("recipe", "gates"), [(RecurrentNetwork(cell="lstm", forget_bias=3), 4), (NET, None)]
)
def test_biases_start_at_zero_but_for_the_forget_gate(recipe, gates):
    net = build(recipe, torch.Generator().manual_seed(0))
    biases = {name: p for name, p in net.named_parameters() if "bias" in name}
    found = torch.cat([bias.flatten() for bias in biases.values()])
    assert sorted(set(found.tolist())) == ([0, 3] if gates else [0])
    if gates:
        assert (biases["layer.bias_ih_l0"].reshape(gates, -1)[1] == 3).all()


def test_constant_layers_are_those_that_were_named():
    recipe = ConvolutionalNetwork(layers=5, channels=4, constant_from=2, constant_to=3)
    net = build(recipe, torch.Generator().manual_seed(0))
    constant = [bool((weight == weight.flatten()[0]).all()) for weight in net.weights]
    assert constant == [False, True, True, False, False]


# -- the command line -----------------------------------------------------------------------------

CHAPTER = """
from theory.language import *

NOTES = Document("Notes", "Further statements")


@claim(source=NOTES.section("1"))
def two_epochs_are_two_epochs(seed: Seed):
    \"\"\"A training of two epochs ends.\"\"\"
    net = Network(depth=2, width=4)
    return Probability(TestAccuracy(net, Training(epochs=2), seed) > 0, seed) > Rational(1, 2)
"""
OWN = ("--chapter", "notes.py", "--claims", "two_epochs", "--jobs", "1")


@pytest.fixture
def command(tmp_path, monkeypatch, capsys):
    """Run a command line beside a chapter with one short training."""
    monkeypatch.chdir(tmp_path)
    Path("notes.py").write_text(CHAPTER, "utf-8")

    def run(*arguments: str) -> tuple[int, str]:
        with apart():
            code = cli.run(["check", *arguments])
        printed = capsys.readouterr()
        return code, printed.out + printed.err

    return run


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (OWN, "these claims run networks, which takes minutes; add --experiments"),
        (("--experiments", "--costs"), "--experiments and --costs are two runs"),
        (("--tensorboard", "events"), "add --experiments"),
    ],
)
def test_a_call_that_makes_no_sense_is_refused_in_one_line(
    command, monkeypatch, arguments, complaint
):
    monkeypatch.setattr(selection, "find_spec", lambda name: True)
    code, printed = command(*arguments)
    assert code == 2
    assert complaint in printed
    assert len(printed.splitlines()) == 1


@pytest.mark.parametrize(
    ("module", "package"),
    [("sklearn", "scikit-learn"), ("matplotlib", "matplotlib"), ("tensorboard", "tensorboard")],
)
def test_a_package_that_is_missing_is_named_in_one_line(command, monkeypatch, module, package):
    monkeypatch.setattr(selection, "find_spec", lambda name: None if name == module else True)
    code, printed = command("--experiments", "--tensorboard", "events", *OWN)
    assert code == 2
    assert (
        f"needs {package}, not installed here; run pip install 'backproof[experiments]'" in printed
    )
    assert len(printed.splitlines()) == 1


@pytest.mark.experiments
def test_a_training_is_judged_counted_and_left_as_an_event_file(command):
    code, printed = command("--experiments", "--tensorboard", "events", *OWN)
    assert code == 0
    assert "two_epochs_are_two_epochs: statistical 0.01, 20 of 20 seeds, probability 0.767" in (
        " ".join(printed.split())
    )
    (cell,) = json.loads(Path("backproof-report/report.json").read_text("utf-8"))["cells"]
    assert cell["notes"]["interval"][1] == 1
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    (folder,) = Path("events/two_epochs_are_two_epochs").iterdir()
    events = EventAccumulator(str(folder)).Reload()
    (record,) = runs(seeds=range(20))[:1]
    for layer, gradients in enumerate(record.gradients.T, start=1):
        written = [event.value for event in events.Scalars(f"mean gradient/layer {layer}")]
        assert written == gradients.astype(np.float32).tolist()
    assert len(events.Scalars("loss")) == 2 * 16


@pytest.mark.experiments
def test_the_plots_of_the_claims_that_were_asked_for_are_drawn(tmp_path):
    from checks.experiments import plots

    names = {"two_circles_data", "repeated_factor_overflows_at_depth"}
    drawn = plots.draw(tmp_path, {*names, "another"})
    assert {path.stem for path in drawn} == names
    before = [path.read_bytes() for path in drawn]
    assert all(text.startswith(b"<?xml") for text in before)
    assert [
        path.read_bytes() for path in plots.draw(tmp_path, {path.stem for path in drawn})
    ] == before


@pytest.mark.experiments
@pytest.mark.parametrize("fmt", FORMATS)
def test_the_depth_of_a_plot_is_the_last_that_is_finite(fmt):
    from checks.experiments import plots

    depth = plots.largest_finite_depth(fmt)
    threshold = FORMATS[fmt].overflow_threshold
    assert plots.FACTOR**depth < threshold <= plots.FACTOR ** (depth + 1)

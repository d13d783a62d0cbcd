"""Plots of what was measured, as SVG in the report's directory."""

import math
from collections.abc import Callable, Collection, Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from checks.experiments.data import DATA_SEED, two_circles
from checks.experiments.judge import deterministic
from checks.experiments.training import train
from checks.formats import FORMATS
from theory.recipes import Network, Training, TwoCircles

# The factor of the growth whose depth is plotted; the notes print its hundredth power.
FACTOR = Fraction(3, 2)


def draw(report: Path, claims: Collection[str]) -> list[Path]:
    """Draw the plots of these claims, each as plots/CLAIM.svg, and return where they are."""
    paths = []
    for claim, plot in PLOTS.items():
        if claim in claims:
            path = report / "plots" / f"{claim}.svg"
            path.parent.mkdir(parents=True, exist_ok=True)
            # The same run draws the same file.
            with mpl.rc_context({"svg.hashsalt": claim}), deterministic():
                plot().savefig(path, metadata={"Date": None})
            paths.append(path)
    return paths


def _circles() -> Figure:
    figure = Figure(figsize=(5, 5), layout="constrained")
    axes = figure.subplots()
    points, classes = two_circles(TwoCircles(), DATA_SEED)
    for number, marker in enumerate("ox"):
        x, y = points[classes == number].T
        axes.scatter(x, y, s=12, marker=marker, label=f"class {number}")
    axes.set_aspect("equal")
    axes.set_title("The two circles")
    axes.legend()
    return figure


def _layers(axes: Any, network: Network, training: Training, what: str) -> None:
    """The gradients of every layer against the epoch, on a logarithmic axis."""
    (record,) = train(network, training, [0])
    seen = getattr(record, what)
    epochs = np.array_split(seen, training.values["epochs"])
    means = np.array([epoch.mean(axis=0) for epoch in epochs if len(epoch)])
    hidden = network.values["depth"]
    for layer, curve in enumerate(means.T, start=1):
        name = f"layer {layer}" if layer <= hidden else "output"
        axes.semilogy(np.arange(1, len(curve) + 1), curve, label=name)
    axes.set_xlabel("epoch")


def _four_hidden_layers() -> Figure:
    figure = Figure(figsize=(7, 4.5), layout="constrained")
    axes = figure.subplots()
    network = Network(
        depth=4, width=30, inputs=64, outputs=10, activation="sigmoid", start="lecun normal"
    )
    training = Training(data="digits", rate=Fraction(1, 10), momentum=0, epochs=100)
    _layers(axes, network, training, "norms")
    axes.set_title("Four hidden layers of sigmoids learn the digits: ‖∂L/∂w‖ of each layer")
    axes.legend()
    return figure


def _mean_gradients() -> Figure:
    figure = Figure(figsize=(10, 4.5), layout="constrained")
    left, right = figure.subplots(1, 2, sharey=True)
    for axes, activation, start in ((left, "tanh", "unit uniform"), (right, "relu", "he uniform")):
        network = Network(depth=5, activation=activation, start=start)
        _layers(axes, network, Training(), "gradients")
        axes.set_title(f"{activation}, start {start}: mean |∂L/∂w| of each layer")
    right.legend()
    return figure


def _largest_finite_depths() -> Figure:
    figure = Figure(figsize=(6, 4), layout="constrained")
    axes = figure.subplots()
    bars = axes.bar(list(FORMATS), [largest_finite_depth(name) for name in FORMATS])
    axes.bar_label(bars)
    axes.set_yscale("log")
    axes.set_title(f"The largest n for which {float(FACTOR)}ⁿ is finite")
    return figure


def largest_finite_depth(name: str) -> int:
    """The largest n whose FACTORⁿ, correctly rounded, is finite in a format."""
    threshold = Fraction(FORMATS[name].overflow_threshold)
    depth = math.floor(math.log(int(threshold)) / math.log(FACTOR))
    while FACTOR ** (depth + 1) < threshold:
        depth += 1
    while FACTOR**depth >= threshold:
        depth -= 1
    return depth


PLOTS: Mapping[str, Callable[[], Figure]] = {
    "two_circles_data": _circles,
    "layers_near_the_input_learn_slowest": _four_hidden_layers,
    "mean_gradient_per_layer_during_training": _mean_gradients,
    "repeated_factor_overflows_at_depth": _largest_finite_depths,
}

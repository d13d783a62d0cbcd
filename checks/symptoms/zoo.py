"""The zoo: healthy networks, and sick ones that differ from a healthy twin in what made them sick.

A sick row is its twin with the changes that are printed beside it and nothing else, the same seeds
included. What it suffers from is therefore known from how it was made, and `truth` confirms it on
the run itself, without any of the rules: the twin learns and the row does not.
"""

from dataclasses import dataclass, replace
from typing import Any

from checks.symptoms.network import Plan
from checks.symptoms.records import Cause
from checks.symptoms.shapes import Shape

# One layer, a squared loss and inputs of covariance 1: a bowl of curvature 2 every way, whose
# loss is multiplied by (1 − 2·rate)² at every step.
BOWL = Plan(depth=1, width=16, inputs="orthogonal", rate=0.25)

HEALTHY: dict[str, Plan] = {
    "bowl": BOWL,
    "relu of 4 layers": Plan(depth=4, rate=0.02),
    "relu of 6 layers": Plan(depth=6, rate=0.01),
    "relu of 10 layers": Plan(depth=10, rate=0.01),
    "relu with momentum": Plan(depth=10, optimiser="momentum", rate=0.002),
    "relu with Adam": Plan(depth=12, optimiser="adam", rate=0.003),
    "relu with RMSprop": Plan(depth=10, optimiser="rmsprop", rate=0.001),
    "relu of 24 layers with Adam": Plan(depth=24, optimiser="adam", rate=0.003),
    "relu classifier": Plan(depth=10, loss="logistic", rate=0.1),
    "relu, summed loss": Plan(depth=6, reduction="sum", rate=0.01 / 32),
    "leaky relu": Plan(depth=10, activation="leaky_relu", rate=0.01),
    "elu": Plan(depth=10, activation="elu", start="lecun", gain=1.2, rate=0.03),
    "gelu with layer norm": Plan(depth=10, activation="gelu", normalisation="layer", rate=0.01),
    "silu with layer norm": Plan(depth=10, activation="silu", normalisation="layer", rate=0.01),
    "tanh of 4 layers": Plan(depth=4, activation="tanh", start="lecun", rate=0.1),
    "tanh of 10 layers": Plan(depth=10, activation="tanh", start="lecun", rate=0.05),
    "tanh of 20 layers": Plan(depth=20, activation="tanh", start="lecun", rate=0.03),
    "tanh, orthogonal": Plan(depth=24, activation="tanh", start="orthogonal", rate=0.03),
    "tanh classifier": Plan(depth=10, activation="tanh", start="lecun", loss="logistic", rate=0.3),
    "tanh, summed loss": Plan(
        depth=10, activation="tanh", start="lecun", reduction="sum", rate=0.05 / 32
    ),
    "tanh with Adam": Plan(
        depth=10, activation="tanh", start="lecun", optimiser="adam", rate=0.003
    ),
    "linear, orthogonal": Plan(depth=10, activation="linear", start="orthogonal", rate=0.02),
    "linear, one layer": Plan(depth=2, activation="linear", start="orthogonal", rate=0.1),
    "sigmoid of 3 layers": Plan(depth=3, activation="sigmoid", start="lecun", gain=4, rate=0.1),
    "sigmoid with batch norm": Plan(
        depth=5, activation="sigmoid", start="lecun", normalisation="batch", rate=0.05
    ),
    "softplus with batch norm": Plan(
        depth=6, activation="softplus", normalisation="batch", rate=0.01
    ),
    "relu with batch norm": Plan(depth=10, normalisation="batch", rate=0.03),
    "relu of 24 layers with batch norm": Plan(depth=24, normalisation="batch", rate=0.03),
    "relu with layer norm": Plan(depth=10, normalisation="layer", rate=0.02),
    "residual relu": Plan(depth=20, skip=0.2, rate=0.01),
    "residual relu with batch norm": Plan(depth=20, skip=0.3, normalisation="batch", rate=0.02),
    "residual tanh": Plan(depth=24, skip=0.15, activation="tanh", start="lecun", rate=0.02),
    "relu in half precision": Plan(depth=6, rate=0.01, format="float16"),
    # Healthy, whatever a rule may think of them: they learn.
    "sigmoid of 5 layers with Adam": Plan(
        depth=5, activation="sigmoid", start="lecun", optimiser="adam", rate=0.03
    ),
    "relu with Adam, shrunk": Plan(depth=12, gain=0.5, optimiser="adam", rate=0.003),
    "relu with Adam, stretched": Plan(depth=12, gain=1.2, optimiser="adam", rate=0.003),
    "tanh, stretched": Plan(depth=12, activation="tanh", start="lecun", gain=2, rate=0.02),
    "tanh in bfloat16": Plan(
        depth=6, activation="tanh", start="lecun", rate=0.05, format="bfloat16"
    ),
}


@dataclass(frozen=True)
class Row:
    """A network of the zoo: what is wrong with it, and the healthy twin that it was made from."""

    name: str
    plan: Plan
    cause: Cause
    twin: str


def _row(cause: Cause, twin: str, **changes: Any) -> Row:
    said = ", ".join(f"{column} {value}" for column, value in changes.items())
    return Row(f"{twin} · {said}", replace(HEALTHY[twin], **changes), cause, twin)


def _vanishing(twin: str, **changes: Any) -> Row:
    return _row(Cause.VANISHING, twin, **changes)


def _exploding(twin: str, **changes: Any) -> Row:
    return _row(Cause.EXPLODING, twin, **changes)


def _idle(twin: str, **changes: Any) -> Row:
    return _row(Cause.IDLE, twin, **changes)


ZOO: tuple[Row, ...] = (
    *(Row(name, plan, Cause.HEALTHY, name) for name, plan in HEALTHY.items()),
    # Weights too small for the depth.
    _vanishing("relu of 10 layers", gain=0.4),
    _vanishing("relu of 24 layers with Adam", gain=0.2),
    _vanishing("relu classifier", gain=0.3),
    _vanishing("relu, summed loss", gain=0.1),
    _vanishing("leaky relu", gain=0.3),
    _vanishing("elu", gain=0.3),
    _vanishing("tanh of 10 layers", gain=0.3),
    _vanishing("tanh of 20 layers", gain=0.5),
    _vanishing("tanh, orthogonal", gain=0.6),
    _vanishing("tanh classifier", gain=0.2),
    _vanishing("tanh, summed loss", gain=0.2),
    _vanishing("linear, orthogonal", gain=0.2),
    _vanishing("relu with momentum", gain=0.3),
    _vanishing("relu in half precision", gain=0.1),
    _vanishing("tanh in bfloat16", gain=0.1),
    # The slope of the sigmoid is at most a quarter.
    _vanishing("tanh of 10 layers", activation="sigmoid"),
    _vanishing("tanh of 20 layers", activation="sigmoid"),
    _vanishing("tanh classifier", activation="sigmoid"),
    _vanishing("tanh with Adam", activation="sigmoid"),
    _vanishing("tanh, summed loss", activation="sigmoid"),
    _vanishing("sigmoid of 3 layers", depth=10),
    # Saturated, or switched off.
    _vanishing("tanh classifier", start="unit uniform"),
    _vanishing("relu of 10 layers", bias=-3),
    _vanishing("relu classifier", bias=-3),
    # Without the normalisation, or without the skip connections, that kept the signal.
    _vanishing("sigmoid with batch norm", normalisation="none"),
    _vanishing("residual tanh", skip=0.0, gain=0.7),
    # Mild cases.
    _vanishing("relu of 10 layers", gain=0.7),
    _vanishing("tanh of 10 layers", gain=0.5),
    _vanishing("tanh of 4 layers", activation="sigmoid"),
    # Weights too large for the depth.
    _exploding("relu of 10 layers", gain=2),
    _exploding("relu of 6 layers", gain=4),
    _exploding("relu with momentum", gain=3),
    _exploding("relu with Adam", gain=4),
    _exploding("relu classifier", gain=4),
    _exploding("relu, summed loss", gain=4),
    _exploding("relu of 10 layers", start="unit normal"),
    _exploding("leaky relu", gain=3),
    _exploding("elu", gain=3),
    _exploding("linear, orthogonal", gain=3),
    _exploding("relu in half precision", gain=6),
    _exploding("tanh of 20 layers", gain=6),
    _exploding("tanh, orthogonal", gain=4),
    _exploding("relu of 10 layers", start="unit uniform"),
    _exploding("relu of 10 layers", gain=1.3),
    _exploding("relu with Adam", gain=2),
    # Batch norm does not save a deep network, and a skip connection of factor 1 doubles.
    _exploding("relu with batch norm", depth=40),
    _exploding("residual relu", skip=2.0),
    _exploding("residual tanh", skip=1.0, activation="linear"),
    _exploding("silu with layer norm", normalisation="none", gain=2),
    # The step is too large: parameters and gradients feed on each other.
    _exploding("bowl", rate=10.0),
    _exploding("relu of 4 layers", rate=1.0),
    _exploding("relu of 6 layers", rate=0.5),
    _exploding("leaky relu", rate=1.0),
    _exploding("elu", rate=1.0),
    _exploding("linear, orthogonal", rate=1.0),
    _exploding("linear, one layer", rate=1.0),
    _exploding("relu, summed loss", rate=0.05),
    _exploding("relu with momentum", rate=0.2),
    _exploding("residual relu", rate=0.5),
    _exploding("relu with layer norm", rate=3.0),
    # Flat for another reason.
    _idle("relu of 6 layers", rate=2**-20),
    _idle("tanh of 10 layers", rate=2**-20),
    _idle("tanh, orthogonal", rate=2**-20),
    _idle("relu with Adam", rate=2**-20),
    _idle("relu of 10 layers", target="noise"),
    _idle("tanh of 10 layers", target="noise"),
    _idle("relu classifier", target="noise"),
    _idle("residual tanh", target="noise"),
    _idle("tanh with Adam", target="own"),
    _idle("relu of 10 layers", target="own"),
)


def _bowl(rate: float, fmt: str) -> Row:
    return Row(
        f"bowl · rate {rate:g}, {fmt}",
        replace(BOWL, rate=rate, format=fmt),
        Cause.EXPLODING,
        "bowl",
    )


# How the loss explodes is known from the factor: below ten it is no jump, and where the first step
# leaves the format there is nothing between.
SHAPES: dict[Shape, tuple[Row, ...]] = {
    Shape.SLOW: (
        _bowl(1.125, "float16"),
        _bowl(1.25, "float16"),
        _bowl(1.5, "float16"),
        _bowl(2, "float16"),
    ),
    Shape.JUMP: (
        _bowl(5, "float16"),
        _bowl(10, "bfloat16"),
        _bowl(10, "float32"),
        _bowl(100, "float32"),
    ),
    Shape.SUDDEN: (_bowl(2**14, "float16"), _bowl(2.0**80, "bfloat16"), _bowl(2.0**80, "float32")),
}

"""Measures by name: the number that a run yields, with one run behind all measures of it."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from checks.experiments.starts import start
from theory.measures import Measure
from theory.recipes import Recipe


def value(measure: Measure, seed: int) -> float:
    """What a measure is for one seed; NaN where it is nothing."""
    with np.errstate(all="ignore"):
        return float(MEASURES[type(measure).__name__](*measure.args[:-1], seed))


def _gradient_norm_ratio(network: Recipe, seed: int) -> Any:
    errors = start(network, seed).errors
    return errors[0] / errors[-1]


def _growth_per_layer(network: Recipe, seed: int) -> Any:
    errors = start(network, seed).errors
    return (errors[0] / errors[-1]) ** (1 / (len(errors) - 1))


def _line(network: Recipe, seed: int) -> tuple[Any, Any]:
    """The slope of ln‖δ‖ against the layers passed backward, and R²."""
    y = np.log(start(network, seed).errors[::-1])
    x = np.arange(len(y)) - (len(y) - 1) / 2
    y = y - y.mean()
    slope = (x @ y) / (x @ x)
    return slope, slope**2 * (x @ x) / (y @ y)


MEASURES: Mapping[str, Callable[..., Any]] = {
    "GradientNormRatio": _gradient_norm_ratio,
    "GrowthPerLayer": _growth_per_layer,
    "LogErrorFit": lambda network, seed: _line(network, seed)[1],
    "LogErrorSlope": lambda network, seed: _line(network, seed)[0],
}

"""Measures by name: the number that is read off a start, or off the record of a training."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from checks.experiments.data import two_circles
from checks.experiments.descent import refuse_after
from checks.experiments.starts import Start, ratios, start
from checks.experiments.training import Record, train
from checks.symptoms.readings import READINGS
from theory.measures import Measure
from theory.recipes import Network, Training, TwoCircles

# Over how many starts a variance is taken.
DRAWS = 100


class Runs:
    """What seeds yield, each run once for all the measures that look at it.

    Starts are run one by one, trainings for all seeds together. `until` is a time of
    time.perf_counter, after which what is not there yet raises OutOfTime.
    """

    def __init__(self, seeds: Sequence[int], until: float = np.inf) -> None:
        self.seeds = seeds
        self._until = until
        self._found: dict[tuple[Any, ...], Any] = {}

    def value(self, measure: Measure, seed: int) -> float:
        """What a measure is for one seed; NaN where it is nothing."""
        name = type(measure).__name__
        arguments: Any = (*measure.args[:-1], seed)
        with np.errstate(all="ignore"):
            if name in OF_A_TRAINING:
                return float(OF_A_TRAINING[name](self._training(*arguments)))
            refuse_after(self._until)
            if name in OF_A_START:
                return float(OF_A_START[name](self._start(*arguments)))
            return float(OF_A_SEED[name](*arguments))

    def trainings(self, seed: int) -> Iterator[tuple[Network, Training, Record]]:
        """What was trained with a seed."""
        for key, found in self._found.items():
            if isinstance(found, Record) and key[-1] == seed:
                yield key[0], key[1], found

    def _start(self, network: Any, seed: int) -> Start:
        if (network, seed) not in self._found:
            self._found[network, seed] = start(network, seed)
        return self._found[network, seed]

    def _training(self, network: Any, training: Any, seed: int) -> Record:
        if (network, training, seed) not in self._found:
            records = train(network, training, self.seeds, self._until)
            for one, record in zip(self.seeds, records, strict=True):
                self._found[network, training, one] = record
        return self._found[network, training, seed]


# -- of a start -----------------------------------------------------------------------------------


def _growth_per_layer(start: Start) -> Any:
    return (start.errors[0] / start.errors[-1]) ** (1 / (len(start.errors) - 1))


def _line(start: Start) -> tuple[Any, Any]:
    """The slope of ln‖δ‖ against the layers passed backward, and R²."""
    y = np.log(start.errors[::-1])
    x = np.arange(len(y)) - (len(y) - 1) / 2
    y = y - y.mean()
    slope = (x @ y) / (x @ x)
    return slope, slope**2 * (x @ x) / (y @ y)


OF_A_START: Mapping[str, Callable[[Start], Any]] = {
    "DeadUnits": lambda start: start.dead,
    "GradientNormRatio": lambda start: start.errors[0] / start.errors[-1],
    "GrowthPerLayer": _growth_per_layer,
    "LargestGradient": lambda start: start.largest_gradient,
    "LogErrorFit": lambda start: _line(start)[1],
    "LogErrorSlope": lambda start: _line(start)[0],
}


# -- of a training --------------------------------------------------------------------------------


def _largest(numbers: Any) -> Any:
    """The largest number; infinite where there is one that is none."""
    return np.nan_to_num(numbers, nan=np.inf, posinf=np.inf).max()


def _reconstruction_ratio(record: Record) -> Any:
    if not record.reconstruction.size:  # nothing was pretrained
        return np.nan
    before, after = record.reconstruction.T
    return _largest(after / before)


OF_A_TRAINING: Mapping[str, Callable[[Record], Any]] = {
    "FirstGradientNorm": lambda record: _largest(record.norms[0]),
    "FirstNonfiniteStep": lambda record: record.nonfinite or np.inf,
    "GradientGrowth": lambda record: _largest(record.norms) / _largest(record.norms[0]),
    "MeanGradientRatio": lambda record: (
        record.gradients[:, 0].mean() / record.gradients[:, -1].mean()
    ),
    "ReconstructionRatio": _reconstruction_ratio,
    "TestAccuracy": lambda record: record.test_accuracy,
    "WeightGrowth": lambda record: _largest(record.weights / record.weights[0]),
}


# -- of a seed alone ------------------------------------------------------------------------------


def _log_ratio_variance(network: Any, seed: int) -> Any:
    seeds = range(DRAWS * seed, DRAWS * (seed + 1))
    return np.log(ratios(network, seeds) ** 2).var(ddof=1)


def _difference_from_scikit_learn(recipe: TwoCircles, seed: int) -> Any:
    from sklearn.datasets import make_circles

    points, classes = two_circles(recipe, seed)
    others, named = make_circles(
        n_samples=recipe.values["samples"],
        noise=float(recipe.values["noise"]),
        factor=float(recipe.values["factor"]),
        random_state=seed,
    )
    return max(np.abs(points - others).max(), np.abs(classes - named).max())


OF_A_SEED: Mapping[str, Callable[[Any, int], Any]] = {
    "DifferenceFromScikitLearn": _difference_from_scikit_learn,
    "LogRatioVariance": _log_ratio_variance,
    **READINGS,
}

"""Rules: pure functions that read a symptom in a record.

Rules that no change of units can fool come first: they compare a run with itself, across its depth
or with its own past. Rules with absolute thresholds come second, and those take their thresholds
from the float format that the run was trained in. What the documents say literally comes last.

The thresholds are those of `theory.symptoms`; none was fitted to the zoo.
"""

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from checks.formats import Doubles
from checks.symptoms.records import Cause, Measurement, Place, Record, Symptom, first_nonfinite
from checks.symptoms.shapes import Shape, onset, shape
from theory import symptoms

Rule = Callable[[Record], Symptom]

FAR, JUMP, STILL = map(float, (symptoms.FAR, symptoms.JUMP, symptoms.STILL))
CUSTOMARY = float(symptoms.CUSTOMARY_LOG_UPDATE)


# -- exploding: the run against itself ------------------------------------------------------------


def nonfinite_loss_or_weights(record: Record) -> Symptom:
    """The loss or a weight became infinite or NaN; the value counts such entries.

    Only these two: gradients alone can overflow where the weights are saved by a skipped step.
    """
    lost = int(np.count_nonzero(~np.isfinite(record.loss))) + int(record.weights.nonfinite.sum())
    return Symptom(lost > 0, float(lost), first_nonfinite(record))


def loss_jumps(record: Record) -> Symptom:
    """The loss exceeds ten times the largest loss that the run has had before."""
    return _jump(record.loss, "loss")


def weights_jump(record: Record) -> Symptom:
    """The mean magnitude of some layer's weights exceeds ten times its own largest before."""
    traces = _unless(record.weights, record.weights.mean, np.inf).T
    return _worst(*(_jump(trace, f"weights {layer}") for layer, trace in enumerate(traces, 1)))


def loss_or_weights_jump(record: Record) -> Symptom:
    """Either of the two jumps, which is how the documents put it."""
    return _worst(loss_jumps(record), weights_jump(record))


def error_grows_across_depth(record: Record) -> Symptom:
    """At some step the error signal arrives at the first layer over a hundred times as strong.

    Compared are the norms ‖∂loss/∂z‖ over all nodes and samples at the first layer and at the
    output. The gradients of the weights would not do: where a network stretches evenly, the forward
    signal makes up for the backward one, and the gradients of all layers are alike.
    """
    steps, ratios = _first_to_last(record)
    if not ratios.size:
        return Symptom(False, np.nan)
    largest = int(np.argmax(ratios))
    value = float(ratios[largest])
    return Symptom(value > FAR, value, Place("errors 1", int(steps[largest])))


def loss_explodes_in_a_shape(record: Record) -> Symptom:
    """The trace of the loss has one of the three shapes of an explosion; the value numbers it."""
    found = shape(record.loss)
    place = None if found is Shape.NONE else Place("loss", min(onset(record.loss), _last(record)))
    return Symptom(found is not Shape.NONE, float(found), place)


def _last(record: Record) -> int:
    return len(record.loss) - 1


def _jump(trace: Doubles, name: str) -> Symptom:
    """The largest ratio of an entry to the largest before it; to no number is an infinite jump."""
    value, place = 0.0, 0
    for step in range(1, len(trace)):
        before, after = float(np.max(trace[:step])), float(trace[step])
        if not np.isfinite(before):
            break
        ratio = after / before if np.isfinite(after) and before > 0 else np.inf
        if (after > 0 and ratio > value) or not np.isfinite(after):
            value, place = ratio, step
    return Symptom(value > JUMP, value, Place(name, place))


def _worst(*found: Symptom) -> Symptom:
    return max(found, key=lambda symptom: symptom.value)


def _first_to_last(record: Record) -> tuple[NDArray[np.int64], Doubles]:
    """The steps at which the output has an error, and ‖error‖ at the first layer over it.

    An error that is not finite counts as larger than every finite one.
    """
    norms = _unless(record.errors, record.errors.norm, np.inf)
    first, last = norms[:, 0], norms[:, -1]
    (known,) = np.nonzero(np.isfinite(last) & (last > 0))
    return known.astype(np.int64), first[known] / last[known]


def _unless(measurement: Measurement, values: Doubles, lost: float) -> Doubles:
    """The values, and `lost` for every tensor that holds an entry that is not finite."""
    return np.where(measurement.nonfinite > 0, lost, values)


# -- vanishing: the run against itself ------------------------------------------------------------


def error_fades_across_depth(record: Record) -> Symptom:
    """At most steps the error signal arrives at the first layer over a hundred times as weak."""
    _, ratios = _first_to_last(record)
    value = _middle(ratios)
    return Symptom(value < 1 / FAR, value, Place("errors 1", 0))


def first_layer_lags(record: Record) -> Symptom:
    """At most steps the first layer changes over a hundred times less than the last, relatively.

    The value is log10 of the first layer's mean|Δw|/mean|w| less that of the last.
    """
    with np.errstate(invalid="ignore"):
        value = _middle(_log_updates(record, 0) - _log_updates(record, -1))
    return Symptom(value < -math.log10(FAR), value, Place("updates 1", 0))


def _log_updates(record: Record, layer: int) -> Doubles:
    """log10 of mean|Δw|/mean|w| at each finite step; minus infinity where nothing changed."""
    steps = slice(record.finite_steps)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.log10(record.updates.mean[steps, layer] / record.weights.mean[steps, layer])


def _middle(values: Doubles) -> float:
    """The median of what is a number; NaN, which is below and above nothing, of nothing."""
    known = values[~np.isnan(values)]
    # The lower of two middle values: halfway between minus infinity and infinity lies nothing.
    return float(np.quantile(known, 0.5, method="lower")) if known.size else np.nan


# -- absolute thresholds --------------------------------------------------------------------------


def first_layer_hardly_changes(record: Record) -> Symptom:
    """At most steps the first layer's log10 of mean|Δw|/mean|w| is below −5.

    A hundred times less than the customary 10⁻³. The rule knows the rate only by its effect: a rate
    that is too small looks the same.
    """
    value = _middle(_log_updates(record, 0))
    return Symptom(value < CUSTOMARY - math.log10(FAR), value, Place("updates 1", 0))


def first_layer_rounds_away(record: Record) -> Symptom:
    """At most steps the first layer's mean|Δw|/mean|w| is below the format's unit roundoff.

    An update smaller than that, relative to its weight, is lost when it is added.
    """
    value = _middle(_log_updates(record, 0))
    return Symptom(value < math.log10(record.format.unit_roundoff), value, Place("updates 1", 0))


def gradients_underflow(record: Record) -> Symptom:
    """At most steps no gradient of some layer's weights reaches the smallest normal number.

    Only where another layer's do: a network without any error has no gradients.
    """
    largest = record.gradients.largest[: record.finite_steps]
    if not largest.size:
        return Symptom(False, np.nan)
    middle = np.median(largest, axis=0)
    weakest = int(np.argmin(middle))
    fired = bool(middle[weakest] < record.format.smallest_normal <= middle.max())
    return Symptom(fired, float(middle[weakest]), Place(f"gradients {weakest + 1}", 0))


def squares_of_gradients_overflow(record: Record) -> Symptom:
    """The square of some gradient overflows in the format, or the gradient itself does.

    Every norm, and every second moment that an optimiser keeps, needs the square.
    """
    top = _unless(record.gradients, record.gradients.largest, np.inf)
    value, place = _peak(top, "gradients")
    return Symptom(value > math.sqrt(record.format.largest), value, place)


def _peak(values: Doubles, name: str) -> tuple[float, Place]:
    step, layer = np.unravel_index(int(np.argmax(values)), values.shape)
    return float(values[step, layer]), Place(f"{name} {layer + 1}", int(step))


# -- what the documents say -----------------------------------------------------------------------


def node_error_above_one(record: Record) -> Symptom:
    """The error of some node on some sample exceeds 1 at some step."""
    value, place = _peak(_unless(record.errors, record.errors.largest, np.inf), "errors")
    return Symptom(value > 1, value, place)


def node_error_stays_above_one(record: Record) -> Symptom:
    """At every step that is finite the error of some node on some sample exceeds 1."""
    top = _unless(record.errors, record.errors.largest, np.inf).max(axis=1)
    value, place = _peak(-top[: max(1, record.finite_steps), None], "errors")
    return Symptom(-value > 1, -value, place)


def every_node_error_above_one(record: Record) -> Symptom:
    """The mean error of the nodes exceeds 1 in every layer at every step that is finite."""
    steps = max(1, record.finite_steps)
    value, place = _peak(-_unless(record.errors, record.errors.mean, np.inf)[:steps], "errors")
    return Symptom(-value > 1, -value, place)


def loss_is_flat(record: Record) -> Symptom:
    """The loss never strays from its start by more than a tenth of it."""
    start = record.loss[0]
    with np.errstate(invalid="ignore", divide="ignore"):
        strayed = np.abs(record.loss - start) / np.abs(start)
    # A loss that stays exactly 0 strays by 0/0.
    strayed = np.where(record.loss == start, 0.0, strayed)
    value = float(np.max(np.where(np.isfinite(record.loss), strayed, np.inf)))
    return Symptom(value <= STILL, value, Place("loss", 0))


# Each rule with the cause that it is said to show.
DIAGNOSES: dict[Cause, tuple[Rule, ...]] = {
    Cause.EXPLODING: (
        error_grows_across_depth,
        nonfinite_loss_or_weights,
        loss_jumps,
        weights_jump,
        loss_or_weights_jump,
        loss_explodes_in_a_shape,
        squares_of_gradients_overflow,
        node_error_above_one,
        node_error_stays_above_one,
        every_node_error_above_one,
    ),
    Cause.VANISHING: (
        error_fades_across_depth,
        first_layer_hardly_changes,
        first_layer_lags,
        first_layer_rounds_away,
        gradients_underflow,
        loss_is_flat,
    ),
}

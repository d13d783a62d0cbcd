"""NaN is looked for where it has to be, in whatever form a function hides it."""

import numpy as np
import pytest

from checks.formats import FLOAT32
from checks.implementations.numpy_textbook import NUMPY_TEXTBOOK
from checks.lowering import lower
from checks.outcomes import judge
from checks.pinned import at
from checks.verdict import Verdict
from theory.book import CLAIMS
from theory.calculus import PassesNaN
from theory.claim import apart, claim
from theory.domains import Batch, Features, Gradients, UnitInterval, Variances
from theory.heads import batch_norm_running, global_norm
from theory.sources import CV

BOOK = {entry.name: entry for entry in CLAIMS}
RELU = BOOK["relu_passes_nan_on"]


def verdict(entry, example, **functions) -> Verdict:
    return judge(entry, NUMPY_TEXTBOOK.replace(**functions), FLOAT32, example).gravest


def row_of(entry, count: int):
    (name,) = entry.variables
    example = at(entry, FLOAT32, {})
    values = np.linspace(-2, 2, count, dtype=np.float32)
    return type(example)({}, {(name, 0): values}, count)


@pytest.mark.parametrize("count", [16, 17, 40])
def test_nan_that_is_lost_in_full_vectors_alone_is_found(count):
    def relu_in_vectors_of_sixteen(x):
        full = len(x) // 16 * 16
        return np.concatenate([np.where(x[:full] > 0, x[:full], 0), np.maximum(x[full:], 0)])

    assert verdict(RELU, row_of(RELU, count), relu=relu_in_vectors_of_sixteen) is Verdict.DEFECT
    assert verdict(RELU, row_of(RELU, count)) is Verdict.HOLDS


def test_nan_in_one_place_is_no_excuse_for_another():
    moved = row_of(RELU, 6)

    def relu_moves_its_entries(x):
        return np.maximum(np.roll(x, 1), 0)

    assert verdict(RELU, moved, relu=relu_moves_its_entries) is Verdict.DEFECT


def test_a_finding_says_what_was_delivered_for_nan():
    def relu_of_nan_is_two(x):
        return np.where(np.isnan(x), 2, np.maximum(x, 0)).astype(x.dtype)

    implementation = NUMPY_TEXTBOOK.replace(relu=relu_of_nan_is_two)
    first = judge(RELU, implementation, FLOAT32, row_of(RELU, 3)).evidence.faults[0]
    assert first.operation == "relu"
    assert first.what.startswith("delivers 2.0 for NaN")


def test_clipping_may_spread_nan_over_all_entries():
    entry = BOOK["norm_clipping_passes_nan_on"]
    example = at(entry, FLOAT32, {"g": (1, 2, 3), "c": 1})

    def all_nan(grads, max_norm):
        return [np.full_like(grad, np.nan) for grad in grads]

    assert verdict(entry, example, clip_by_norm=all_nan) is Verdict.HOLDS


def test_clipping_that_leaves_the_other_entries_alone_hides_nan():
    entry = BOOK["norm_clipping_passes_nan_on"]
    example = at(entry, FLOAT32, {"g": (1, 2, 3), "c": 1})

    def as_they_are(grads, max_norm):
        return list(grads)

    assert verdict(entry, example, clip_by_norm=as_they_are) is Verdict.DEFECT


def test_a_column_that_holds_no_nan_need_not_be_nan():
    with apart():

        @claim(source=CV.section("2.2"))
        def running_means_pass_nan_on(mean: Features, var: Variances, x: Batch, q: UnitInterval):
            """The running mean of what holds NaN holds NaN."""
            running, _ = batch_norm_running(mean, var, x, q)
            return PassesNaN(running, x)

        example = at(running_means_pass_nan_on, FLOAT32, {"q": 1})
        assert verdict(running_means_pass_nan_on, example) is Verdict.HOLDS


def test_a_value_of_another_shape_holds_nan_too():
    with apart():

        @claim(source=CV.section("2.4"))
        def norms_pass_nan_on(g: Gradients):
            """The norm of what holds NaN is NaN."""
            return PassesNaN(global_norm(g), g)

        example = at(norms_pass_nan_on, FLOAT32, {"g": (3, 4, 5)})

        def norm_of_the_rest(grads):
            return np.sqrt(np.nansum(np.concatenate(grads) ** 2, keepdims=True))[0]

        assert lower(norms_pass_nan_on, example.numbers)
        assert verdict(norms_pass_nan_on, example) is Verdict.HOLDS
        wrong = verdict(norms_pass_nan_on, example, global_norm=norm_of_the_rest)
        assert wrong is Verdict.DEFECT

"""What is exact is worked out once, and never mistaken for something else."""

import numpy as np
import pytest

from checks import outcomes
from checks.example import Example
from checks.formats import FLOAT32
from checks.implementations.numpy_textbook import NUMPY_TEXTBOOK
from checks.lowering import lower
from checks.outcomes import judge
from checks.recent import Recent
from checks.verdict import Verdict
from theory.book import EVALUATED

BOOK = {claim.name: claim for claim in EVALUATED}
POSITIVE = BOOK["sigmoid_slope_is_positive"]


def at(*values: float) -> Example:
    return Example({}, {("x", 0): np.array(values, dtype=np.float32)}, len(values))


def test_a_value_is_worked_out_once():
    recent, asked = Recent(2), []
    for _ in range(3):
        assert recent.of("a", lambda: asked.append("a") or 7) == 7
    assert asked == ["a"]


def test_what_was_not_asked_for_the_longest_is_forgotten():
    recent = Recent(2)
    for what in "abac":
        recent.of(what, lambda: "before")
    assert [recent.of(what, lambda: "again") for what in "ab"] == ["before", "again"]


def test_a_failure_is_not_remembered():
    recent = Recent(2)
    with pytest.raises(ZeroDivisionError):
        recent.of("a", lambda: 1 / 0)
    assert recent.of("a", lambda: 7) == 7


def test_a_claim_is_lowered_once_for_the_same_numbers():
    assert lower(POSITIVE, {}) is lower(POSITIVE, {})


@pytest.mark.parametrize("other", [at(-0.0), at(1.0), at(0.0, 0.0)])
def test_examples_with_other_bits_are_others(other):
    assert at(0.0).bits == at(0.0).bits != other.bits


def test_the_control_runs_an_input_once_for_all_implementations(monkeypatch):
    runs = []
    broken = outcomes.breaks
    monkeypatch.setattr(outcomes, "breaks", lambda *args: runs.append(args) or broken(*args))
    far = at(-105.0, 105.5)  # where the slope is no number of the format
    for _ in range(2):
        assert judge(POSITIVE, NUMPY_TEXTBOOK, FLOAT32, far).gravest is Verdict.FORMAT_LIMIT
    assert len(runs) == 1

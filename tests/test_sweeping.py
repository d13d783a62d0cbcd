"""A sweep tries every number of a format once, and finds what no draw would."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from checks import sweeping
from checks.formats import FLOAT32, FORMATS
from checks.runner import Task, run_task
from checks.sweeping import is_sweepable, pieces_of, sweep
from checks.verdict import Result, Verdict
from theory.book import CLAIMS
from theory.claim import apart

QUARTER = "sigmoid_slope_at_most_a_quarter"
POSITIVE = "sigmoid_slope_is_positive"
# Right for every number but this one.
ONCE = 1 + 3 * 2.0**-23
WRONG_ONCE = f"""
import torch

def relu(x):
    return torch.where(x == {ONCE!r}, 2 * x, torch.relu(x))
"""
RELU = "relu_slope_is_zero_or_one"


def task(claim: str, fmt: str, implementation: str = "numpy-textbook", **more: object) -> Task:
    return Task(claim, implementation, "cpu", fmt, **more)


def swept(of: Task) -> Result:
    told = []
    (result,) = sweep([of], 2, told.append, lambda result: None)
    assert told == [of] * len(sweeping.pieces_of(of))
    return result


@pytest.mark.parametrize("fmt", ["float16", "bfloat16", "float32"])
def test_every_finite_number_has_its_turn_once(fmt):
    pieces = pieces_of(task(QUARTER, fmt))
    top = FORMATS[fmt].largest_ordinal
    assert (pieces[0].first, pieces[-1].end) == (-top, top + 1)
    assert all(one.end == next_.first for one, next_ in pairwise(pieces))
    assert sum(piece.end - piece.first for piece in pieces) == 2 * top + 1


@pytest.mark.parametrize("claim", [QUARTER, POSITIVE])
def test_in_sixteen_bits_a_sweep_says_what_a_check_says(claim, monkeypatch):
    monkeypatch.setattr(sweeping, "STRIDE", 20_000)
    monkeypatch.setattr(sweeping, "BLOCK", 7_000)
    of = task(claim, "float16", expected=Verdict.METHOD_LIMIT)
    result, checked = swept(of), run_task(of)
    assert result.verdict is checked.verdict
    assert result.coverage == "exhaustive 63487"
    assert result.decided == 1
    if checked.smallest:
        assert result.smallest.inputs == checked.smallest.inputs


def test_one_wrong_number_in_four_billion_is_found(tmp_path: Path, monkeypatch):
    file = tmp_path / "kernels.py"
    file.write_text(WRONG_ONCE, encoding="utf-8")
    of = task(RELU, "float32", str(file))
    assert run_task(of).verdict is Verdict.HOLDS
    wrong = int(FLOAT32.ordinals(np.array([ONCE], np.float32))[0])
    around = [piece for piece in pieces_of(of) if piece.first <= wrong < piece.end]
    monkeypatch.setattr(sweeping, "pieces_of", lambda _: around)
    result = swept(of)
    assert result.verdict is Verdict.DEFECT
    assert result.smallest.inputs["x"]["values"] == [ONCE.hex()]


def test_the_domain_bounds_what_is_swept():
    result = swept(task("gelu_is_negative_on_the_left", "bfloat16"))
    assert result.samples == FORMATS["bfloat16"].largest_ordinal


def test_what_is_swept_is_about_one_number():
    swept_claims = {claim.name for claim in CLAIMS if is_sweepable(claim)}
    assert {QUARTER, POSITIVE, RELU} <= swept_claims
    assert not swept_claims & {
        "elu_slope_is_value_plus_alpha",
        "relu_passes_nan_on",
        "silu_vanishes_on_the_left_and_grows_on_the_right",
        "relu_is_cheaper_than_sigmoid",
        "relu_output_is_not_zero_centred",
    }


BELOW_A_QUARTER = """
from theory.language import *


@claim(source=CV.section("1"), corrects="sigmoid_slope_is_below_a_quarter")
def sigmoid_slope_is_no_more_than_a_quarter(x: Real):
    \"\"\"The sigmoid is never steeper than 1/4.\"\"\"
    return Slope(sigmoid(x), x) <= Rational(1, 4)


@refuted(source=CV.section("1"), by={"x": 0}, instead="sigmoid_slope_is_no_more_than_a_quarter")
def sigmoid_slope_is_below_a_quarter(x: Real):
    \"\"\"The sigmoid is less steep than 1/4.\"\"\"
    return Slope(sigmoid(x), x) < Rational(1, 4)
"""


@pytest.mark.parametrize("implementation", ["ideal", "numpy-textbook"])
def test_a_refuted_claim_is_false_at_its_counterexample_in_a_sweep_too(tmp_path, implementation):
    chapter = tmp_path / "notes.py"
    chapter.write_text(BELOW_A_QUARTER, encoding="utf-8")
    name = "sigmoid_slope_is_below_a_quarter"
    with apart():
        of = task(name, "float16", implementation, chapter=str(chapter))
        assert swept(of).verdict is run_task(of).verdict is Verdict.FALSE


def test_a_function_that_loops_ends_the_sweep_of_its_cell(tmp_path: Path, monkeypatch):
    file = tmp_path / "kernels.py"
    file.write_text("def relu(x):\n    while True:\n        pass\n", encoding="utf-8")
    monkeypatch.setattr(sweeping, "PATIENCE", 0.5)
    result = swept(task(RELU, "float16", str(file)))
    assert result.verdict is Verdict.UNDECIDED
    assert result.reason.startswith("no end within 0.5 s")

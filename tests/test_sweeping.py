"""A sweep tries every number of a format once, and finds what no draw would."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from checks import sweeping
from checks.formats import FLOAT32, FORMATS
from checks.runner import Task, run_task
from checks.sweeping import Piece, is_sweepable, pieces_of, sweep
from checks.verdict import Verdict
from theory.book import CLAIMS

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


def swept(pieces, jobs=2):
    told = []
    (result,) = sweep(pieces, jobs, told.append, lambda result: None)
    assert sorted(told, key=lambda piece: piece.first) == list(pieces)
    return result


def around(ordinal: int, of: Task) -> list[Piece]:
    return [piece for piece in pieces_of(of) if piece.first <= ordinal < piece.end]


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
    result, checked = swept(pieces_of(of)), run_task(of)
    assert result.verdict is checked.verdict
    assert result.coverage == "exhaustive 63487"
    assert result.decided == 1
    if checked.smallest:
        assert result.smallest.inputs == checked.smallest.inputs


def test_one_wrong_number_in_four_billion_is_found(tmp_path: Path):
    file = tmp_path / "kernels.py"
    file.write_text(WRONG_ONCE, encoding="utf-8")
    of = task(RELU, "float32", str(file))
    assert run_task(of).verdict is Verdict.HOLDS
    wrong = int(FLOAT32.ordinals(np.array([ONCE], np.float32))[0])
    result = swept(around(wrong, of))
    assert result.verdict is Verdict.DEFECT
    assert result.smallest.inputs["x"]["values"] == [ONCE.hex()]


def test_the_domain_bounds_what_is_swept():
    result = swept(pieces_of(task("gelu_is_negative_on_the_left", "bfloat16")))
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

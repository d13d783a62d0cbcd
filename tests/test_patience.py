"""A function that never returns costs its cell, not the run."""

import pytest

from checks import runner
from checks.runner import Task, run_task
from checks.verdict import Verdict

ENDLESS = """
ARRAY_LIBRARY = "numpy"

def sigmoid(x):
    while True:
        pass
"""


def test_a_function_that_never_returns_leaves_its_cell_undecided(tmp_path, monkeypatch):
    monkeypatch.setattr(runner, "PATIENCE", 0.2)
    (tmp_path / "endless.py").write_text(ENDLESS)
    task = Task("sigmoid_slope_is_positive", str(tmp_path / "endless.py"), "cpu", "float32")
    result = run_task(task)
    assert result.verdict is Verdict.UNDECIDED
    assert "within 0.2 s" in result.reason


@pytest.mark.parametrize("option", ["--formats", "--claims", "--devices"])
def test_an_empty_name_is_no_name(option, capsys):
    from checks.cli import UNUSABLE, run

    assert run(["check", option, ""]) == UNUSABLE
    assert "empty name" in capsys.readouterr().err


def test_a_fault_of_the_checker_costs_its_own_cell_and_no_other(monkeypatch):
    def breaks_off(*arguments):
        raise ZeroDivisionError("by nobody's fault but ours")

    monkeypatch.setattr(runner, "judge", breaks_off)
    task = Task("sigmoid_slope_at_most_a_quarter", "numpy-textbook", "cpu", "float32")
    result = run_task(task)
    assert result.verdict is Verdict.UNDECIDED
    assert "ZeroDivisionError: by nobody's fault but ours" in result.reason

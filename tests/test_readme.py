"""What the README shows is what happens."""

import re
from pathlib import Path

import pytest

from checks import cli
from theory.claim import apart

README = (Path(__file__).parent.parent / "README.md").read_text("utf-8")


@pytest.fixture
def shown(tmp_path, monkeypatch):
    """Write a file that the README shows, and work beside it."""
    monkeypatch.chdir(tmp_path)

    def write(name: str) -> str:
        (block,) = re.findall(rf"```python\n# {name}\n(.*?)```", README, re.DOTALL)
        Path(name).write_text(block, "utf-8")
        return block

    return write


def backproof(*arguments: str) -> int:
    return cli.run(["check", *arguments, "--jobs", "1", "--profile", "dev"])


def test_a_claim_takes_at_most_ten_lines_in_one_file_and_nothing_else(shown):
    lines = [line for line in shown("notes.py").splitlines() if line.strip()]
    assert len(lines) <= 10
    with apart():
        assert backproof("--chapter", "notes.py", "--claims", "tanh_is_nowhere_steeper") == 0


def test_a_claim_that_is_added_and_false_fails(shown):
    false = shown("notes.py").replace("<= 1", "<= Rational(9, 10)")
    Path("notes.py").write_text(false, "utf-8")
    with apart():
        assert backproof("--chapter", "notes.py", "--claims", "tanh_is_nowhere_steeper") == 1


def test_the_kernel_that_cancels_is_named_with_its_smallest_input(shown, capsys):
    shown("kernels.py")
    only = "--claims", "sigmoid_slope", "--formats", "float32"
    assert backproof("--implementation", "kernels.py", *only) == 1
    out = capsys.readouterr().out
    assert "DEFECT" in out
    assert "sigmoid delivered" in out
    assert re.search(r"at x = -?0x1\.", out)


def test_there_are_two_commands():
    assert len(re.findall(r"^python3 -m venv ", README, re.MULTILINE)) == 2

"""No tuned tolerance: every small constant is derived, a format's, or a documented accuracy."""

import ast
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

TREE = Path(__file__).parent.parent
FILES = sorted(
    path
    for folder in ("theory", "checks", "tests")
    for path in (TREE / folder).rglob("*.py")
    if "user_files" not in path.parts
)

# Words that bring a tolerance with them.
TOLERANT = {
    "rtol",
    "atol",
    "isclose",
    "allclose",
    "assert_allclose",
    "approx",
    "rel_tol",
    "abs_tol",
}

# Small decimal literals that are no tolerances, each with its reason.
ALLOWED = {
    ("checks/power.py", "1e-9"): "FALSE_ALARM is a probability",
    ("checks/power.py", "1e-3"): "MISSED is a probability: the power wanted",
    ("checks/costs.py", "1e-3"): "FALSE_ALARM is a probability",
}


def names(path: Path) -> set[str]:
    tree = ast.parse(path.read_text("utf-8"))
    found = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    found |= {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    return found | {
        node.arg for node in ast.walk(tree) if isinstance(node, ast.keyword) if node.arg
    }


def small_decimals(path: Path) -> Iterator[str]:
    with path.open("rb") as stream:
        for token in tokenize.tokenize(stream.readline):
            text = token.string.lower()
            if token.type == tokenize.NUMBER and "e-" in text and not text.startswith("0x"):
                yield text


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(TREE)))
def test_a_file_holds_no_tolerance(path):
    assert not names(path) & TOLERANT


@pytest.mark.parametrize(
    "path",
    [path for path in FILES if path.parts[-2] != "tests"],
    ids=lambda path: str(path.relative_to(TREE)),
)
def test_a_small_constant_has_a_reason(path):
    relative = str(path.relative_to(TREE))
    assert not [text for text in small_decimals(path) if (relative, text) not in ALLOWED]


def test_every_exception_is_still_needed():
    for relative, text in ALLOWED:
        assert text in set(small_decimals(TREE / relative)), f"{relative} no longer holds {text}"

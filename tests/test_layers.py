"""Data flows one way: theory below checks, and nothing in a circle."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

TREE = Path(__file__).parent.parent
FLOATING = {"numpy", "torch", "hypothesis", "ml_dtypes", "scipy", "checks", "tests"}


def module(path: Path) -> str:
    parts = path.relative_to(TREE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {
    module(path): path for folder in ("theory", "checks") for path in (TREE / folder).rglob("*.py")
}


def imported(path: Path, *, everywhere: bool) -> Iterator[str]:
    """The modules that a file imports: at its top, or anywhere in it."""
    tree = ast.parse(path.read_text("utf-8"))
    nodes = ast.walk(tree) if everywhere else iter(tree.body)
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                yield inner if inner in MODULES else node.module


@pytest.mark.parametrize("name", [name for name in MODULES if name.startswith("theory")])
def test_theory_knows_nothing_of_floats(name):
    packages = {found.partition(".")[0] for found in imported(MODULES[name], everywhere=True)}
    assert not packages & FLOATING


@pytest.mark.parametrize("name", MODULES)
def test_nothing_imports_the_tests(name):
    assert "tests" not in {
        found.partition(".")[0] for found in imported(MODULES[name], everywhere=True)
    }


def test_no_file_imports_another_in_a_circle():
    graph = {
        name: {found for found in imported(path, everywhere=False) if found in MODULES}
        for name, path in MODULES.items()
    }
    assert list(TopologicalSorter(graph).static_order())


@pytest.mark.parametrize("command", ["list", "show sigmoid_slope_is_positive", "heads"])
def test_looking_something_up_imports_no_torch(command):
    code = (
        "import sys; from checks import cli; code = cli.run(sys.argv[1:]); "
        "sys.exit(code or int(bool({'torch', 'numpy', 'scipy', 'hypothesis'} & set(sys.modules))))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code, *command.split()], cwd=TREE, capture_output=True, check=False
    )
    assert ran.returncode == 0, ran.stderr

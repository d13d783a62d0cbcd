"""A user's file becomes an implementation, or one line that says what to write instead."""

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from checks import vocabulary
from checks.formats import FORMATS
from checks.loading import load, load_chapter
from checks.unusable import UnusableFile
from theory.claim import REGISTRY, apart
from theory.heads import HEADS

Write = Callable[..., Path]

SIGMOID = "def sigmoid(x):\n    return 1 / (1 + (-x).exp())\n"


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def written(text: str | bytes, name: str = "kernels.py") -> Path:
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return written


def refusal(path: Path | str, device: str = "cpu") -> str:
    with pytest.raises(UnusableFile) as caught:
        load(str(path), device)
    assert "\n" not in str(caught.value)
    return str(caught.value)


# -- what is built in -----------------------------------------------------------------------------


def test_the_vocabulary_names_the_formats_that_there_are():
    assert tuple(FORMATS) == vocabulary.FORMATS


@pytest.mark.parametrize("name", vocabulary.BUILT_IN)
def test_a_built_in_implementation_is_loaded_by_its_name_and_answers_for_everything(name):
    implementation = load(name, "cpu")
    assert implementation.name == name
    assert implementation.answers_for is None
    assert implementation.path is None


@pytest.mark.parametrize("name", ["ideal", "numpy-textbook"])
def test_what_runs_on_the_cpu_only_is_refused_elsewhere(name):
    assert "runs on the cpu only" in refusal(name, "cuda")


def test_a_misspelt_name_is_refused_with_the_nearest():
    assert "did you mean torch-eager?" in refusal("torch-eagre")


# -- what a file defines --------------------------------------------------------------------------


def test_a_file_answers_for_the_heads_that_it_defines(write):
    kernels = load(str(write(SIGMOID)), "cpu")
    assert (kernels.name, kernels.library, kernels.device) == ("kernels", "torch", "cpu")
    assert kernels.answers_for == {"sigmoid"}
    assert kernels.path == write(SIGMOID).resolve()


def test_what_a_torch_file_leaves_out_is_torchs(write):
    kernels, torch_eager = load(str(write(SIGMOID)), "cpu"), load("torch-eager", "cpu")
    assert set(kernels.functions) == set(torch_eager.functions)
    assert kernels.functions["tanh"] is torch_eager.functions["tanh"]
    assert kernels.functions["sigmoid"] is not torch_eager.functions["sigmoid"]


def test_a_numpy_file_without_a_backward_pass_uses_the_textbooks(write):
    text = 'import numpy as np\nARRAY_LIBRARY = "numpy"\ndef tanh(x):\n    return np.tanh(x)\n'
    kernels, textbook = load(str(write(text)), "cpu"), load("numpy-textbook", "cpu")
    assert kernels.library == "numpy"
    assert kernels.answers_for == {"tanh"}
    assert kernels.functions["tanh"](np.zeros(2)).tolist() == [0, 0]
    assert kernels.functions["tanh_backward"] is textbook.functions["tanh_backward"]


def test_a_backward_pass_counts_for_its_head(write):
    text = "def sigmoid_backward(grad, x, y):\n    return grad * y * (1 - y)\n"
    assert load(str(write(text)), "cpu").answers_for == {"sigmoid"}


def test_what_a_file_states_of_itself_is_kept(write):
    text = SIGMOID + 'NAME = "fast"\nWORKING_FORMAT = "storage"\nULPS = {"sigmoid": 3}\n'
    kernels = load(str(write(text + 'LAYOUTS = ["transposed", "cut"]\n')), "cpu")
    assert kernels.name == "fast"
    assert kernels.working == "storage"
    assert kernels.ulps == {"sigmoid": 3.0}
    assert kernels.layouts == ("cut", "transposed")


def test_a_head_that_was_imported_counts_as_defined(write):
    assert load(str(write("from torch import sigmoid, tanh\n")), "cpu").answers_for == {
        "sigmoid",
        "tanh",
    }


def test_a_function_for_numbers_that_was_imported_is_a_helper(write):
    file = write("from math import tanh\ndef gelu(x):\n    return x * tanh(1.0)\n")
    assert load(str(file), "cpu").answers_for == {"gelu"}


@pytest.mark.parametrize("head", HEADS)
def test_every_head_can_be_defined_with_its_parameters(write, head):
    proper = ", ".join(HEADS[head].parameters)
    text = f"def {head}({proper}): ...\ndef {head}_backward(grad, {proper}, output): ...\n"
    assert load(str(write(text)), "cpu").answers_for == {head}


def test_a_file_has_a_module_of_its_own_and_leaves_the_path_alone(write):
    path = list(sys.path)
    text = "import dataclasses\n@dataclasses.dataclass\nclass Options:\n    fast: bool = True\n"
    kernels = load(str(write(SIGMOID + text, "my kernels.py")), "cpu")
    module = sys.modules[kernels.functions["sigmoid"].__module__]
    assert module.__name__ not in {"__main__", "my kernels", "kernels"}
    assert sys.path == path


def test_a_file_imports_its_neighbours(write):
    write("SCALE = 1\n", "neighbouring_constants.py")
    text = "from neighbouring_constants import SCALE\n" + SIGMOID
    assert load(str(write(text)), "cpu").answers_for == {"sigmoid"}


def test_a_neighbour_is_not_taken_for_a_library(write):
    write("raise RuntimeError('not the library')\n", "fractions.py")
    write("raise RuntimeError('not the library')\n", "sympy.py")
    text = "import fractions, sympy\n" + SIGMOID
    assert load(str(write(text)), "cpu").answers_for == {"sigmoid"}


def test_a_file_that_is_loaded_twice_is_executed_once_until_it_changes(write):
    text = SIGMOID + "print('once')\n"
    first, second = load(str(write(text)), "cpu"), load(str(write(text)), "cpu")
    changed = load(str(write(text + "\n")), "cpu")
    assert first.functions["sigmoid"] is second.functions["sigmoid"]
    assert first.functions["sigmoid"] is not changed.functions["sigmoid"]


def test_what_a_file_prints_stays_out_of_the_report(write, capsys):
    load(str(write("print('compiling')\n" + SIGMOID)), "cpu")
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "compiling" in printed.err


# -- what is unusable -----------------------------------------------------------------------------


def test_a_missing_file_is_refused(tmp_path):
    assert "there is no such file" in refusal(tmp_path / "kernels.py")


def test_a_directory_is_refused(tmp_path):
    assert "is a directory; give one .py file" in refusal(tmp_path)


def test_a_file_of_another_kind_is_refused(write):
    assert "is no .py file" in refusal(write(SIGMOID, "kernels.txt"))


def test_a_path_that_cannot_exist_is_refused():
    assert "there is no such file" in refusal("kernels\0.py")
    assert "cannot be read" in refusal("k" * 5000 + ".py")


def test_an_unreadable_file_is_refused(write, monkeypatch):
    def denied(path):
        raise PermissionError(13, "Permission denied", str(path))

    path = write(SIGMOID)
    monkeypatch.setattr(Path, "read_bytes", denied)
    assert "cannot be read (permission denied); check its permissions" in refusal(path)


def test_a_file_that_is_not_utf_8_is_refused(write):
    assert "byte 4 is not UTF-8; save the file as UTF-8" in refusal(write(b"# \xc3\xa4\xe4\n"))


def test_a_byte_order_mark_is_no_error(write):
    assert load(str(write(b"\xef\xbb\xbf" + SIGMOID.encode())), "cpu").answers_for == {"sigmoid"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("def sigmoid(x):\nreturn x\n", "kernels.py, line 2: is no Python (expected an indented"),
        ("x = '\0'\n", "null bytes"),
        ("\nimport sys\nsys.exit(3)\n", "kernels.py, line 3: exits while it is imported"),
        ("raise SystemExit\n", "line 1: exits while it is imported"),
        ("def f():\n    1 / 0\nf()\n", "line 2: raised ZeroDivisionError: division by zero"),
        ("raise ValueError('two\\nlines')\n", "raised ValueError: two lines while"),
        ("import no_such_module_anywhere\n", "raised ModuleNotFoundError: No module named"),
        ("def f():\n    f()\nf()\n", "raised RecursionError"),
        ("class Odd(BaseException): ...\nraise Odd\n", "raised Odd while"),
    ],
)
def test_a_file_that_cannot_be_imported_is_refused_with_the_line(write, text, message):
    path = list(sys.path)
    file = write(text)
    assert message in refusal(file)
    assert str(file) not in {getattr(module, "__file__", "") for module in sys.modules.values()}
    assert sys.path == path


def test_an_interrupt_is_not_swallowed(write):
    with pytest.raises(KeyboardInterrupt):
        load(str(write("raise KeyboardInterrupt\n")), "cpu")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "defines no head; name functions as `backproof heads` prints them"),
        ("def Sigmoid(x): ...\n", "Sigmoid is none (did you mean sigmoid?)"),
        ("def batchnorm(x): ...\n", "batchnorm is none (did you mean batch_norm?)"),
        ("sigmoid = 3\n", "sigmoid is a int and no function; write def sigmoid(x)"),
        ("def leaky_relu(x): ...\n", "write def leaky_relu(x, negative_slope)"),
        ("def relu(x, *, inplace): ...\n", "relu(x, *, inplace) cannot take 1 arguments"),
        ("def tanh_backward(grad): ...\n", "write def tanh_backward(grad, x, output)"),
        (SIGMOID + 'ARRAY_LIBRARY = "jax"', 'write ARRAY_LIBRARY = "torch" or "numpy"'),
        (SIGMOID + "ARRAY_LIBRARY = []", "unknown ARRAY_LIBRARY []"),
        (SIGMOID + 'WORKING_FORMAT = "float32"', 'write WORKING_FORMAT = "storage"'),
        (SIGMOID + "ULPS = 3", "ULPS is a int and no dictionary"),
        (SIGMOID + 'ULPS = {"tanh": 3}', "states 'tanh', which this file does not define"),
        (SIGMOID + 'ULPS = {"sigmoid": 0}', "a positive number"),
        (SIGMOID + 'ULPS = {"sigmoid": True}', "a positive number"),
        (SIGMOID + 'ULPS = {"sigmoid": float("nan")}', "a positive number"),
        (SIGMOID + 'ULPS = {"sigmoid": "3"}', "a positive number"),
        (SIGMOID + 'LAYOUTS = "cut"', "LAYOUTS is a str and no tuple; write LAYOUTS = ()"),
        (SIGMOID + 'LAYOUTS = ("transpose",)', "'transpose' (did you mean transposed?)"),
        (SIGMOID + "LAYOUTS = (3,)", "LAYOUTS states 3; write LAYOUTS = ()"),
        (SIGMOID + "NAME = 3", 'write one line of text: NAME = "my-kernels"'),
        (SIGMOID + 'NAME = "a\\nb"', "write one line of text"),
        (SIGMOID + 'NAME = "ideal"', "the name of a built-in implementation"),
    ],
)
def test_a_file_that_does_not_keep_the_contract_is_refused(write, text, message):
    assert message in refusal(write(text))


def test_a_numpy_file_is_refused_on_another_device(write):
    text = 'ARRAY_LIBRARY = "numpy"\n' + SIGMOID
    assert "write --devices cpu" in refusal(write(text), "cuda")


# -- a chapter of one's own -----------------------------------------------------------------------

CHAPTER = '''
from theory.language import *

NOTES = Document("Notes", "My notes")

@claim(source=NOTES.section("1"))
def sigmoid_is_below_one(x: Real):
    """The sigmoid stays below 1."""
    return sigmoid(x) < 1
'''


def chapter_refusal(path: Path) -> str:
    before = dict(REGISTRY)
    with pytest.raises(UnusableFile) as caught:
        load_chapter(path)
    assert before == REGISTRY
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_chapter_is_entered_in_the_book(write):
    with apart():
        (claim,) = load_chapter(write(CHAPTER, "my_notes.py"))
        assert REGISTRY["sigmoid_is_below_one"] is claim
        assert claim.chapter == "my_notes"
        assert claim.where == f"{write(CHAPTER, 'my_notes.py').resolve()}:6"


def test_a_chapter_that_is_loaded_again_is_the_same(write):
    with apart():
        assert load_chapter(write(CHAPTER)) == load_chapter(write(CHAPTER))


def test_a_chapter_can_be_loaded_again_once_it_is_gone(write):
    for _ in range(2):
        with apart():
            assert [claim.name for claim in load_chapter(write(CHAPTER))] == [
                "sigmoid_is_below_one"
            ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x = 1\n", "defines no claim; write @claim(source=...)"),
        (CHAPTER.replace("(x) < 1", "(x)"), "sigmoid_is_below_one: the body returns sigmoid"),
        (CHAPTER.replace("sigmoid_is_below_one", "sigmoid_slope_is_positive"), "rename one of"),
        (CHAPTER.replace('section("1")', 'section("1"), corrects="x"'), "'x' names no claim"),
        (CHAPTER + "raise ValueError('no')\n", "line 10: raised ValueError: no"),
        (CHAPTER + "oops\n", "raised NameError"),
    ],
)
def test_a_chapter_that_cannot_stand_is_refused_and_leaves_no_trace(write, text, message):
    assert message in chapter_refusal(write(text, "my_notes.py"))


def test_a_missing_chapter_is_refused(tmp_path):
    assert "there is no such file" in chapter_refusal(tmp_path / "notes.py")

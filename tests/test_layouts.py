"""How an array lies in memory changes nothing but where a function has to look."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from checks.counterexamples import describe
from checks.example import Example, decode, encode
from checks.formats import FLOAT32, FORMATS
from checks.implementation import Implementation
from checks.implementations.ideal import IDEAL
from checks.implementations.numpy_textbook import NUMPY_TEXTBOOK
from checks.implementations.torch_eager import torch_eager
from checks.layouts import laid_out, relaid
from checks.loading import load
from checks.outcomes import judge
from checks.runner import Profile, check
from checks.verdict import Verdict
from checks.vocabulary import LAYOUTS
from tests.mutants import MUTANTS
from tests.turns import NIGHTLY
from theory.book import EVALUATED

BOOK = {claim.name: claim for claim in EVALUATED}
NUMPY, TORCH = NUMPY_TEXTBOOK, torch_eager()
VIEWS = ("strided", "cut", "transposed")
IMAGES = ("images", "channels last")
MATRIX = np.arange(24, dtype=np.float32).reshape(12, 2)


def seen(layout, head, *arguments, base=NUMPY):
    """What a function is given in a layout, and what becomes of it when it returns the first."""
    given = []

    def function(*arguments):
        given.extend(arguments)
        return arguments[0]

    result = laid_out(base.replace(**{head: function}), layout).functions[head](*arguments)
    return given, result


@pytest.mark.parametrize("layout", VIEWS)
@pytest.mark.parametrize("array", [MATRIX, MATRIX[0], MATRIX[0, 0:1].reshape(()), MATRIX[:0]])
@pytest.mark.parametrize("base", [NUMPY, TORCH])
def test_a_view_holds_the_same_numbers_in_the_same_shape(layout, array, base):
    given = torch.tensor(array) if base is TORCH else array
    (view,), result = seen(layout, "global_norm", given, base=base)
    assert np.array_equal(np.asarray(view), array)
    assert type(view) is type(given)
    assert view.shape == given.shape == result.shape


@pytest.mark.parametrize(
    ("layout", "strides"), [("strided", (6, 2)), ("cut", (4, 1)), ("transposed", (1, 12))]
)
def test_a_matrix_lies_in_memory_as_its_layout_says(layout, strides):
    (of_numpy,), _ = seen(layout, "global_norm", MATRIX)
    (of_torch,), _ = seen(layout, "global_norm", torch.tensor(MATRIX), base=TORCH)
    assert tuple(step // 4 for step in of_numpy.strides) == of_torch.stride() == strides


def test_what_lies_between_the_numbers_is_not_a_number():
    (view,), _ = seen("strided", "global_norm", MATRIX)
    between = np.ravel(view.base)[~np.isin(np.ravel(view.base), MATRIX)]
    assert len(between) == 12 * 4
    assert np.isnan(between).all()


@pytest.mark.parametrize(
    ("layout", "shape"), [("strided", (2, 2, 2, 8)), ("cut", (2, 2, 16)), ("transposed", (2, 32))]
)
def test_a_function_that_takes_any_shape_gets_matrices_and_more(layout, shape):
    (view,), result = seen(layout, "sigmoid", np.arange(64, dtype=np.float32))
    assert view.shape == shape
    assert np.array_equal(result, np.arange(64))


@pytest.mark.parametrize("base", [NUMPY, TORCH])
def test_a_function_that_takes_any_shape_gets_single_numbers_and_nothing(base):
    array = torch.tensor(MATRIX) if base is TORCH else MATRIX
    given, result = seen("single", "sigmoid", array, base=base)
    assert [tuple(part.shape) for part in given] == [(), (), (22,), (0,)]
    assert np.array_equal(np.asarray(result), MATRIX)


@pytest.mark.parametrize("layout", ["strided", "cut"])
def test_gradients_of_autograd_come_in_the_layout_too(layout):
    strides = []

    class Echo(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2

        @staticmethod
        def backward(ctx, grad):
            strides.append(grad.stride())
            return grad

    x = torch.tensor(MATRIX, requires_grad=True)
    (given,), _ = seen(layout, "global_norm", torch.tensor(MATRIX), base=TORCH)
    implementation = laid_out(TORCH.replace(sigmoid=Echo.apply), layout)
    implementation.functions["sigmoid"](x).backward(torch.tensor(MATRIX))
    assert strides == [given.stride()]
    assert np.array_equal(x.grad.numpy(), MATRIX)


@pytest.mark.parametrize("layout", IMAGES)
@pytest.mark.parametrize("base", [NUMPY, TORCH])
def test_the_rows_of_a_batch_are_the_pixels_of_images(layout, base):
    rows, features = MATRIX, MATRIX[0]
    if base is TORCH:
        rows, features = torch.tensor(rows), torch.tensor(features)
    (images, gamma, _, _), result = seen(
        layout, "batch_norm", rows, features, features, 1, base=base
    )
    assert images.shape == (2, 2, 3, 2)
    assert np.array_equal(np.asarray(images[0, :, 0, 1]), MATRIX[1])
    assert gamma is features
    assert np.array_equal(np.asarray(result), MATRIX)
    packed = images.flags.c_contiguous if base is NUMPY else images.is_contiguous()
    assert packed == (layout == "images")


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("fmt", FORMATS.values() if NIGHTLY else [FLOAT32], ids=str)
def test_layouts_change_no_verdict_of_the_textbook(fmt, layout):
    laid = replace(NUMPY, layouts=(layout,))
    for claim in BOOK.values():
        for example in relaid(claim, fmt, laid) if not claim.is_statistical else ():
            verdict = judge(claim, laid, fmt, example).gravest
            plain = judge(claim, laid, fmt, replace(example, layout="")).gravest
            assert verdict is plain, claim.name


def test_ideal_arrays_have_no_layout():
    assert laid_out(IDEAL, "cut") is IDEAL


LAYOUT_MUTANTS = [name for name, mutant in MUTANTS.items() if mutant.implementation.layouts]


@pytest.mark.parametrize("name", LAYOUT_MUTANTS)
def test_a_function_that_is_right_for_contiguous_arrays_is_found_in_another_layout(name):
    mutant = MUTANTS[name]
    plain: Implementation = replace(mutant.implementation, layouts=())
    few = Profile(examples=4, derandomize=True)
    for claim in map(BOOK.get, mutant.exposed_by):
        assert check(claim, plain, FLOAT32, few).verdict is not Verdict.DEFECT
        found = check(claim, mutant.implementation, FLOAT32, few)
        assert found.verdict is Verdict.DEFECT
        assert found.smallest.inputs["as"] == mutant.implementation.layouts[0]
        assert found.smallest.message.endswith(f"given {LAYOUTS[found.smallest.inputs['as']]}")
        # As a replay does.
        again = describe(
            claim,
            mutant.implementation,
            FLOAT32,
            decode(found.smallest.inputs, FLOAT32),
            Verdict.DEFECT,
        )
        assert again.inputs == found.smallest.inputs
        assert again.message == found.smallest.message


def test_a_layout_is_written_down_and_read_again():
    example = Example({}, {("x", 0): MATRIX}, layout="channels last")
    assert decode(encode(example), FLOAT32).layout == "channels last"


def test_a_function_that_refuses_views_is_told_what_to_state(tmp_path):
    file = tmp_path / "kernels.py"
    body = "def relu(x):\n    return x.view(-1).relu().view(x.shape)\n"
    file.write_text(body, encoding="utf-8")
    claim, few = BOOK["relu_slope_is_zero_or_one"], Profile(examples=4, derandomize=True)
    message = check(claim, load(str(file), "cpu"), FLOAT32, few).smallest.message
    assert message.startswith("relu raised RuntimeError: view size is not compatible")
    assert message.endswith("a file whose functions do not take these states its LAYOUTS")
    file.write_text(body + "LAYOUTS = ()\n", encoding="utf-8")
    assert check(claim, load(str(file), "cpu"), FLOAT32, few).verdict is Verdict.HOLDS


RNN_OF_CONTIGUOUS_ARRAYS = """
import torch

LAYOUTS = ()

def rnn_cell(x, h, U, W, b, a):
    return torch.rnn_tanh_cell(x, h, U, W, b, a)

def rnn_cell_backward(grad, x, h, U, W, b, a, y):
    assert grad.is_contiguous()
    dz = grad * (1 - y * y)
    return dz @ U, dz @ W, dz.T @ x, dz.T @ h, dz.sum(0), dz.sum(0)
"""


def test_a_sum_hands_on_a_contiguous_gradient_where_no_other_is_taken(tmp_path):
    file = tmp_path / "kernels.py"
    file.write_text(RNN_OF_CONTIGUOUS_ARRAYS, encoding="utf-8")
    claim, few = BOOK["rnn_bias_gradient_adds_up_the_rows"], Profile(examples=4, derandomize=True)
    assert check(claim, load(str(file), "cpu"), FLOAT32, few).verdict is Verdict.HOLDS


def test_every_other_array_stays_as_it_is_where_some_are_transposed():
    given, _ = seen("transposed", "linear", MATRIX, MATRIX, MATRIX)
    assert [array.flags.c_contiguous for array in given] == [False, True, False]


def test_a_function_of_several_outputs_gets_no_gradient_for_one_that_nobody_uses():
    def lstm_cell(x, h, c, w_ih, w_hh, b_ih, b_hh):
        return torch.stack(torch.lstm_cell(x, (h, c), w_ih, w_hh, b_ih, b_hh)).unbind(0)

    implementation, few = TORCH.replace(lstm_cell=lstm_cell), Profile(examples=4, derandomize=True)
    claim = BOOK["lstm_cell_path_is_the_forget_gate"]
    assert check(claim, implementation, FLOAT32, few).verdict is not Verdict.DEFECT


def flat(x):
    return torch.sigmoid(x.reshape(-1))


def rows_of_images(x, gamma, beta, eps):
    y = NUMPY.functions["batch_norm"](x, gamma, beta, eps)
    return y if y.ndim == 2 else y.transpose(0, 2, 3, 1).reshape(-1, y.shape[1])


def writes_into_a_view(x):
    y = np.tanh(x)
    if not x.flags.c_contiguous:
        x[...] = y
    return y


def launches_a_block_too_few(x):
    """The grid of a kernel has to have at least one block."""
    if not x.numel():
        raise RuntimeError("invalid configuration argument")
    return torch.tanh(x)


@pytest.mark.parametrize(
    ("base", "head", "function", "claim", "what"),
    [
        (
            TORCH,
            "sigmoid",
            flat,
            "sigmoid_slope_is_even",
            "returned shape (1,) for one of (1, 1)",
        ),
        (NUMPY, "batch_norm", rows_of_images, "batch_norm_output_has_mean_beta", "returned shape"),
        (NUMPY, "tanh", writes_into_a_view, "tanh_slope_at_most_one", "changed an array"),
        (
            TORCH,
            "tanh",
            launches_a_block_too_few,
            "tanh_slope_at_most_one",
            "invalid configuration argument, given numbers without dimensions, and arrays without",
        ),
    ],
)
def test_what_only_a_layout_shows_is_a_defect(base, head, function, claim, what):
    few = Profile(examples=4, derandomize=True)
    found = check(BOOK[claim], base.replace(**{head: function}), FLOAT32, few)
    assert found.verdict is Verdict.DEFECT
    assert what in found.smallest.message

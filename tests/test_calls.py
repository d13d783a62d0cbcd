"""A function leaves its arguments and the process as it found them, or is named, or is undone."""

from dataclasses import replace

import flint
import numpy as np
import pytest
import torch

from checks.evidence import gather
from checks.example import Example
from checks.filling import Structure, fill
from checks.formats import FLOAT32
from checks.implementations.numpy_textbook import NUMPY_TEXTBOOK
from checks.implementations.torch_eager import torch_eager
from checks.loading import load
from checks.pinned import at
from theory.book import CLAIMS

BOOK = {claim.name: claim for claim in CLAIMS}
SLOPE = BOOK["sigmoid_slope_at_most_a_quarter"]
SKIP = BOOK["skip_connection_adds_identity"]
STRUCTURE = Structure({}, 1, 3, 2, (3,), ((1,),), "moderate", 0, 7)
TORCH = torch_eager()
BOTH = pytest.mark.parametrize(
    "implementation", [NUMPY_TEXTBOOK, TORCH], ids=lambda implementation: implementation.name
)


def numbers(*values):
    return Example({}, {("x", 0): np.array(values, dtype=np.float32)}, len(values))


def misbehaviours(claim, implementation, example):
    faults = gather(claim, implementation, FLOAT32, example).faults
    return [f"{fault.operation} {fault.what}" for fault in faults]


@BOTH
def test_a_function_that_changes_its_input_is_named_on_a_sample_that_it_changes(implementation):
    right = implementation.functions["sigmoid"]

    def clearing(x):
        y = right(x)
        (x.data if isinstance(x, torch.Tensor) else x)[...] = 0
        return y

    evidence = gather(
        SLOPE, implementation.replace(sigmoid=clearing), FLOAT32, numbers(0, 0, 0, 2, 0)
    )
    (fault,) = evidence.faults
    assert f"{fault.operation} {fault.what}" == "sigmoid changed an array that it was given"
    assert evidence.outside.tolist() == [False, False, False, True, False]
    assert evidence.decided.tolist() == evidence.outside.tolist()


@BOTH
@pytest.mark.parametrize("which", ["grad", "x", "y"])
def test_a_backward_pass_that_changes_what_it_reads_is_named(implementation, which):
    def clearing(grad, x, y):
        result = grad * y * (1 - y)
        {"grad": grad, "x": x, "y": y}[which][...] = 7
        return result

    changing = implementation.replace(sigmoid_backward=clearing)
    found = misbehaviours(SLOPE, changing, numbers(1, 2))
    assert found == ["sigmoid_backward changed an array that it was given"]


class MaskedInPlace(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x.clamp(min=0)

    @staticmethod
    def backward(ctx, grad):
        return grad.masked_fill_(ctx.saved_tensors[0] <= 0, 0)


def test_a_torch_function_that_changes_the_gradient_it_is_given_is_named():
    changing = TORCH.replace(relu=MaskedInPlace.apply)
    found = misbehaviours(BOOK["relu_slope_is_zero_or_one"], changing, numbers(1, -2))
    assert found == ["the backward pass of relu changed the gradient that it was given"]


def test_a_sum_that_hands_on_the_gradient_that_a_branch_changes_is_not_named():
    changing = TORCH.replace(relu=MaskedInPlace.apply)
    entry = BOOK["identity_path_is_lossless"]
    found = misbehaviours(entry, changing, at(entry, FLOAT32, {"n": 1, "x": 1}))
    assert found == ["the backward pass of relu changed the gradient that it was given"]


@BOTH
def test_a_residual_may_add_to_what_its_branch_returned(implementation):
    def in_place(x, branch):
        y = branch(x)
        y += x
        return y

    example = fill(SKIP, FLOAT32, STRUCTURE)
    assert misbehaviours(SKIP, implementation.replace(residual=in_place), example) == []


def test_one_output_for_all_calls_is_a_changed_array():
    buffer = np.zeros((1, 3), np.float32)

    def tanh(x):
        np.tanh(x, out=buffer)
        return buffer

    claim = BOOK["layer_gradient_is_a_product_of_jacobians"]
    deep = fill(claim, FLOAT32, replace(STRUCTURE, depth=3))
    found = misbehaviours(claim, NUMPY_TEXTBOOK.replace(tanh=tanh), deep)
    assert any("tanh" in one or "changed" in one for one in found)


def test_an_output_that_the_next_call_overwrites_is_a_changed_array():
    buffers: dict[object, np.ndarray] = {}

    def relu(x):
        out = buffers.setdefault(x.shape, np.empty_like(x))
        return np.maximum(x, 0, out=out)

    claim = BOOK["relu_chain_gradient_is_the_product_of_its_weights"]
    deep = at(claim, FLOAT32, {"n": 2, "x": 1, "w": 2})
    found = misbehaviours(claim, NUMPY_TEXTBOOK.replace(relu=relu), deep)
    assert found == ["relu changed what it had delivered before"]


@pytest.mark.parametrize("raised", [GeneratorExit, SystemExit, pytest.skip.Exception])
def test_whatever_a_function_raises_is_its_own(raised):
    def raising(x):
        raise raised("no")

    found = misbehaviours(SLOPE, TORCH.replace(sigmoid=raising), numbers(1))
    assert found == [f"sigmoid raised {raised.__name__}: no"]


def test_an_interrupt_is_nobodys_fault():
    def interrupted(x):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        gather(SLOPE, TORCH.replace(sigmoid=interrupted), FLOAT32, numbers(1))


SETTING = """
np.seterr(all="raise")
torch.set_default_dtype(torch.float64)
torch.set_default_device("meta")
torch.set_grad_enabled(False)
torch.set_flush_denormal(True)
flint.ctx.prec = 24
"""


def modes():
    return (
        np.geterr(),
        torch.get_default_dtype(),
        torch.get_default_device(),
        torch.is_grad_enabled(),
        float(np.float64(2.0**-1022) / 2),  # 0 where subnormals are flushed
        flint.ctx.prec,
    )


def test_what_a_file_sets_for_the_process_is_put_back(tmp_path):
    before = modes()
    inner = SETTING.replace("\n", "\n    ").rstrip()
    path = tmp_path / "setting.py"
    path.write_text(
        f"import flint\nimport numpy as np\nimport torch\n{SETTING}\n"
        f"def sigmoid(x):\n    y = torch.sigmoid(x){inner}\n    return y\n"
    )
    implementation = load(str(path), "cpu")
    assert modes() == before
    assert not gather(SLOPE, implementation, FLOAT32, numbers(1, -3)).faults
    assert modes() == before


@BOTH
def test_a_gradient_that_several_sent_is_charged_to_each_that_is_judged(implementation):
    def doubled(grad, x, branch, y):
        return 2 * grad, grad

    wrong = implementation.replace(residual_backward=doubled)
    for own in ("residual", "linear"):
        example = fill(SKIP, FLOAT32, STRUCTURE)
        judged = replace(wrong, answers_for=frozenset({own}))
        operations = {fault.operation for fault in gather(SKIP, judged, FLOAT32, example).faults}
        assert "the backward pass of residual or of linear" in operations

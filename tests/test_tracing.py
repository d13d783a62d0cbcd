"""Three machines run one program alike, and no function can harm the trace or crash the run."""

from fractions import Fraction

import numpy as np
import pytest
import torch
from hypothesis import given, settings, strategies as st
from sympy import Eq

from checks import readings
from checks.contract import Contract
from checks.evidence import gather, inspect
from checks.example import Example
from checks.filling import Structure, fill
from checks.formats import FLOAT32, FLOAT64, FORMATS
from checks.implementation import Implementation, Misbehaviour
from checks.implementations.ideal import IDEAL
from checks.implementations.numpy_textbook import NUMPY_TEXTBOOK
from checks.implementations.torch_eager import torch_eager
from checks.implementations.torch_machine import to_numpy, to_tensor
from checks.lists import entered
from checks.lowering import lower
from checks.machines import machine
from checks.tracing import run
from checks.traits import is_deep
from tests.turns import claims_in_turn
from theory.book import EVALUATED
from theory.calculus import Gradient, Slope, Total
from theory.claim import Claim, Standing, apart, claim
from theory.domains import Batch, Real, SmoothMap, Vector
from theory.heads import residual, sigmoid, tanh
from theory.sources import CV

TORCH = torch_eager()
BUILT_IN = {"numpy": NUMPY_TEXTBOOK, "torch": TORCH, "ideal": IDEAL}
# What is compared input by input: no means over draws, and no NaN or infinities put in.
DETERMINISTIC = [
    entry
    for entry in EVALUATED
    if not (entry.is_statistical or entry.is_of_nan or entry.is_of_infinities)
]
EVERY = pytest.mark.parametrize("fmt", FORMATS.values(), ids=str)
# Every claim in every format is judged, in each example.
FEWER = settings(max_examples=max(settings().max_examples // 25, 4))
BOTH = pytest.mark.parametrize("library", ["numpy", "torch"])


def stated(formula) -> Claim:
    formula.__doc__ = "It is so."
    with apart():
        return claim(source=CV.section("1"))(formula)


def slope_of_the_sigmoid(x: Real):
    return Slope(sigmoid(x), x) <= 1


def gradient_through_a_residual(x: Vector, f: SmoothMap):
    return Eq(Gradient(Total(residual(x, f(x))), x), 0)


def gradient_of_two_layers(x: Batch):
    return Eq(Gradient(Total(tanh(sigmoid(x))), x), 0)


SLOPE = stated(slope_of_the_sigmoid)
RESIDUAL = stated(gradient_through_a_residual)
LAYERS = stated(gradient_of_two_layers)


def example_of(entry: Claim, fmt, seed=1) -> Example:
    rng = np.random.default_rng(seed)
    numbers = {
        name: Fraction(str(symbol.simplest)) or Fraction(1, 4)
        for name, symbol in entry.variables.items()
        if symbol.form == "number"
    }
    depth = 5 if is_deep(entry) else 3
    shapes = ((2, 3), (4,))
    structure = Structure(
        numbers, depth, 3, 8, (2, 4) * 6, shapes, "moderate", -1, int(rng.integers(99))
    )
    return fill(entry, fmt, structure, enumerated=False)


def traced(entry: Claim, implementation: Implementation, fmt, example: Example):
    program = lower(entry, example.numbers)
    return program, run(program, machine(implementation, fmt), example.arrays)


def parts_contain(balls, values):
    """Whether each array lies in its ball, for an array or a list of them."""
    for ball, value in zip(entered(balls), entered(values), strict=True):
        yield ball.contains(value).all()


# -- agreement ------------------------------------------------------------------------------------


# The ledger has it that torch takes 1/6 in float32 here, whatever the format.
DEFECTS = {("torch", "hardsigmoid_slope_at_most_a_sixth")}
SOUND = [
    pytest.param(entry, library, id=f"{library}-{entry.name}")
    for library in BUILT_IN
    for entry in DETERMINISTIC
    if (library, entry.name) not in DEFECTS
]


@pytest.mark.parametrize(("entry", "library"), SOUND)
def test_values_and_derivatives_in_float64_lie_in_the_propagated_enclosures(entry, library):
    implementation, example = BUILT_IN[library], example_of(entry, FLOAT64)
    program, trace = traced(entry, implementation, FLOAT64, example)
    contract = Contract.of(implementation, FLOAT64)
    reading = readings.propagated(program, contract, example.arrays, trace)
    known = {"clip_by_norm"} if library == "torch" else set()  # it divides by the norm plus 1e-6
    wrong = set()
    for index, node in enumerate(program.network):
        if node.operation in known or wrong & set(node.arguments):
            wrong.add(index)
        else:
            assert all(parts_contain(reading.values[index], trace.values[index]))
    for node, balls in reading.derivatives.items():
        assert all(parts_contain(balls, trace.derivatives[node]))
        assert all(np.isfinite(ball.rad).all() for ball in entered(balls))
    assert {fault.operation for fault in inspect(program, contract, example, trace)} <= known


@EVERY
@pytest.mark.parametrize("library", BUILT_IN)
def test_a_trace_holds_every_node_in_the_format_under_test(fmt, library):
    example = example_of(RESIDUAL, fmt)
    program, trace = traced(RESIDUAL, BUILT_IN[library], fmt, example)
    assert sorted(trace.values) == list(range(len(program.network)))
    stored = [*trace.values.values(), *trace.derivatives.values()]
    stored += [grad for pullback in trace.pullbacks for grad in pullback.gradients.values()]
    assert {array.dtype for array in stored} == {np.dtype(fmt.dtype)}


@EVERY
def test_tensors_and_arrays_are_the_same_bits(fmt):
    patterns = np.random.default_rng(3).integers(0, 256, 64 * fmt.bits // 8, dtype=np.uint8)
    values = patterns.view(fmt.dtype)
    there_and_back = to_numpy(to_tensor(values, "cpu"))
    assert there_and_back.dtype == values.dtype
    assert there_and_back.tobytes() == values.tobytes()
    for shape in [(), (0,), (0, 3)]:
        assert to_numpy(to_tensor(np.zeros(shape, fmt.dtype), "cpu")).shape == shape


def test_a_tensor_is_a_copy():
    values = np.ones(3, dtype=np.float32)
    to_tensor(values, "cpu")[0] = 7
    assert values.tolist() == [1, 1, 1]


# -- functions that write where they read ---------------------------------------------------------


def in_place_sigmoid(x):
    """Right, but its input is gone."""
    right = NUMPY_TEXTBOOK.functions["sigmoid"](x)
    x[...] = 7
    return right


def in_place_backward(grad, x, y):
    """Right, but its gradient, input and output are gone."""
    right = NUMPY_TEXTBOOK.functions["sigmoid_backward"](grad, x, y)
    for array in (grad, x, y):
        array[...] = 7
    return right


def test_writing_to_the_inputs_is_named_and_harms_no_example():
    example = example_of(LAYERS, FLOAT32)
    kept = {key: values.copy() for key, values in example.arrays.items()}
    for writing in (
        NUMPY_TEXTBOOK.replace(sigmoid=in_place_sigmoid),
        NUMPY_TEXTBOOK.replace(sigmoid_backward=in_place_backward),
    ):
        with pytest.raises(Misbehaviour, match="changed an array that it was given"):
            traced(LAYERS, writing, FLOAT32, example)
        assert all(np.array_equal(example.arrays[key], kept[key]) for key in kept)


def test_a_gradient_that_two_paths_share_may_not_be_overwritten():
    def writing(grad, x, y):
        right = NUMPY_TEXTBOOK.functions["tanh_backward"](grad, x, y)
        grad[...] = 7
        return right

    example = example_of(RESIDUAL, FLOAT32)
    evidence = gather(RESIDUAL, NUMPY_TEXTBOOK.replace(tanh_backward=writing), FLOAT32, example)
    assert [fault.operation for fault in evidence.faults] == ["tanh_backward"]


def test_a_torch_function_that_writes_to_a_leaf_is_named():
    def writing(x):
        return x.sigmoid_()

    evidence = gather(SLOPE, TORCH.replace(sigmoid=writing), FLOAT32, example_of(SLOPE, FLOAT32))
    (fault,) = evidence.faults
    assert fault.operation == "sigmoid"
    assert "raised RuntimeError" in fault.what
    assert evidence.outside.any()


def test_a_torch_function_that_writes_to_an_inner_value_gets_a_verdict():
    def writing(x):
        return x.tanh_()

    evidence = gather(LAYERS, TORCH.replace(tanh=writing), FLOAT32, example_of(LAYERS, FLOAT32))
    assert evidence.outside.any()


# -- functions that return something else ---------------------------------------------------------


class Speechless(Exception):
    def __str__(self) -> str:
        raise RuntimeError("not even a word")


def speechless(x):
    raise Speechless


class Subclass(np.ndarray):
    pass


def detached(x):
    return torch.sigmoid(x).detach()


DEFECTS = {
    "numpy": {
        "nothing": lambda x: None,
        "a list": lambda x: [x],
        "a float": lambda x: 0.5,
        "a subclass": lambda x: x.view(Subclass),
        "another dtype": lambda x: x.astype(np.float64),
        "another shape": lambda x: x[np.newaxis],
        "a part": lambda x: x[:1],
        "integers": lambda x: np.zeros(x.shape, dtype=int),
        "complex numbers": lambda x: x.astype(np.complex64),
        "objects": lambda x: x.astype(object),
        "a tensor": torch.sigmoid,
        "NaN": lambda x: x * np.float32(np.nan),
        "infinity": lambda x: x + np.float32(np.inf),
        "its input": lambda x: x,
        "an exception": lambda x: 1 / 0,
        "an exception without a word": speechless,
        "an exit": lambda x: exit(3),
        "too few arguments": lambda: None,
    },
    "torch": {
        "nothing": lambda x: None,
        "a tuple": lambda x: (torch.sigmoid(x),),
        "a parameter": lambda x: torch.nn.Parameter(torch.sigmoid(x)),
        "another dtype": lambda x: torch.sigmoid(x).double(),
        "another shape": lambda x: torch.sigmoid(x)[None],
        "integers": lambda x: torch.zeros(x.shape, dtype=torch.int32),
        "a sparse tensor": lambda x: torch.sigmoid(x).to_sparse(),
        "a tensor without storage": lambda x: torch.sigmoid(x).to("meta"),
        "an array": lambda x: NUMPY_TEXTBOOK.functions["sigmoid"](x.detach().numpy()),
        "NaN": lambda x: torch.sigmoid(x) * torch.nan,
        "infinity": lambda x: torch.sigmoid(x) + torch.inf,
        "its input": lambda x: x,
        "a view of its input": lambda x: x.view(-1)[:],
        "a detached tensor": detached,
        "a leaf": lambda x: torch.sigmoid(x).detach().requires_grad_(),
        "an exception": lambda x: 1 / 0,
        "an exit": lambda x: exit(3),
        "too few arguments": lambda: None,
    },
}


@pytest.mark.parametrize(
    ("library", "what"), [(library, what) for library in DEFECTS for what in DEFECTS[library]]
)
def test_a_sigmoid_that_returns_something_else_is_a_defect(library, what):
    wrong = BUILT_IN[library].replace(sigmoid=DEFECTS[library][what])
    evidence = gather(SLOPE, wrong, FLOAT32, example_of(SLOPE, FLOAT32))
    assert evidence.outside.any()
    assert evidence.faults
    assert all(fault.operation.endswith("sigmoid") for fault in evidence.faults)


PASSES = {
    "not contiguous": lambda x: torch.stack([torch.sigmoid(x), x], dim=-1)[..., 0],
    "expanded": lambda x: torch.sigmoid(x).expand(x.shape),
    "negated lazily": lambda x: torch._neg_view(-torch.sigmoid(x)),
    "of its own autograd": lambda x: torch.utils.checkpoint.checkpoint(
        torch.sigmoid, x, use_reentrant=False
    ),
}


@pytest.mark.parametrize("what", PASSES)
def test_a_sigmoid_in_an_unusual_tensor_passes(what):
    evidence = gather(
        SLOPE, TORCH.replace(sigmoid=PASSES[what]), FLOAT32, example_of(SLOPE, FLOAT32)
    )
    assert evidence.faults == ()


def test_an_array_in_another_order_of_memory_passes():
    def turned(x):
        return np.asfortranarray(NUMPY_TEXTBOOK.functions["tanh"](x))

    example = example_of(LAYERS, FLOAT32)
    assert gather(LAYERS, NUMPY_TEXTBOOK.replace(tanh=turned), FLOAT32, example).faults == ()


BACKWARDS = {
    "nothing": lambda grad, x, y: None,
    "a list": lambda grad, x, y: [grad],
    "two gradients": lambda grad, x, y: (grad, grad),
    "another dtype": lambda grad, x, y: grad.astype(np.float64),
    "another shape": lambda grad, x, y: grad[np.newaxis],
    "its gradient": lambda grad, x, y: grad,
    "an exception": lambda grad, x, y: 1 / 0,
}


@pytest.mark.parametrize("what", BACKWARDS)
@BOTH
def test_a_backward_pass_that_returns_something_else_is_a_defect(library, what):
    wrong = BUILT_IN[library].replace(sigmoid_backward=BACKWARDS[what])
    evidence = gather(SLOPE, wrong, FLOAT32, example_of(SLOPE, FLOAT32))
    assert evidence.outside.any()
    assert all("sigmoid" in fault.operation for fault in evidence.faults)


def test_a_backward_pass_that_is_missing_is_a_defect():
    functions = dict(NUMPY_TEXTBOOK.functions)
    del functions["sigmoid_backward"]
    without = Implementation("without", "numpy", functions)
    evidence = gather(SLOPE, without, FLOAT32, example_of(SLOPE, FLOAT32))
    assert "has no sigmoid_backward(grad, *arguments, output)" in evidence.faults[0].what


def test_a_backward_pass_that_forgets_its_gradient_is_a_defect():
    forgetful = NUMPY_TEXTBOOK.replace(sigmoid_backward=lambda grad, x, y: y * (1 - y))
    evidence = gather(SLOPE, forgetful, FLOAT32, example_of(SLOPE, FLOAT32))
    assert evidence.outside.all()
    assert "the backward pass of sigmoid" in {fault.operation for fault in evidence.faults}


def test_torch_may_bring_a_backward_pass_of_its_own():
    own = TORCH.replace(sigmoid_backward=lambda grad, x, y: grad * (y * (1 - y)))
    assert gather(SLOPE, own, FLOAT32, example_of(SLOPE, FLOAT32)).faults == ()


@BOTH
def test_a_residual_may_bring_a_backward_pass_of_its_own(library):
    own = BUILT_IN[library].replace(residual_backward=lambda grad, x, branch, y: (grad, grad))
    assert gather(RESIDUAL, own, FLOAT32, example_of(RESIDUAL, FLOAT32)).faults == ()
    wrong = BUILT_IN[library].replace(residual_backward=lambda grad, x, branch, y: (grad, 2 * grad))
    faults = gather(RESIDUAL, wrong, FLOAT32, example_of(RESIDUAL, FLOAT32)).faults
    assert "the backward pass of residual" in {fault.operation for fault in faults}


# -- branches -------------------------------------------------------------------------------------


def test_a_branch_is_evaluated_once_for_the_block_and_its_derivative():
    calls = []

    def counted(x):
        calls.append(x)
        return torch.tanh(x)

    example = example_of(RESIDUAL, FLOAT32)
    _, trace = traced(RESIDUAL, TORCH.replace(tanh=counted), FLOAT32, example)
    assert len(calls) == 1
    assert trace.strayed == frozenset()


@BOTH
def test_a_branch_that_is_called_on_a_copy_strays_and_passes(library):
    copy = np.copy if library == "numpy" else torch.clone
    example = example_of(RESIDUAL, FLOAT32)
    straying = BUILT_IN[library].replace(residual=lambda x, branch: x + branch(copy(x)))
    program, trace = traced(RESIDUAL, straying, FLOAT32, example)
    (block,) = (i for i, node in enumerate(program.network) if node.operation == "residual")
    assert trace.strayed == {block}
    assert gather(RESIDUAL, straying, FLOAT32, example).faults == ()


@BOTH
def test_a_block_without_its_branch_is_a_defect(library):
    forgetful = BUILT_IN[library].replace(residual=lambda x, branch: x + 0)
    evidence = gather(RESIDUAL, forgetful, FLOAT32, example_of(RESIDUAL, FLOAT32))
    assert "residual" in {fault.operation for fault in evidence.faults}


def test_a_function_that_returns_its_input_keeps_its_own_gradient():
    def gradient_beside_an_identity(x: Vector):
        return Eq(Gradient(Total(residual(x, tanh(x))), x), 0)

    entry = stated(gradient_beside_an_identity)
    example = Example({}, {("x", 0): np.zeros((1, 3), dtype=np.float32)})
    # Right at zero, where tanh(x) is x; autograd must tell the output from the input.
    identity = TORCH.replace(tanh=lambda x: x)
    assert gather(entry, identity, FLOAT32, example).faults == ()


# -- infinities and NaN ---------------------------------------------------------------------------


@pytest.mark.parametrize("delivered", [np.nan, np.inf, -np.inf])
@BOTH
def test_what_is_not_finite_is_a_defect_where_the_exact_value_is(library, delivered):
    def wrong(x):
        return BUILT_IN[library].functions["sigmoid"](x) * 0 + delivered

    evidence = gather(
        SLOPE, BUILT_IN[library].replace(sigmoid=wrong), FLOAT32, example_of(SLOPE, FLOAT32)
    )
    assert evidence.outside.any()
    assert not evidence.false.any()


@claims_in_turn(DETERMINISTIC)
@FEWER
@given(seed=st.integers(0, 2**31), depth=st.integers(1, 8), width=st.integers(1, 4))
def test_overflow_and_underflow_are_no_defects_of_right_functions(entry, fmt, seed, depth, width):
    numbers = example_of(entry, fmt).numbers
    parameters = {n: v for n, v in numbers.items() if entry.variables[n].form == "number"}
    inner, shapes = (2, 3) * 6, ((3,), (0,), (2, 2))
    structure = Structure(parameters, depth, width, 3, inner, shapes, "everywhere", 0, seed)
    whole = fill(entry, fmt, structure, enumerated=False)
    example = whole.part(0, min(whole.samples, 24))
    for implementation in (IDEAL, NUMPY_TEXTBOOK):
        evidence = gather(entry, implementation, fmt, example)
        assert evidence.faults == ()
        assert entry.standing is Standing.REFUTED or not evidence.false.any()

"""A function with several outputs: each is a node, judged and differentiated by itself."""

from fractions import Fraction

import numpy as np
import pytest
from sympy import Eq

from checks.evidence import gather
from checks.filling import Structure, fill
from checks.formats import FLOAT32
from checks.implementation import Misbehaviour
from checks.implementations.ideal import IDEAL
from checks.implementations.numpy_textbook import NUMPY_TEXTBOOK
from checks.implementations.torch_eager import torch_eager
from checks.lowering import LoweringError, lower
from checks.machines import machine
from checks.outcomes import judge
from checks.tracing import run
from checks.verdict import Verdict
from theory.calculus import Exactly, Gradient, Slope, Total
from theory.claim import Claim, apart, claim
from theory.domains import GateBiases, GateMatrix, Vector
from theory.heads import lstm_cell, sigmoid
from theory.sources import CV

TORCH = torch_eager()
BUILT_IN = {"numpy": NUMPY_TEXTBOOK, "torch": TORCH, "ideal": IDEAL}
EVERYWHERE = pytest.mark.parametrize("library", BUILT_IN)
TEXTBOOK = NUMPY_TEXTBOOK.functions
NO_NUMBERS: dict[str, Fraction] = {}


def stated(formula) -> Claim:
    formula.__doc__ = "It is so."
    with apart():
        return claim(source=CV.section("1"))(formula)


def both_outputs_at_once(
    x: Vector, h: Vector, c: Vector, U: GateMatrix, W: GateMatrix, b: GateBiases, a: GateBiases
):
    state, cell = lstm_cell(x, h, c, U, W, b, a)
    return Eq(Gradient(Total(state + cell), c), Slope(state, c) + Slope(cell, c))


def untaken(
    x: Vector, h: Vector, c: Vector, U: GateMatrix, W: GateMatrix, b: GateBiases, a: GateBiases
):
    return Eq(Gradient(Total(lstm_cell(x, h, c, U, W, b, a)), c), 0)


def exactly_of_no_head(x: Vector):
    return Eq(Exactly(x), Exactly(sigmoid(x)))


def exactly_of_a_head(x: Vector, c: Vector):
    return Eq(Exactly(sigmoid(x)), c)


BOTH = stated(both_outputs_at_once)


def example():
    structure = Structure(NO_NUMBERS, 1, 3, 2, (1,), ((1,),), "moderate", -1, 5)
    return fill(BOTH, FLOAT32, structure)


def traced(implementation):
    program = lower(BOTH, NO_NUMBERS)
    return program, run(program, machine(implementation, FLOAT32), example().arrays)


@EVERYWHERE
def test_each_output_is_a_node_of_its_own(library):
    program, trace = traced(BUILT_IN[library])
    cells = {node.operation: i for i, node in enumerate(program.network) if "." in node.operation}
    assert set(cells) == {"lstm_cell.h", "lstm_cell.c"}
    arrays = [example().arrays[name, 0] for name in ("x", "h", "c", "U", "W", "b", "a")]
    for output, name in zip(TEXTBOOK["lstm_cell"](*arrays), "hc", strict=True):
        np.testing.assert_array_max_ulp(trace.values[cells[f"lstm_cell.{name}"]], output, 8)


@EVERYWHERE
def test_the_gradients_of_both_outputs_add_up(library):
    assert judge(BOTH, BUILT_IN[library], FLOAT32, example()).gravest is Verdict.HOLDS


def test_a_backward_pass_gets_the_gradients_of_all_outputs_at_once():
    seen = []

    def backward(grads, *operands):
        seen.append(tuple(bool(np.any(grad)) for grad in grads))
        return TEXTBOOK["lstm_cell_backward"](grads, *operands)

    traced(NUMPY_TEXTBOOK.replace(lstm_cell_backward=backward))
    assert (True, True) in seen


def test_a_hand_written_backward_pass_over_tensors_gets_both_gradients():
    shapes = set()

    def backward(grads, *operands):
        *arguments, outputs = operands
        shapes.add(tuple(tuple(part.shape) for part in (*grads, *outputs)))
        arrays, up, results = (
            [part.detach().numpy() for part in parts] for parts in (arguments, grads, outputs)
        )
        gradients = TEXTBOOK["lstm_cell_backward"](up, *arrays, results)
        return tuple(arguments[0].new_tensor(gradient) for gradient in gradients)

    right = TORCH.replace(lstm_cell_backward=backward)
    assert judge(BOTH, right, FLOAT32, example()).gravest is Verdict.HOLDS
    assert shapes == {((1, 3),) * 4}


@pytest.mark.parametrize(
    "returned",
    [lambda h, c: h, lambda h, c: (h,), lambda h, c: (h, c, c)],
    ids=["one", "a tuple of one", "three"],
)
def test_what_is_no_tuple_of_the_outputs_is_a_misbehaviour(returned):
    def wrong(*arguments):
        return returned(*TEXTBOOK["lstm_cell"](*arguments))

    with pytest.raises(Misbehaviour, match="returned no tuple of h and c"):
        traced(NUMPY_TEXTBOOK.replace(lstm_cell=wrong))


def test_a_wrong_output_is_found_beside_a_right_one():
    def doubled(*arguments):
        h, c = TEXTBOOK["lstm_cell"](*arguments)
        return h, 2 * c

    faults = gather(BOTH, NUMPY_TEXTBOOK.replace(lstm_cell=doubled), FLOAT32, example()).faults
    assert "lstm_cell" in {fault.operation for fault in faults}


def test_several_outputs_have_to_be_taken_apart():
    with pytest.raises(LoweringError, match=r"h, c = lstm_cell\("):
        lower(stated(untaken), NO_NUMBERS)


def test_only_heads_are_stated_exactly():
    with pytest.raises(LoweringError, match="is the value of no head"):
        lower(stated(exactly_of_no_head), NO_NUMBERS)


def test_what_is_stated_exactly_runs_nowhere():
    entry = stated(exactly_of_a_head)
    assert entry.heads == frozenset()
    assert lower(entry, NO_NUMBERS).network == ()

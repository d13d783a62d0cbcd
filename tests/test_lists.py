"""Functions of lists: what they are given, what they return, and how gradients pass through."""

from fractions import Fraction

import numpy as np
import pytest
import torch
from sympy import Eq

from checks.example import Example
from checks.formats import FLOAT32, FORMATS
from checks.implementations.ideal import IDEAL
from checks.implementations.numpy_textbook import NUMPY_TEXTBOOK as NUMPY
from checks.implementations.torch_eager import torch_eager
from checks.lists import entered, fresh_state, mapped
from checks.outcomes import judge
from checks.verdict import Verdict
from tests.mutants.mutant import textbook
from theory.book import CLAIMS
from theory.calculus import FreshState, Gradient
from theory.claim import apart, claim
from theory.domains import Gradients, Parameters, Positive, Vector
from theory.heads import adam_step, l2_penalty, sgd_step
from theory.sources import Document

TORCH = torch_eager()
BOOK = {entry.name: entry for entry in CLAIMS}
NOTES = Document("Notes", "Statements about lists").section("1")

with apart():

    @claim(source=NOTES)
    def penalty_of_one_array(x: Vector, a: Positive):
        """The gradient of a penalty on a row, which is no list."""
        return Eq(Gradient(l2_penalty(x, a), x), 2 * a * x)

    @claim(source=NOTES)
    def penalty_of_a_list(w: Parameters, a: Positive):
        """The gradient of a penalty on a list."""
        return Eq(Gradient(l2_penalty(w, a), w), 2 * a * w)

    @claim(source=NOTES)
    def penalty_behind_a_step(w: Parameters, g: Gradients, a: Positive):
        """The gradient of a penalty, by what a step made the weights of."""
        stepped = sgd_step(w, g, a, 0)
        return Eq(Gradient(l2_penalty(stepped, a), w), 2 * a * stepped)

    @claim(source=NOTES)
    def second_step(w: Parameters, g: Gradients, a: Positive):
        """A step of Adam from a state that is not all zeros."""
        half = Fraction(1, 2)
        numbers = a, half, half, half, 0
        _, state = adam_step(w, g, FreshState(w), *numbers)
        params, _ = adam_step(w, g, state, *numbers)
        return Eq(params, params + 0 * w)


def arrays(*shapes):
    rng = np.random.default_rng(3)
    return [rng.normal(size=shape).astype(np.float32) for shape in shapes]


def row():
    return Example({"a": Fraction(1, 4)}, {("x", 0): arrays((1, 3))[0]})


def weights(*shapes):
    return Example({"a": Fraction(1, 4)}, {("w", 0): arrays(*shapes), ("g", 0): arrays(*shapes)})


def only_weights(*shapes):
    example = weights(*shapes)
    return Example(example.numbers, {("w", 0): example.arrays["w", 0]})


EVERY = pytest.mark.parametrize("implementation", [IDEAL, NUMPY, TORCH], ids=lambda one: one.name)


@EVERY
def test_an_array_alone_is_the_list_of_it_alone(implementation):
    assert judge(penalty_of_one_array, implementation, FLOAT32, row()).gravest is Verdict.HOLDS


@EVERY
def test_gradients_by_a_list_are_lists_of_its_shapes(implementation):
    example = only_weights((2, 3), (0,), (), (4,))
    assert judge(penalty_of_a_list, implementation, FLOAT32, example).gravest is Verdict.HOLDS


@EVERY
def test_gradients_pass_from_list_to_list(implementation):
    example = weights((2, 3), (1,))
    assert judge(penalty_behind_a_step, implementation, FLOAT32, example).gravest is Verdict.HOLDS


@EVERY
def test_nothing_but_empty_arrays_is_a_list_too(implementation):
    example = only_weights((0,), (0,))
    assert judge(penalty_of_a_list, implementation, FLOAT32, example).gravest is Verdict.HOLDS


@pytest.mark.parametrize("base", [NUMPY, TORCH], ids=["numpy", "torch"])
def test_functions_of_lists_are_given_lists(base):
    given = []

    def watched(ws, strength):
        given.append(ws)
        return base.functions["l2_penalty"](ws, strength)

    judge(penalty_of_one_array, base.replace(l2_penalty=watched), FLOAT32, row())
    assert given
    assert all(isinstance(ws, list) and len(ws) == 1 for ws in given)


@pytest.mark.parametrize("example", [row(), only_weights((2, 3), (1,))], ids=["row", "list"])
def test_a_backward_pass_of_torch_takes_and_returns_lists(example):
    about = penalty_of_one_array if ("x", 0) in example.arrays else penalty_of_a_list
    seen = []

    def backward(grad, ws, strength, output):
        seen.append((type(grad), type(ws), type(output)))
        return [grad * 2 * strength * w for w in ws]

    def doubled(grad, ws, strength, output):
        return [4 * grad * strength * w for w in ws]

    right = TORCH.replace(l2_penalty_backward=backward)
    assert judge(about, right, FLOAT32, example).gravest is Verdict.HOLDS
    assert set(seen) == {(torch.Tensor, list, torch.Tensor)}
    wrong = TORCH.replace(l2_penalty_backward=doubled)
    assert judge(about, wrong, FLOAT32, example).gravest is Verdict.DEFECT


WRONG_RETURNS = {
    "returned no list of 2 arrays": lambda grad, ws, strength, output: [grad * ws[0]],
    "returned shape (1,), expected (2, 3)": lambda grad, ws, strength, output: ws[::-1],
    "returned 2 gradients for 1 arrays": lambda grad, ws, strength, output: tuple(ws),
}


@pytest.mark.parametrize("complaint", WRONG_RETURNS)
def test_a_backward_pass_that_returns_another_list_is_a_defect(complaint):
    implementation = NUMPY.replace(l2_penalty_backward=WRONG_RETURNS[complaint])
    outcomes = judge(penalty_of_a_list, implementation, FLOAT32, only_weights((2, 3), (1,)))
    assert outcomes.gravest is Verdict.DEFECT
    assert outcomes.evidence.faults[0].what == complaint


# -- what Adam remembers --------------------------------------------------------------------------


def test_a_fresh_state_is_two_lists_of_zeros_and_no_step():
    first, second, steps = fresh_state(np.zeros, arrays((2, 3), (1,)))
    assert [m.shape for m in first] == [v.shape for v in second] == [(2, 3), (1,)]
    assert not any(part.any() for part in (*first, *second, steps))
    assert steps.shape == ()


@pytest.mark.parametrize("fmt", FORMATS.values(), ids=str)
def test_a_state_that_is_passed_on_is_judged(fmt):
    def forgets(*arguments):
        params, state = textbook.adam_step(*arguments)
        return params, fresh_state(lambda shape: np.zeros(shape, fmt.dtype), params)

    def narrow(example):
        parts = {key: [fmt.nearest(a) for a in part] for key, part in example.arrays.items()}
        return Example(example.numbers, parts)

    example = narrow(weights((2, 3), (1,)))
    assert judge(second_step, NUMPY, fmt, example).gravest is Verdict.HOLDS
    outcomes = judge(second_step, NUMPY.replace(adam_step=forgets), fmt, example)
    assert outcomes.gravest is Verdict.DEFECT
    assert outcomes.evidence.faults[0].operation == "adam_step"


BAD_STATES = {
    "returned no tuple of params and state": lambda params, state: params,
    "returned no list of 3 arrays": lambda params, state: (params, state[:2]),
    "returned shape (1,), expected ()": lambda params, state: (
        params,
        [*state[:2], np.ones(1, np.float32)],
    ),
}


@pytest.mark.parametrize("complaint", BAD_STATES)
def test_a_state_of_another_form_is_a_defect(complaint):
    def adam(*arguments):
        return BAD_STATES[complaint](*textbook.adam_step(*arguments))

    outcomes = judge(second_step, NUMPY.replace(adam_step=adam), FLOAT32, weights((2, 3)))
    assert outcomes.gravest is Verdict.DEFECT
    assert outcomes.evidence.faults[0].what == complaint


def test_lists_of_lists_are_mapped_and_entered_as_a_whole():
    nested = [[1, 2], [3], 4]
    assert mapped(lambda a, b: a + b, nested, nested) == [[2, 4], [6], 8]
    assert entered(nested) == [1, 2, 3, 4]
    assert entered(5) == [5]

"""What is shown of a failing cell fails again by itself."""

import re

import numpy as np

from checks.example import decode
from checks.formats import FLOAT32
from checks.implementations.numpy_textbook import NUMPY_TEXTBOOK
from checks.outcomes import judge
from checks.runner import PROFILES, check
from checks.verdict import Verdict
from theory.book import CLAIMS

BOOK = {entry.name: entry for entry in CLAIMS}
QUARTER = BOOK["sigmoid_slope_at_most_a_quarter"]
SIGMOID = NUMPY_TEXTBOOK.functions["sigmoid"]


def test_a_defect_that_takes_a_whole_vector_is_shown_with_its_neighbours():
    def sigmoid(x):
        y = SIGMOID(x)
        full = len(x) // 8 * 8
        return np.concatenate([y[:full] * y.dtype.type(0.75), y[full:]])

    wrong = NUMPY_TEXTBOOK.replace(sigmoid=sigmoid)
    result = check(QUARTER, wrong, FLOAT32, PROFILES["dev"])
    assert result.verdict is Verdict.DEFECT
    assert result.smallest.inputs["x"]["shape"] == [8]
    again = judge(QUARTER, wrong, FLOAT32, decode(result.smallest.inputs, FLOAT32))
    assert again.gravest is Verdict.DEFECT
    assert result.smallest.message.startswith("sigmoid delivered")


def test_a_defect_that_nothing_repeats_is_said_to_depend_on_more():
    calls = iter(range(10**6))

    def sigmoid(x):
        return SIGMOID(x) * (x.dtype.type(0.75) if next(calls) == 0 else 1)

    result = check(QUARTER, NUMPY_TEXTBOOK.replace(sigmoid=sigmoid), FLOAT32, PROFILES["dev"])
    assert result.verdict is Verdict.DEFECT
    assert "or on more than the input" in result.smallest.message


def test_a_wrong_gradient_is_shown_with_the_gradient_that_it_was_made_of():
    def tanh_backward(grad, x, y):
        return grad * (1 - y)

    wrong = NUMPY_TEXTBOOK.replace(tanh_backward=tanh_backward)
    claim = BOOK["tanh_slope_at_most_one"]
    message = check(claim, wrong, FLOAT32, PROFILES["ci"]).smallest.message
    assert re.match(
        r"the backward pass of tanh delivered \S+ for x and the gradient \S+, ", message
    )


def test_a_wrong_gradient_is_shown_with_the_argument_whose_it_is():
    def linear_backward(grad, x, weight, bias, y):
        return grad @ weight, grad.T @ x, grad.sum(axis=0) * 2

    wrong = NUMPY_TEXTBOOK.replace(linear_backward=linear_backward)
    claim = BOOK["layer_gradient_is_a_product_of_jacobians"]
    message = check(claim, wrong, FLOAT32, PROFILES["ci"]).smallest.message
    assert re.match(r"the backward pass of linear delivered \S+ for bias, exact", message)

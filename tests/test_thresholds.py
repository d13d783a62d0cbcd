"""What is lost in a strip too narrow for samples is found on both sides of where it begins."""

from fractions import Fraction

import numpy as np
import pytest

from checks.formats import FLOAT16, FLOAT32, FLOAT64
from checks.implementations.ideal import IDEAL
from checks.implementations.numpy_textbook import NUMPY_TEXTBOOK
from checks.outcomes import judge
from checks.thresholds import thresholds
from checks.verdict import Verdict
from theory.book import CLAIMS

BOOK = {claim.name: claim for claim in CLAIMS}
NEGATIVE = BOOK["gelu_is_negative_on_the_left"]
SILU = BOOK["silu_slope_at_most_1_09984"]
ELU = BOOK["elu_slope_at_most_one_or_alpha"]
TANH = BOOK["tanh_saturates_at_plus_and_minus_one"]
silu = NUMPY_TEXTBOOK.functions["silu"]


def tried(claim, fmt, implementation):
    (example,) = thresholds(claim, fmt, implementation)
    (values,) = example.arrays.values()
    return values


def test_a_function_that_ends_early_is_tried_at_its_last_number():
    ends = np.float32(-60.7)
    values = tried(
        SILU, FLOAT32, NUMPY_TEXTBOOK.replace(silu=lambda x: np.where(x < ends, 0 * x, silu(x)))
    )
    assert {ends, np.nextafter(ends, np.float32(-61))} <= {*values}


def test_a_factor_that_underflows_before_its_product_is_the_limit_of_a_method():
    (example,) = thresholds(NEGATIVE, FLOAT64, NUMPY_TEXTBOOK)
    outcomes = judge(NEGATIVE, NUMPY_TEXTBOOK, FLOAT64, example)
    assert outcomes.of(Verdict.METHOD_LIMIT).size


@pytest.mark.parametrize("wrong", [0.0, np.inf])
def test_a_gap_beside_the_largest_number_is_a_defect(wrong):
    near = 0.99 * FLOAT32.largest
    gapped = NUMPY_TEXTBOOK.replace(silu=lambda x: np.where(x > near, x.dtype.type(wrong), silu(x)))
    (example,) = thresholds(SILU, FLOAT32, gapped)
    assert judge(SILU, gapped, FLOAT32, example).of(Verdict.DEFECT).size


def test_numbers_are_tried_where_samples_are_few_and_functions_are_called():
    assert not [*thresholds(SILU, FLOAT16, NUMPY_TEXTBOOK)]
    assert not [*thresholds(SILU, FLOAT32, IDEAL)]
    assert not [*thresholds(TANH, FLOAT32, NUMPY_TEXTBOOK)]  # which is 0 at 0 only


def test_numbers_are_tried_where_a_parameter_has_a_value_of_its_own():
    (example,) = thresholds(ELU, FLOAT64, NUMPY_TEXTBOOK)
    assert example.numbers["alpha"] == Fraction(1, 2)


def test_a_function_of_what_stands_beside_its_input_ends_the_search_too():
    fickle = NUMPY_TEXTBOOK.replace(silu=lambda x: silu(x) * (np.arange(x.size) % 3 != len(x) % 2))
    assert len(tried(SILU, FLOAT32, fickle))


def test_a_function_that_misbehaves_is_left_to_ordinary_examples():
    assert not [*thresholds(SILU, FLOAT32, NUMPY_TEXTBOOK.replace(silu=lambda x: x[:1]))]

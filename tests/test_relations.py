"""How two sides compare, where bits, infinities and the reference's own range count."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from sympy import Abs, Eq, Rational

from checks.example import Example
from checks.formats import BFLOAT16, FLOAT32, FORMATS
from checks.implementations.ideal import IDEAL
from checks.implementations.numpy_textbook import NUMPY_TEXTBOOK
from checks.implementations.torch_eager import torch_eager
from checks.lowering import LoweringError, lower
from checks.outcomes import judge
from checks.verdict import Verdict
from theory.calculus import Computed, Identical, Iff, Slope
from theory.claim import Claim, apart, claim
from theory.domains import Real
from theory.heads import leaky_relu, relu, sigmoid
from theory.sources import CV

EVERY_FORMAT = pytest.mark.parametrize("fmt", FORMATS.values(), ids=str)


@pytest.fixture(autouse=True)
def _scratch() -> Iterator[None]:
    with apart():
        yield


def stated(formula: Any) -> Claim:
    formula.__doc__ = "It is so."
    return claim(source=CV.section("1"))(formula)


def at(fmt: Any, *values: float) -> Example:
    return Example({}, {("x", 0): np.array(values).astype(fmt.dtype)}, len(values))


def verdicts(entry: Claim, implementation: Any, fmt: Any, *values: float) -> list[Verdict]:
    outcomes = judge(entry, implementation, fmt, at(fmt, *values))
    return [next(v for v in Verdict if index in outcomes.of(v)) for index in range(len(values))]


@pytest.mark.parametrize("implementation", [NUMPY_TEXTBOOK, torch_eager()], ids=lambda i: i.name)
@EVERY_FORMAT
def test_zeros_of_two_signs_are_equal_and_not_identical(implementation, fmt):
    def equal(x: Real):
        return Eq(leaky_relu(x, 0), relu(x))

    def identical(x: Real):
        return Identical(leaky_relu(x, 0), relu(x))

    loose, strict = stated(equal), stated(identical)
    assert verdicts(loose, implementation, fmt, -1, 1) == [Verdict.HOLDS, Verdict.HOLDS]
    assert verdicts(strict, implementation, fmt, -1, 1) == [Verdict.DEFECT, Verdict.HOLDS]
    fault = judge(strict, implementation, fmt, at(fmt, -1)).evidence.faults[0]
    assert "-0.0 and 0.0" in fault.what


@EVERY_FORMAT
def test_the_same_derivative_twice_is_identical(fmt):
    def identical(x: Real):
        return Identical(Slope(leaky_relu(x, 0), x), Slope(relu(x), x))

    found = verdicts(stated(identical), torch_eager(), fmt, -2, 0, 3)
    assert found == [Verdict.HOLDS] * 3


def test_bits_of_exact_arithmetic_are_none():
    def doubled(x: Real):
        return Identical(relu(x), 2 * relu(x))

    with pytest.raises(LoweringError, match="stored bits"):
        lower(stated(doubled), {})


@pytest.mark.parametrize("fmt", [BFLOAT16, FLOAT32], ids=str)
def test_an_overflow_of_the_reference_refutes_nothing(fmt):
    def power_is_itself(x: Real):
        return Eq(Computed(x**9), x**9)

    found = verdicts(stated(power_is_itself), IDEAL, fmt, 1, 1e36)
    assert found == [Verdict.HOLDS, Verdict.FORMAT_LIMIT]


@EVERY_FORMAT
def test_what_the_reference_cannot_tell_apart_refutes_no_equivalence(fmt):
    def steepest_at_zero(x: Real):
        return Iff(Slope(sigmoid(x), x) < Rational(1, 4), Abs(x) > 0)

    # There the slope is 1/4 less x²/16, far below the reference's own rounding.
    tiny = fmt.smallest_subnormal
    found = verdicts(stated(steepest_at_zero), IDEAL, fmt, 0, tiny, 1)
    assert found == [Verdict.HOLDS, Verdict.FORMAT_LIMIT, Verdict.HOLDS]


@EVERY_FORMAT
def test_an_equivalence_that_is_false_is_refuted(fmt):
    def on_the_right(x: Real):
        return Iff(relu(x) > 0, x > 1)

    entry = stated(on_the_right)
    assert verdicts(entry, NUMPY_TEXTBOOK, fmt, 0.5, 2) == [Verdict.FALSE, Verdict.HOLDS]

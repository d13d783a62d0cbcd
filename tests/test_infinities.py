"""Where a function has a limit, an infinity gives it: by proof, and in every format."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from sympy import Rational, oo, zoo

from checks import infinities
from checks.counterexamples import describe
from checks.example import Example, decode
from checks.formats import FLOAT16, FLOAT32, FORMATS
from checks.implementations.numpy_textbook import NUMPY_TEXTBOOK
from checks.outcomes import judge
from checks.runner import Profile, check
from checks.verdict import Verdict
from theory.book import CLAIMS
from theory.calculus import Limits, Slope
from theory.claim import ClaimError, apart, claim
from theory.domains import Positive, PositiveReal, Real
from theory.heads import elu, gelu, relu, relu6, selu, sigmoid
from theory.proof import Outcome, prove
from theory.proving.errors import OutOfReachError
from theory.sources import CV

BOOK = {entry.name: entry for entry in CLAIMS if entry.is_of_infinities}
RELU = BOOK["relu_vanishes_on_the_left_and_grows_on_the_right"]


def stated(formula):
    formula.__doc__ = "It is so."
    with apart():
        return claim(source=CV.section("1"))(formula)


def limits_of_relu(x: Real):
    return Limits(relu(x), x, 0, 1)


def limits_of_the_slope_of_relu6(x: Real):
    return Limits(Slope(relu6(x), x), x, 0, 1)


def limits_of_the_sigmoid_the_other_way_round(x: Real):
    return Limits(sigmoid(x), x, 1, 0)


def limits_of_elu_without_alpha(x: Real, alpha: Positive):
    return Limits(elu(x, alpha), x, -1, oo)


def limits_of_gelu_that_are_nearly_right(x: Real):
    return Limits(gelu(x), x, Rational(-1, 10**30), oo)


WRONG = {
    limits_of_relu: "as x goes to oo the limit is oo, not 1",
    limits_of_the_slope_of_relu6: "as x goes to oo the limit is 0, not 1",
    limits_of_the_sigmoid_the_other_way_round: "as x goes to -oo the limit is 0, not 1",
    limits_of_elu_without_alpha: "as x goes to -oo the limit is -alpha, not -1",
    limits_of_gelu_that_are_nearly_right: "as x goes to -oo the limit is 0, not -1/1000000",
}


@pytest.mark.parametrize("formula", WRONG)
def test_another_limit_is_refuted_with_the_true_one(formula):
    proof = prove(stated(formula))
    assert proof.outcome is Outcome.REFUTED
    assert proof.method.startswith(WRONG[formula])


@pytest.mark.parametrize("fmt", FORMATS.values(), ids=str)
@pytest.mark.parametrize("name", BOOK)
def test_the_textbook_gives_the_limit_beside_any_numbers(name, fmt):
    values = fmt.nearest(np.array([-3, 0.5, 0, 1, -1, 100, -100]))
    example = Example({}, {("x", 0): values}, len(values))
    if "alpha" in BOOK[name].variables:
        example = example.with_number("alpha", Fraction(3, 4))
    assert judge(BOOK[name], NUMPY_TEXTBOOK, fmt, example).gravest is Verdict.HOLDS


def judged(entry, count, fmt=FLOAT32, **functions):
    example = Example({}, {("x", 0): np.linspace(-2, 2, count).astype(fmt.dtype)}, count)
    return judge(entry, NUMPY_TEXTBOOK.replace(**functions), fmt, example)


@pytest.mark.parametrize("count", [1, 2, 16, 17])
def test_one_lane_that_gives_nan_is_found_and_told(count):
    def relu_with_a_bad_last_lane(x):
        y = np.maximum(x, 0)
        y[-1:] = x[-1:] * (x[-1:] > 0)
        return y

    outcomes = judged(RELU, count, relu=relu_with_a_bad_last_lane)
    assert list(outcomes.of(Verdict.DEFECT)) == [count - 1]
    (fault,) = outcomes.evidence.faults
    assert (fault.operation, fault.what) == (
        "relu",
        "delivers nan at -inf, where the limit is 0.0",
    )


def test_a_wrong_sign_and_a_large_number_are_no_infinity():
    def flipped(x):
        return -np.maximum(x, 0)

    def clamped(x):
        return np.clip(x, 0, np.finfo(x.dtype).max)

    for function in (flipped, clamped):
        assert judged(RELU, 4, relu=function).gravest is Verdict.DEFECT


def limits_of_selu(x: Real):
    left = -Rational("1.0507009873554804934193349852946") * Rational(
        "1.6732632423543772848170429916717"
    )
    return Limits(selu(x), x, left, oo)


def test_a_limit_that_no_format_holds_may_be_rounded_either_way_and_no_further():
    entry = stated(limits_of_selu)
    assert prove(entry).outcome is Outcome.PROVED
    nearest = FLOAT16.ordinals(NUMPY_TEXTBOOK.functions["selu"](np.full(1, -np.inf, np.float16)))

    def shifted(by):
        def selu(x):
            y = NUMPY_TEXTBOOK.functions["selu"](x)
            y[np.isneginf(x)] = FLOAT16.from_ordinals(nearest + by)
            return y

        return selu

    verdicts = [judged(entry, 4, FLOAT16, selu=shifted(by)).gravest for by in (-2, -1, 0, 1, 2)]
    holds, defect = Verdict.HOLDS, Verdict.DEFECT
    assert verdicts == [defect, holds, holds, holds, defect]


def test_a_slope_is_blamed_on_the_backward_pass():
    def naive(grad, x, y):
        return grad * (1 + x * np.exp(-x))

    entry = BOOK["silu_slope_goes_from_zero_to_one"]
    fault = judged(entry, 4, silu_backward=naive).evidence.faults[0]
    assert fault.operation == "the backward pass of silu"


def test_a_finding_shows_the_infinity_and_is_found_again_by_it():
    def naive(x):
        return x * (x > 0)

    implementation = NUMPY_TEXTBOOK.replace(relu=naive)
    found = check(RELU, implementation, FLOAT32, Profile(examples=4, derandomize=True)).smallest
    assert found.inputs == {"x": {"shape": [1], "values": ["-inf"]}}
    again = describe(RELU, implementation, FLOAT32, decode(found.inputs, FLOAT32), Verdict.DEFECT)
    assert (again.inputs, again.message) == (found.inputs, found.message)


def test_a_lane_that_is_wrong_among_others_only_is_found_and_found_again():
    def relu_of_eight(x):
        return x * (x > 0) if x.size >= 8 else np.maximum(x, 0)

    implementation = NUMPY_TEXTBOOK.replace(relu=relu_of_eight)
    few = Profile(examples=4, derandomize=True)
    found = check(RELU, implementation, FLOAT32, few)
    assert found.verdict is Verdict.DEFECT
    example = decode(found.smallest.inputs, FLOAT32)
    assert judge(RELU, implementation, FLOAT32, example).gravest is Verdict.DEFECT


def test_an_accuracy_that_is_stated_holds_at_infinity_too():
    tanh = BOOK["tanh_saturates_at_plus_and_minus_one"]

    def clamped(x):
        return np.tanh(np.clip(x, -8, 8))  # 1 - 2**-23 in float32

    assert judged(tanh, 4, tanh=clamped).gravest is Verdict.DEFECT
    stated_ulps = replace(NUMPY_TEXTBOOK.replace(tanh=clamped), ulps={"tanh": 4.0})
    example = Example({}, {("x", 0): np.zeros(4, np.float32)}, 4)
    assert judge(tanh, stated_ulps, FLOAT32, example).gravest is Verdict.HOLDS


def test_a_limit_beyond_the_format_is_the_infinity_that_it_rounds_to():
    elu = BOOK["elu_saturates_at_minus_alpha"]
    example = Example({"alpha": Fraction(10**6)}, {("x", 0): np.zeros(2, np.float16)}, 2)
    assert judge(elu, NUMPY_TEXTBOOK, FLOAT16, example).gravest is Verdict.HOLDS


def of_what_is_bounded(x: PositiveReal):
    return Limits(relu(x), x, -oo, oo)


def of_a_head_of_a_head(x: Real):
    return Limits(sigmoid(relu(x)), x, Rational(1, 2), 1)


def to_a_decimal(x: Real):
    return Limits(sigmoid(x), x, 0.0, 1.0)


def to_nowhere(x: Real):
    return Limits(sigmoid(x), x, zoo, 1)


@pytest.mark.parametrize(
    ("formula", "what"),
    [
        (of_what_is_bounded, "make it a Real"),
        (of_a_head_of_a_head, "that of one activation of x"),
        (to_a_decimal, "a limit is a number, such as Rational"),
        (to_nowhere, "a limit is a number, such as Rational"),
    ],
)
def test_limits_that_cannot_be_run_are_refused(formula, what):
    with pytest.raises(ClaimError, match=what):
        stated(formula)


@pytest.mark.parametrize(
    ("formula", "at"), [(limits_of_relu, "inf"), (limits_of_elu_without_alpha, "-inf")]
)
def test_a_limit_that_is_claimed_wrongly_is_false_and_nobodys_defect(formula, at):
    found = check(stated(formula), NUMPY_TEXTBOOK, FLOAT32, Profile(examples=4, derandomize=True))
    assert found.verdict is Verdict.FALSE
    assert found.smallest.inputs["x"]["values"] == [at]
    assert "which is the limit there; the claim says" in found.smallest.message


def test_a_function_that_misses_the_true_limit_is_wrong_whatever_is_claimed():
    entry = stated(limits_of_relu)
    fault = judged(entry, 4, relu=lambda x: np.minimum(np.maximum(x, 0), 2)).evidence.faults[0]
    assert fault.what == "delivers 2.0 at inf, where the limit is inf"
    # What agrees with a false claim is seen as little as what agrees with a true one is.
    assert judged(entry, 4, relu=lambda x: np.clip(x, 0, 1)).gravest is Verdict.HOLDS


def limits_that_nobody_proves(x: Real):
    return Limits(relu(x), x, 0, 7)


def test_nobody_is_accused_while_the_limit_stays_open(monkeypatch):
    def gives_up(*_):
        raise OutOfReachError("too hard")

    monkeypatch.setattr(infinities, "settle_limit", gives_up)
    entry = stated(limits_that_nobody_proves)
    assert judged(entry, 4).gravest is Verdict.UNDECIDED

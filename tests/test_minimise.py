"""What is minimised still fails in the same way, and the first failing float is found."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, strategies as st

from checks.example import Example
from checks.filling import everything
from checks.formats import BFLOAT16, FLOAT16, FLOAT32, FLOAT64, FORMATS
from checks.implementations.numpy_textbook import NUMPY_TEXTBOOK
from checks.minimise import BUDGET, CANDIDATES, first_failing, minimise
from checks.outcomes import judge
from checks.verdict import PRECEDENCE, Verdict
from theory.book import CLAIMS
from theory.calculus import Norm, Total
from theory.claim import Claim, apart, claim
from theory.domains import Batch, Gradients, GrowthFactor, PositiveReal, Real
from theory.heads import clip_by_norm, sigmoid
from theory.sources import CV

BOOK = {entry.name: entry for entry in CLAIMS}
KEY = ("x", 0)
SHORT = pytest.mark.parametrize("fmt", [FLOAT16, BFLOAT16], ids=str)
EVERY = pytest.mark.parametrize("fmt", FORMATS.values(), ids=str)


def stated(formula) -> Claim:
    formula.__doc__ = "It is so."
    with apart():
        return claim(source=CV.section("1"))(formula)


def of_a_number(x: Real):
    return sigmoid(x) > 0


def of_a_positive_number(x: PositiveReal):
    return sigmoid(x) > 0


def of_a_factor(x: GrowthFactor):
    return sigmoid(x) > 0


def of_a_batch(x: Batch):
    return Total(sigmoid(x)) > 0


def of_gradients(x: Gradients):
    return Norm(clip_by_norm(x, 1)) <= 1


NUMBER, POSITIVE = stated(of_a_number), stated(of_a_positive_number)
FACTOR, BATCH, GRADIENTS = stated(of_a_factor), stated(of_a_batch), stated(of_gradients)


def single(fmt, value) -> Example:
    return Example({}, {KEY: np.array([value]).astype(fmt.dtype)})


def where(condition):
    """A way to fail: the samples whose number satisfies a condition."""
    return lambda example: condition(example.arrays[KEY].astype(np.float64))


def at_ordinals(fmt, failing):
    return lambda example: np.isin(fmt.ordinals(example.arrays[KEY]), failing)


def value_of(example: Example) -> float:
    (value,) = example.arrays[KEY].astype(np.float64)
    return float(value)


# -- numbers in order -----------------------------------------------------------------------------


@EVERY
@given(data=st.data())
def test_the_first_number_past_a_threshold_is_found(fmt, data):
    top = fmt.largest_ordinal
    first = data.draw(st.integers(0, top))
    found = data.draw(st.integers(first, top))
    start = single(fmt, 0)
    start = start.with_array(KEY, fmt.from_ordinals(np.array([found], dtype=np.int64)))
    least = first_failing(NUMBER, fmt, start, lambda e: fmt.ordinals(e.arrays[KEY]) >= first)
    assert fmt.ordinals(least.arrays[KEY]).tolist() == [first]


@SHORT
@given(data=st.data())
def test_in_sixteen_bits_the_first_of_any_failing_numbers_is_found(fmt, data):
    top = fmt.largest_ordinal
    failing = data.draw(st.sets(st.integers(0, top), min_size=1, max_size=40))
    start = fmt.from_ordinals(
        np.array([data.draw(st.sampled_from(sorted(failing)))], dtype=np.int64)
    )
    least = first_failing(NUMBER, fmt, Example({}, {KEY: start}), at_ordinals(fmt, sorted(failing)))
    assert fmt.ordinals(least.arrays[KEY]).tolist() == [min(failing)]


@SHORT
@pytest.mark.parametrize("name", ["sigmoid_slope_is_positive"])
def test_the_first_limit_is_that_of_an_exhaustive_scan(fmt, name):
    entry, wanted = BOOK[name], PRECEDENCE.index(Verdict.METHOD_LIMIT)

    def fails(example):
        return judge(entry, NUMPY_TEXTBOOK, fmt, example).codes == wanted

    values = everything(fmt, entry.variables["x"])
    failing = values[fails(Example({}, {KEY: values}, len(values)))].astype(np.float64)
    nearest = failing[np.argmin(np.abs(failing))]
    least = first_failing(entry, fmt, single(fmt, failing[-1]), fails)
    assert abs(value_of(least)) == abs(nearest)


def test_the_positive_side_is_preferred_where_both_fail():
    fails = where(lambda x: np.abs(x) >= 3)
    assert value_of(minimise(NUMBER, FLOAT32, single(FLOAT32, -1000), fails)) == 3


def test_the_negative_side_stays_where_only_it_fails():
    fails = where(lambda x: x <= -3)
    assert value_of(minimise(NUMBER, FLOAT64, single(FLOAT64, -1e300), fails)) == -3


def test_zero_is_the_simplest_of_all():
    everywhere = where(lambda x: x == x)
    assert value_of(minimise(NUMBER, FLOAT64, single(FLOAT64, -1e300), everywhere)) == 0


@pytest.mark.parametrize(
    ("entry", "start", "first"), [(POSITIVE, 5, 2.0**-149), (FACTOR, 3, 1 + 2.0**-23)]
)
def test_what_is_minimised_stays_in_its_domain(entry, start, first):
    everywhere = where(lambda x: x == x)
    assert value_of(minimise(entry, FLOAT32, single(FLOAT32, start), everywhere)) == first


def test_an_ordered_search_asks_a_few_times_only():
    calls = []

    def fails(example):
        calls.append(example.samples)
        return where(lambda x: x >= 1e200)(example)

    first_failing(NUMBER, FLOAT64, single(FLOAT64, 1e300), fails)
    assert len(calls) < 10
    assert max(calls) <= CANDIDATES


# -- anything else --------------------------------------------------------------------------------


@EVERY
def test_entries_that_do_not_matter_become_zero(fmt):
    x = fmt.nearest(np.random.default_rng(4).normal(size=(4, 3)))
    x[2, 1] = 4
    least = minimise(BATCH, fmt, Example({}, {KEY: x}), lambda e: e.arrays[KEY][2, 1:2] >= 4)
    expected = np.zeros((4, 3))
    expected[2, 1] = 4
    assert np.array_equal(least.arrays[KEY].astype(np.float64), expected)
    assert least.arrays[KEY].dtype == fmt.dtype


def test_a_list_of_arrays_is_simplified_entry_by_entry():
    x = [np.array([5.3, 0.7], dtype=np.float32), np.array([[1.9]], dtype=np.float32)]
    least = minimise(GRADIENTS, FLOAT32, Example({}, {KEY: x}), lambda e: e.arrays[KEY][1][0] > 1)
    assert [part.tolist() for part in least.arrays[KEY]] == [[0.0, 0.0], [[2.0]]]


@EVERY
def test_the_largest_number_is_not_rounded_up_to_infinity(fmt):
    x = np.full((2, 1), fmt.largest).astype(fmt.dtype)
    seen = []

    def fails(example):
        seen.append(example.arrays[KEY].astype(np.float64))
        return example.arrays[KEY][0] >= fmt.dtype(fmt.largest)

    least = minimise(BATCH, fmt, Example({}, {KEY: x}), fails)
    assert float(least.arrays[KEY][0, 0]) == fmt.largest
    assert all(np.isfinite(values).all() for values in seen)


def test_the_budget_is_kept():
    calls = []

    def fails(example):
        calls.append(example)
        return np.array([False])

    x = np.random.default_rng(5).normal(size=(50, 6)).astype(np.float32)
    assert minimise(BATCH, FLOAT32, Example({}, {KEY: x}), fails).arrays[KEY] is x
    assert len(calls) <= BUDGET


@given(first=st.integers(1, 3000), more=st.integers(0, 3000))
def test_the_first_failing_depth_is_found(first, more):
    entry = BOOK["repeated_factor_overflows_at_depth"]
    start = Example({"n": Fraction(first + more)}, {("q", 0): np.array([1.5])})
    least = minimise(entry, FLOAT64, start, lambda e: [e.numbers["n"] >= first])
    assert least.numbers["n"] == first


@given(seed=st.integers(0, 2**32 - 1))
def test_what_is_minimised_still_fails(seed):
    rng = np.random.default_rng(seed)
    direction = rng.normal(size=(3, 2))

    def fails(example):
        return [float((example.arrays[KEY] * direction).sum()) > 1]

    x = (rng.normal(size=(3, 2)) + 9 * direction).astype(np.float32)
    if fails(start := Example({}, {KEY: x}))[0]:
        assert fails(minimise(BATCH, FLOAT32, start, fails))[0]

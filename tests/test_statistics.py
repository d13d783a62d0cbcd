"""An interval for a mean covers what it says and shows what it promises, whatever the law."""

import math
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, strategies as st
from scipy.stats import chi2
from sympy import Eq, Rational, pi, sqrt

from checks.formats import FLOAT16, FLOAT32, FORMATS
from checks.implementations.ideal import IDEAL
from checks.implementations.numpy_textbook import NUMPY_TEXTBOOK
from checks.implementations.torch_eager import torch_eager
from checks.lowering import LoweringError
from checks.power import FALSE_ALARM, MISSED
from checks.statistics import check_mean
from checks.statistics.laws import (
    EFFECT,
    ROOT,
    Bounded,
    RectifiedSquares,
    Squares,
    SubGaussian,
)
from checks.verdict import Verdict
from theory.book import CLAIMS
from theory.calculus import Expectation, Iff, SecondMoment, Total, Zeros
from theory.claim import apart, claim, refuted
from theory.domains import Seed, Shape, StandardNormal, Vector, Weights
from theory.heads import he_normal, linear, relu, sigmoid
from theory.sources import Document

BOOK = {entry.name: entry for entry in CLAIMS}
KEEPS = BOOK["he_keeps_relu_second_moment"]
NOTES = Document("Notes", "Statements about means").section("1")
BOTH = [NUMPY_TEXTBOOK, torch_eager()]
SCALED = [Squares(), RectifiedSquares()]
SIZES = st.sampled_from([1, 2, 3, 8, 31, 512, 4096])
HALF = RectifiedSquares()


# -- second moments of normals --------------------------------------------------------------------


@given(st.floats(0, 50))
def test_the_law_of_one_and_two_rectified_draws_is_written_out(ratio):
    one = chi2.cdf(ratio / 2, 1)
    assert abs(HALF.below(ratio, 1) - (1 + one) / 2) <= 4 * math.ulp(1)
    one, two = chi2.cdf(ratio, 1), chi2.cdf(ratio, 2)
    assert abs(HALF.below(ratio, 2) - (1 + 2 * one + two) / 4) <= 4 * math.ulp(1)


@pytest.mark.parametrize("draws", [1, 2, 8, 31])
def test_no_rectified_draw_is_positive_with_the_probability_of_heads(draws):
    assert abs(HALF.below(0, draws) - 2.0**-draws) <= 4 * math.ulp(1)


@pytest.mark.parametrize("law", SCALED, ids=lambda law: type(law).__name__)
@given(draws=SIZES, a=st.floats(0, 10), b=st.floats(0, 10))
def test_a_law_is_a_cumulative_one(law, draws, a, b):
    low, high = sorted((a, b))
    # A thousandth of the smallest probability that is asked for.
    assert 0 <= law.below(low, draws) <= law.below(high, draws) + FALSE_ALARM / 1024
    assert abs(law.below(a, draws) + law.above(a, draws) - 1) <= FALSE_ALARM / 1024


@pytest.mark.parametrize("law", SCALED, ids=lambda law: type(law).__name__)
@pytest.mark.parametrize("draws", [3, 16, 64])
@pytest.mark.parametrize("ratio", [0.5, 0.8, 1.0, 1.3])
def test_a_law_is_that_of_simulated_draws(law, draws, ratio):
    count = 40_000
    z = np.random.default_rng(14).normal(size=(count, draws))
    squares = z**2 if isinstance(law, Squares) else 2 * np.maximum(z, 0) ** 2
    observed = np.mean(squares.mean(axis=1) <= ratio)
    expected = law.below(ratio, draws)
    # Six standard deviations of a binomial share: a false alarm in 500 million.
    assert abs(observed - expected) < 6 * np.sqrt(expected * (1 - expected) / count)


@pytest.mark.parametrize("law", SCALED, ids=lambda law: type(law).__name__)
@pytest.mark.parametrize("draws", [512, 8192])
@pytest.mark.parametrize("false_alarm", [FALSE_ALARM, 0.01])
def test_an_exact_interval_misses_as_often_as_it_says_and_no_oftener(law, draws, false_alarm):
    low, high = law.ratios(draws, false_alarm)
    outside = law.below(low, draws) + law.above(high, draws)
    assert outside <= false_alarm * (1 + 2.0**-20)
    inner = law.below(low + 2 * ROOT, draws) + law.above(high - 2 * ROOT, draws)
    assert inner >= false_alarm * (1 - 2.0**-20)


@pytest.mark.parametrize("law", SCALED, ids=lambda law: type(law).__name__)
def test_the_draws_show_the_effect_with_the_power_promised_and_few_fewer_would(law):
    draws = law.draws_needed(FALSE_ALARM)
    assert law.missed(draws, FALSE_ALARM) <= MISSED < law.missed(draws * 97 // 100, FALSE_ALARM)


def test_more_draws_and_more_alarms_make_an_interval_narrower():
    for law in SCALED:
        widths = [np.ptp(law.ratios(draws, FALSE_ALARM)) for draws in (512, 1024, 4096)]
        assert widths == sorted(widths, reverse=True)
        strict, loose = law.ratios(512, FALSE_ALARM), law.ratios(512, 0.01)
        assert strict[0] < loose[0] < 1 < loose[1] < strict[1]


# -- inequalities ---------------------------------------------------------------------------------


def coverage(law, means, draws, expected, false_alarm):
    """How often the interval holds the expectation."""
    intervals = [law.interval(float(mean), draws, false_alarm) for mean in means]
    return np.mean([low <= expected <= high for low, high in intervals])


@pytest.mark.parametrize("share", [0.01, 0.2, 0.5, 0.9])
def test_the_interval_of_bounded_draws_covers_even_coins(share):
    """Of all distributions between 0 and 1 a coin is the one that spreads most."""
    law, draws, count = Bounded(0, 1, share, 0.02), 300, 4000
    means = np.random.default_rng(3).binomial(draws, share, count) / draws
    assert coverage(law, means, draws, share, 0.05) >= 0.95


@given(st.floats(0, 1), st.integers(1, 10**6))
def test_the_interval_of_bounded_draws_holds_the_mean_and_stays_inside(mean, draws):
    low, high = Bounded(0, 1, 0.5, 0.1).interval(mean, draws, FALSE_ALARM)
    assert 0 <= low <= mean <= high <= 1


@given(st.floats(0.01, 0.99), st.floats(-5, 5), st.floats(0.1, 10), st.integers(10, 10**6))
def test_the_interval_of_bounded_draws_moves_with_the_bounds(mean, low, width, draws):
    unit = Bounded(0, 1, 0.5, 0.1).interval(mean, draws, FALSE_ALARM)
    other = Bounded(low, low + width, low + width / 2, width / 10)
    moved = other.interval(low + width * mean, draws, FALSE_ALARM)
    for a, b in zip(unit, moved, strict=True):
        assert abs(low + width * a - b) <= (abs(low) + width) * 2.0**-30


def test_functions_of_a_normal_are_covered_and_steeper_ones_need_the_wider_interval():
    draws, count = 200, 4000
    z = np.random.default_rng(5).normal(size=(count, draws))
    means = np.maximum(z, 0).mean(axis=1)
    expected = 1 / math.sqrt(2 * math.pi)
    assert coverage(SubGaussian(1, 0.01), means, draws, expected, 0.05) >= 0.95
    steep = coverage(SubGaussian(1, 0.01), 10 * means, draws, 10 * expected, 0.05)
    assert steep < 0.95 <= coverage(SubGaussian(10, 0.1), 10 * means, draws, 10 * expected, 0.05)


@pytest.mark.parametrize(
    "law", [Bounded(0, 3, 1, EFFECT), Bounded(-1, 1, 0, 0.1), SubGaussian(1, 0.01)], ids=str
)
def test_a_shift_falls_out_of_the_interval_by_what_a_miss_needs(law):
    draws, expected = law.draws_needed(FALSE_ALARM), getattr(law, "expected", 0.0)
    # The interval around a mean that is as far off as a miss would need excludes the expectation.
    for side in (-1, 1):
        low, high = law.interval(expected + side * law.shift, draws, FALSE_ALARM)
        assert not low <= expected <= high
        low, high = law.interval(expected + side * law.shift, draws // 4, FALSE_ALARM)
        assert low <= expected <= high


# -- initialisers ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "implementation", [IDEAL, NUMPY_TEXTBOOK, torch_eager()], ids=lambda i: i.name
)
@pytest.mark.parametrize("fmt", FORMATS.values(), ids=str)
def test_right_initialisers_hold(implementation, fmt):
    result = check_mean(KEEPS, implementation, fmt, seed=3)
    assert result.verdict is Verdict.HOLDS
    assert result.samples >= HALF.draws_needed(FALSE_ALARM)


def normal(shape, seed, scale):
    return np.random.default_rng(seed).normal(0.0, scale, shape)


WRONG = {
    "of LeCun": lambda shape, seed: normal(shape, seed, np.sqrt(1 / shape[1])),
    "of Glorot": lambda shape, seed: normal(shape, seed, np.sqrt(2 / sum(shape))),
    "4 % too wide": lambda shape, seed: normal(shape, seed, np.sqrt(2.08 / shape[1])),
    "4 % too narrow": lambda shape, seed: normal(shape, seed, np.sqrt(1.92 / shape[1])),
    "zero": lambda shape, seed: np.zeros(shape),
    "infinite": lambda shape, seed: np.full(shape, np.inf),
    "no number": lambda shape, seed: np.full(shape, np.nan),
    "of one seed": lambda shape, seed: normal(shape, 0, np.sqrt(2 / shape[1])),
    "of no seed": lambda shape, seed: normal(shape, None, np.sqrt(2 / shape[1])),
}


@pytest.mark.parametrize("what", WRONG)
@pytest.mark.parametrize("fmt", [FLOAT16, FLOAT32], ids=str)
def test_wrong_initialisers_are_defects(what, fmt):
    result = check_mean(KEEPS, NUMPY_TEXTBOOK.replace(he_normal=WRONG[what]), fmt, seed=3)
    assert result.verdict is Verdict.DEFECT
    assert result.smallest.operation == "he_normal"


USELESS = {
    "nothing": lambda shape, seed: None,
    "another shape": lambda shape, seed: normal(shape[::-1], seed, 1),
    "an exception": lambda shape, seed: 1 / 0,
    "too few arguments": lambda shape: 0,
}


@pytest.mark.parametrize("what", USELESS)
@pytest.mark.parametrize("implementation", BOTH, ids=lambda i: i.name)
def test_what_draws_no_weights_is_a_defect(implementation, what):
    result = check_mean(KEEPS, implementation.replace(he_normal=USELESS[what]), FLOAT32)
    assert result.verdict is Verdict.DEFECT
    assert result.smallest.operation == "he_normal"


def test_a_layer_that_strays_after_the_first_run_is_not_excused_as_rounding():
    textbook, calls = SimpleNamespace(**NUMPY_TEXTBOOK.functions), []

    def relu(x):
        calls.append(None)
        return textbook.relu(x) if len(calls) < 3 else np.maximum(x * x.dtype.type(1.05), 0)

    result = check_mean(KEEPS, NUMPY_TEXTBOOK.replace(relu=relu), FLOAT32)
    assert result.verdict is Verdict.DEFECT


def test_the_same_seed_gives_the_same_mean():
    first, second, other = (check_mean(KEEPS, NUMPY_TEXTBOOK, FLOAT32, seed=s) for s in (1, 1, 2))
    assert first.notes == second.notes != other.notes


# -- claims ---------------------------------------------------------------------------------------


def judged(entry, implementation=NUMPY_TEXTBOOK):
    return check_mean(entry, implementation, FLOAT32).verdict


def test_a_false_statement_about_means_is_false_and_a_true_one_is_held():
    with apart():

        @claim(source=NOTES)
        def relu_of_a_normal_has_this_mean(z: StandardNormal):
            """True."""
            return Eq(Expectation(relu(z), z), 1 / sqrt(2 * pi))

        @claim(source=NOTES)
        def relu_of_a_normal_has_mean_zero(z: StandardNormal):
            """False, whatever the implementation."""
            return Eq(Expectation(relu(z), z), 0)

        @claim(source=NOTES)
        def relu_has_a_larger_mean_than_sigmoid_less_a_half(z: StandardNormal):
            """An inequality between two means."""
            return Expectation(relu(z), z) > Expectation(sigmoid(z), z) - Rational(1, 2)

        @claim(source=NOTES)
        def sigmoid_has_a_mean_above_its_mean(z: StandardNormal):
            """Too close for any number of draws."""
            return Expectation(sigmoid(z), z) <= Rational(1, 2)

    assert judged(relu_of_a_normal_has_this_mean) is Verdict.HOLDS
    for implementation in (IDEAL, *BOTH):
        assert judged(relu_of_a_normal_has_mean_zero, implementation) is Verdict.FALSE
    assert judged(relu_has_a_larger_mean_than_sigmoid_less_a_half) is Verdict.HOLDS
    assert judged(sigmoid_has_a_mean_above_its_mean) is Verdict.UNDECIDED


def test_a_wrong_implementation_does_not_make_a_claim_false():
    xavier = BOOK["xavier_keeps_linear_variance"]
    assert judged(xavier) is Verdict.FALSE
    wrong = NUMPY_TEXTBOOK.replace(xavier_normal=lambda shape, gain, seed: normal(shape, seed, 1))
    assert judged(xavier, wrong) is Verdict.DEFECT


def test_a_refuted_claim_that_is_true_is_not_refuted():
    with apart():

        @refuted(source=NOTES, by={}, instead="he_keeps_relu_second_moment")
        def relu_of_a_normal_has_this_mean(z: StandardNormal):
            """True."""
            return Eq(Expectation(relu(z), z), 1 / sqrt(2 * pi))

    assert judged(relu_of_a_normal_has_this_mean) is Verdict.UNDECIDED


def test_a_claim_without_an_exact_law_says_so_in_one_line():
    with apart():

        @claim(source=NOTES)
        def cubes(x: Vector, shape: Shape, seed: Seed):
            """No law is known for a power of a ReLU's sum."""
            z = linear(x, he_normal(shape, seed), Zeros(shape))
            return Eq(Expectation(Total(relu(z)) ** 3, seed), 1)

        @claim(source=NOTES)
        def two_sources(z: StandardNormal, shape: Shape, seed: Seed):
            """Over the seed, and over the number."""
            weight = Expectation(SecondMoment(he_normal(shape, seed)), seed)
            return Eq(weight, Expectation(relu(z), z))

        @claim(source=NOTES)
        def layers_of_weights(w: Weights, z: StandardNormal):
            """A variable that no example is known for."""
            return Eq(Expectation(relu(z), z), w[1])

        @claim(source=NOTES)
        def twice(shape: Shape, seed: Seed):
            """Two statements about means."""
            moment = Expectation(SecondMoment(he_normal(shape, seed)), seed)
            return Iff(moment > 0, moment > 1)

    for entry in (cubes, two_sources, layers_of_weights, twice):
        with pytest.raises(LoweringError, match=entry.name) as raised:
            judged(entry)
        assert "\n" not in str(raised.value)
    with pytest.raises(LoweringError, match="known are the second moment of independent normals,"):
        judged(cubes)

"""The interval for a mean is the exact law's: it covers what it says and shows what it promises."""

import math

import numpy as np
import pytest
from hypothesis import given, strategies as st
from scipy.stats import chi2

from checks.formats import FLOAT16, FLOAT32, FORMATS
from checks.implementations.ideal import IDEAL
from checks.implementations.numpy_textbook import NUMPY_TEXTBOOK
from checks.implementations.torch_eager import torch_eager
from checks.statistics import (
    EFFECT,
    FALSE_ALARM,
    FAN_IN,
    MISSED,
    check_mean,
    cumulative,
    draws_needed,
    interval,
)
from checks.verdict import Verdict
from theory.book import CLAIMS

(KEEPS,) = (entry for entry in CLAIMS if entry.name == "he_keeps_relu_second_moment")
BOTH = [NUMPY_TEXTBOOK, torch_eager()]
SIZES = st.sampled_from([1, 2, 3, 8, 31, 512, 4096])


def mean_of(total, draws):
    """A sum as a multiple of its expectation, one half a draw."""
    return total / (draws / 2)


# -- the law --------------------------------------------------------------------------------------


@given(st.floats(0, 50))
def test_the_law_of_one_and_two_draws_is_written_out(total):
    one, two = chi2.cdf(total, 1), chi2.cdf(total, 2)
    assert abs(cumulative(total, 1) - (1 + one) / 2) <= 4 * math.ulp(1)
    assert abs(cumulative(total, 2) - (1 + 2 * one + two) / 4) <= 4 * math.ulp(1)


@pytest.mark.parametrize("draws", [1, 2, 8, 31])
def test_no_draw_is_positive_with_the_probability_of_heads(draws):
    assert abs(cumulative(0, draws) - 2.0**-draws) <= 4 * math.ulp(1)


@given(SIZES, st.floats(0, 10), st.floats(0, 10))
def test_the_law_is_a_cumulative_one(draws, a, b):
    low, high = sorted((a, b))
    below, above = cumulative(low * draws, draws), cumulative(high * draws, draws)
    # Every one of the terms that are summed is rounded.
    assert 0 <= below <= above + draws * math.ulp(1)
    assert above <= 1 + draws * math.ulp(1)


@pytest.mark.parametrize("draws", [3, 16, 64])
@pytest.mark.parametrize("share", [0.5, 0.8, 1.0, 1.3])
def test_the_law_is_that_of_simulated_draws(draws, share):
    count, total = 40_000, share * draws / 2
    z = np.random.default_rng(14).normal(size=(count, draws))
    observed = np.mean((np.maximum(z, 0) ** 2).sum(axis=1) <= total)
    expected = cumulative(total, draws)
    # Six standard deviations of a binomial share: a false alarm in 500 million.
    assert abs(observed - expected) < 6 * np.sqrt(expected * (1 - expected) / count)


# -- the interval ---------------------------------------------------------------------------------


@pytest.mark.parametrize("draws", [512, 2048, 8192])
@pytest.mark.parametrize("false_alarm", [FALSE_ALARM, 0.01])
def test_the_interval_holds_the_mean_but_for_a_false_alarm(draws, false_alarm):
    low, high = interval(draws, false_alarm)
    outside = cumulative(low * draws / 2, draws) + (1 - cumulative(high * draws / 2, draws))
    # Of the tails themselves, whose roots and sums are rounded.
    assert abs(outside - false_alarm) <= draws * math.ulp(1) + false_alarm * 2.0**-20


def test_the_interval_covers_simulated_means():
    draws, count = 512, 20_000
    low, high = interval(draws, 0.05)
    z = np.random.default_rng(15).normal(size=(count, draws)).astype(np.float32)
    means = mean_of((np.maximum(z, 0) ** 2).sum(axis=1), draws)
    covered = np.mean((low <= means) & (means <= high))
    assert abs(covered - 0.95) < 6 * np.sqrt(0.95 * 0.05 / count)


def test_more_draws_and_more_alarms_make_the_interval_narrower():
    widths = [interval(draws)[1] - interval(draws)[0] for draws in (512, 1024, 4096)]
    assert widths == sorted(widths, reverse=True)
    strict, loose = interval(512), interval(512, 0.01)
    assert strict[0] < loose[0] < 1 < loose[1] < strict[1]


def test_the_draws_show_the_effect_with_the_power_promised_and_no_fewer_would():
    for draws, enough in ((draws_needed(), True), (draws_needed() // 2, False)):
        low, high = interval(draws)
        missed_above = cumulative(high * draws / 2 / (1 + EFFECT), draws)
        missed_below = 1 - cumulative(low * draws / 2 / (1 - EFFECT), draws)
        assert (max(missed_above, missed_below) < MISSED) == enough


# -- initialisers ---------------------------------------------------------------------------------


def normal(shape, seed, scale):
    return np.random.default_rng(seed).normal(0.0, scale, shape)


def truncated(shape, seed):
    """Cut off at two standard deviations and not widened again: 0.774 of the variance."""
    rng, scale = np.random.default_rng(seed), np.sqrt(2 / shape[1])
    draws = rng.normal(0.0, scale, shape)
    while (far := np.abs(draws) > 2 * scale).any():
        draws[far] = rng.normal(0.0, scale, int(far.sum()))
    return draws


WRONG = {
    "truncated": truncated,
    "of LeCun": lambda shape, seed: normal(shape, seed, np.sqrt(1 / shape[1])),
    "of Glorot": lambda shape, seed: normal(shape, seed, np.sqrt(2 / sum(shape))),
    "by the fan out": lambda shape, seed: normal(shape, seed, np.sqrt(2 / shape[0])),
    "a tenth too wide": lambda shape, seed: normal(shape, seed, np.sqrt(2.4 / shape[1])),
    "zero": lambda shape, seed: np.zeros(shape),
}


@pytest.mark.parametrize(
    "implementation", [IDEAL, NUMPY_TEXTBOOK, torch_eager()], ids=lambda i: i.name
)
@pytest.mark.parametrize("fmt", FORMATS.values(), ids=str)
def test_right_initialisers_hold(implementation, fmt):
    result = check_mean(KEEPS, implementation, fmt, seed=3)
    assert (result.verdict, result.samples) == (Verdict.HOLDS, draws_needed())


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


def test_the_same_seed_gives_the_same_mean():
    first, second, other = (check_mean(KEEPS, NUMPY_TEXTBOOK, FLOAT32, seed=s) for s in (1, 1, 2))
    assert first.notes == second.notes != other.notes
    assert FAN_IN < draws_needed()

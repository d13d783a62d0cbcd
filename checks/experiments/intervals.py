"""Exact intervals for a probability, and the number of seeds that it takes."""

import math
from functools import cache

from scipy.stats import beta, binom

from checks.power import MISSED

# What is claimed to happen with probability p happens with 1 − (1 − p)/10: then the seeds show it
# but once in a thousand.
EFFECT = 10


def clopper_pearson(count: int, seeds: int, alpha: float) -> tuple[float, float]:
    """Where the probability lies that an event has which happened for `count` of the seeds.

    Exact at every size: the interval misses the probability less often than alpha.
    """
    low = beta.ppf(alpha / 2, count, seeds - count + 1) if count else 0.0
    high = beta.ppf(1 - alpha / 2, count + 1, seeds - count) if count < seeds else 1.0
    return float(low), float(high)


@cache
def seeds_needed(bound: float, alpha: float) -> int:
    """How many seeds show that a probability is above a bound, with the power wanted.

    As many show that one is below 1 − bound.
    """
    likely = 1 - (1 - bound) / EFFECT
    seeds = 1
    while True:
        count = _least(seeds, bound, alpha)
        if count <= seeds and binom.cdf(count - 1, seeds, likely) < MISSED:
            return seeds
        seeds = max(seeds + 1, math.ceil(1.1 * seeds))


def _least(seeds: int, bound: float, alpha: float) -> int:
    """The least count whose interval lies above the bound; one too many where there is none."""
    few, many = 0, seeds + 1
    while many - few > 1:
        middle = (few + many) // 2
        if clopper_pearson(middle, seeds, alpha)[0] > bound:
            many = middle
        else:
            few = middle
    return many

"""What the mean of independent draws says of its expectation: exact laws and exact inequalities.

Every law here holds at every number of draws, not only in the limit. `interval` are the
expectations that the observed mean does not rule out: the true one lies outside of it with a
probability of at most `false_alarm`. `draws_needed` follows from the power wanted and not from
habit: an expectation that is off by the effect is missed with a probability of at most `MISSED`.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from math import ceil, inf, log, log1p, sqrt
from typing import ClassVar

import numpy as np
from scipy.optimize import brentq
from scipy.stats import binom, chi2, norm

from checks.power import MISSED

# The share of a second moment that more or less of it is no longer missed.
EFFECT = 0.03
# How far the ends of an interval may lie outside of what they need to be, relative to the mean.
ROOT = 2.0**-30


class Law(ABC):
    """How the mean of so many independent draws lies about its expectation."""

    @abstractmethod
    def interval(self, mean: float, draws: int, false_alarm: float) -> tuple[float, float]:
        """The expectations that an observed mean does not rule out."""

    @abstractmethod
    def draws_needed(self, false_alarm: float) -> int:
        """How many draws show the effect with the power wanted."""


# -- second moments of normals --------------------------------------------------------------------


class Scaled(Law):
    """A mean that is its expectation times a ratio, whose distribution is known exactly."""

    deviation: ClassVar[float]  # of the ratio, for one draw

    @abstractmethod
    def below(self, ratio: float, draws: int) -> float:
        """The probability of a ratio of at most so much."""

    @abstractmethod
    def above(self, ratio: float, draws: int) -> float:
        """The probability of a ratio of more than that."""

    def interval(self, mean: float, draws: int, false_alarm: float) -> tuple[float, float]:
        """The mean divided by the ratios at both ends."""
        low, high = self.ratios(draws, false_alarm)
        return mean / high, (mean / low if low > 0 else inf)

    def ratios(self, draws: int, false_alarm: float) -> tuple[float, float]:
        """Where the ratio lies but for a false alarm."""
        return _ratios(self, draws, false_alarm)

    def missed(self, draws: int, false_alarm: float) -> float:
        """The probability that an expectation which is off by the effect goes unnoticed."""
        low, high = self.ratios(draws, false_alarm)
        return max(self.below(high / (1 + EFFECT), draws), self.above(low / (1 - EFFECT), draws))

    def draws_needed(self, false_alarm: float) -> int:
        """From the normal approximation on, until the exact law agrees."""
        return _enough(self, false_alarm)


@dataclass(frozen=True)
class Squares(Scaled):
    """Squares of independent centred normals of one variance: their sum is a chi-square."""

    deviation: ClassVar[float] = sqrt(2)

    def below(self, ratio: float, draws: int) -> float:
        """P(Σ zᵢ² ≤ ratio · draws)."""
        return float(chi2.cdf(ratio * draws, draws))

    def above(self, ratio: float, draws: int) -> float:
        """P(Σ zᵢ² > ratio · draws)."""
        return float(chi2.sf(ratio * draws, draws))


@dataclass(frozen=True)
class RectifiedSquares(Scaled):
    """Squares of the positive parts: a chi-square with a binomial number of degrees of freedom."""

    deviation: ClassVar[float] = sqrt(5)

    def below(self, ratio: float, draws: int) -> float:
        """P(Σ max(zᵢ, 0)² ≤ ratio · draws / 2)."""
        positive, weights = _positives(draws)
        total = ratio * draws / 2
        inside = np.where(positive > 0, chi2.cdf(total, np.maximum(positive, 1)), 1.0)
        return float(np.sum(weights * inside))

    def above(self, ratio: float, draws: int) -> float:
        """P(Σ max(zᵢ, 0)² > ratio · draws / 2)."""
        positive, weights = _positives(draws)
        total = ratio * draws / 2
        outside = np.where(positive > 0, chi2.sf(total, np.maximum(positive, 1)), 0.0)
        return float(np.sum(weights * outside))


@cache
def _positives(draws: int) -> tuple[np.ndarray, np.ndarray]:
    """How many of the normals may be positive, and with which probability each."""
    spread = 9 * sqrt(draws) / 2  # nine standard deviations of the binomial: 1e-18 lies beyond
    low, high = max(0, int(draws / 2 - spread)), min(draws, int(draws / 2 + spread))
    positive = np.arange(low, high + 1)
    return positive, binom.pmf(positive, draws, 0.5)


@cache
def _ratios(law: Scaled, draws: int, false_alarm: float) -> tuple[float, float]:
    usual = norm.isf(false_alarm / 2) * law.deviation / sqrt(draws)

    def root(tail: Callable[[float, int], float], side: int) -> float:
        # Of logarithms, which are nearly straight, and from where a normal ratio would have it.
        def excess(reach: float) -> float:
            probability = tail(max(1 + side * reach, 0.0), draws)
            return log(max(probability, np.finfo(float).tiny)) - log(false_alarm / 2)

        near, far = 0.0, usual
        while excess(far) > 0:
            near, far = far, 2 * far
        # Outward by as much as the root may be off.
        return 1 + side * (float(brentq(excess, near, far, xtol=ROOT)) + ROOT)

    certain = law.below(0.0, draws) >= false_alarm / 2
    return 0.0 if certain else root(law.below, -1), root(law.above, 1)


@cache
def _enough(law: Scaled, false_alarm: float) -> int:
    quantiles = norm.isf(false_alarm / 2) + norm.isf(MISSED)
    draws = ceil((quantiles * law.deviation / EFFECT) ** 2)
    while law.missed(draws, false_alarm) > MISSED:
        draws += ceil(draws / 100)
    return draws


# -- inequalities ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Bounded(Law):
    """Draws between two bounds, of any distribution (Hoeffding 1963, theorem 1).

    P(mean ≥ m) ≤ exp(−n·d(m, μ)) for m above the expectation μ, and likewise below, d being the
    Kullback–Leibler divergence of two coins; the scale is such that the bounds are 0 and 1.
    A shift of `shift` away from `expected` is to be noticed.
    """

    low: float
    high: float
    expected: float
    shift: float

    def interval(self, mean: float, draws: int, false_alarm: float) -> tuple[float, float]:
        """All expectations whose divergence from the mean is small enough."""
        share, most = self._share(mean), log(2 / false_alarm) / draws

        def end(far: float) -> float:
            if share == far or _divergence(share, far) <= most:
                return far
            return float(brentq(lambda p: _divergence(share, p) - most, share, far))

        return self._value(end(0.0)), self._value(end(1.0))

    def draws_needed(self, false_alarm: float) -> int:
        """By the same inequality for the mean of draws whose expectation is shifted."""
        return max(self._enough(side * self.shift, false_alarm) for side in (1, -1))

    def _enough(self, shift: float, false_alarm: float) -> int:
        true, claimed = self._share(self.expected + shift), self._share(self.expected)
        alarm, missed = log(2 / false_alarm), log(1 / MISSED)

        # At the edge of the interval both bounds hold with so many draws: one falls, one rises.
        def balance(edge: float) -> float:
            return _divergence(edge, claimed) * missed - _divergence(edge, true) * alarm

        return ceil(alarm / _divergence(float(brentq(balance, claimed, true)), claimed))

    def _share(self, value: float) -> float:
        return min(max((value - self.low) / (self.high - self.low), 0.0), 1.0)

    def _value(self, share: float) -> float:
        return self.low + share * (self.high - self.low)


def _divergence(p: float, q: float) -> float:
    """p·ln(p/q) + (1 − p)·ln((1 − p)/(1 − q)), infinite where q excludes what p allows."""
    if (p > 0 and q <= 0) or (p < 1 and q >= 1):
        return inf
    heads = p * log(p / q) if p > 0 else 0.0
    return heads + ((1 - p) * (log1p(-p) - log1p(-q)) if p < 1 else 0.0)


@dataclass(frozen=True)
class SubGaussian(Law):
    """Draws whose mean obeys P(|mean − μ| ≥ t) ≤ 2·exp(−n·t²/(2·scale²)).

    Such are functions of a standard normal with a Lipschitz constant of at most `scale` (Gaussian
    concentration: Boucheron, Lugosi & Massart 2013, theorem 5.6), and sums of numbers with fair
    independent signs whose squares add up to at most scale² (Hoeffding 1963). A shift of `shift`
    is to be noticed.
    """

    scale: float
    shift: float

    def interval(self, mean: float, draws: int, false_alarm: float) -> tuple[float, float]:
        """The same distance to both sides."""
        reach = self.scale * sqrt(2 * log(2 / false_alarm) / draws)
        return mean - reach, mean + reach

    def draws_needed(self, false_alarm: float) -> int:
        """Both reaches, that of the alarm and that of the miss, are no more than the shift."""
        roots = sqrt(2 * log(2 / false_alarm)) + sqrt(2 * log(1 / MISSED))
        return ceil((roots * self.scale / self.shift) ** 2)

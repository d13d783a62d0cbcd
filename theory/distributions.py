"""What one entry of a random weight is distributed like, over the reals."""

from dataclasses import dataclass
from typing import Any

from sympy import Integer, Rational, S, erf, exp, factorial2, pi, sqrt


@dataclass(frozen=True)
class Normal:
    """Mean 0 and a given variance."""

    variance: Any

    def moment(self, k: int) -> Any:
        """The mean of the k-th power."""
        return S.Zero if k % 2 else factorial2(k - 1) * self.variance ** (k // 2)


@dataclass(frozen=True)
class Uniform:
    """Between −bound and bound, whose square is given."""

    square: Any

    def moment(self, k: int) -> Any:
        """The mean of the k-th power."""
        return S.Zero if k % 2 else self.square ** (k // 2) / Integer(k + 1)

    @property
    def support(self) -> tuple[Any, Any]:
        """The smallest and the largest value."""
        return -sqrt(self.square), sqrt(self.square)


@dataclass(frozen=True)
class TruncatedNormal:
    """A normal of mean 0 and the given deviation, of which only what lies between bounds is kept.

    Its own deviation is smaller than that.
    """

    deviation: Any
    low: Any
    high: Any

    def moment(self, k: int) -> Any:
        """The mean of the k-th power, by parts: one power of t·φ(t) is the derivative of −φ."""
        if k == 0:
            return S.One
        a, b = self.low / self.deviation, self.high / self.deviation
        inner = (k - 1) * self.moment(k - 2) * self.deviation**2 if k > 1 else S.Zero
        edges = self.low ** (k - 1) * density(a) - self.high ** (k - 1) * density(b)
        return inner + self.deviation * edges / (cumulative(b) - cumulative(a))

    @property
    def support(self) -> tuple[Any, Any]:
        """The smallest and the largest value."""
        return self.low, self.high


Distribution = Normal | Uniform | TruncatedNormal


def density(t: Any) -> Any:
    """φ(t), that of a standard normal."""
    return exp(-(t**2) / 2) / sqrt(2 * pi)


def cumulative(t: Any) -> Any:
    """Φ(t), the probability that a standard normal is at most t."""
    return (1 + erf(t / sqrt(2))) * Rational(1, 2)


def half_normal_moment(k: int, side: int, power: Any = S.Zero) -> Any:
    """∫ tᵏ e^(power·t) φ(t) dt over t > 0 or over t < 0, by parts."""
    if k == 0:
        return exp(power**2 / 2) * cumulative(side * power)
    inner = (k - 1) * half_normal_moment(k - 2, side, power) if k > 1 else S.Zero
    edge = side * density(S.Zero) if k == 1 else S.Zero
    return edge + inner + (power * half_normal_moment(k - 1, side, power) if power != 0 else 0)

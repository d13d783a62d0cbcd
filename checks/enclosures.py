"""Rounding balls: a midpoint and a radius that covers every honest evaluation.

Theory of operation. A `Ball` is an array of midpoints, in numbers wider than the format (see
`checks.reference`), and an array of radii in doubles. An `Arithmetic` carries balls through
operations: the midpoint is computed in the wide numbers, the radius grows by

    what the operands' radii contribute          (first order exactly, second order included)
  + one rounding of the format it stands for      u·|result|, plus half a subnormal spacing
  + one rounding of the wide numbers              so that the checker's own error is covered too

With `unit = 0` the same code is the exact reading: balls are then as wide as the reference numbers'
own rounding, 2⁻⁵³ for doubles and 2⁻¹⁹⁰ for multiprecision, and nothing else.

Where a value may leave the range of the format the radius is infinite: an infinity is then inside,
and so is everything else, which the judge reports as undecided instead of as a pass.

Sums cost γₙ₋₁·Σ|xᵢ| and so hold for every order of summation, pairwise and fused ones included
(Higham 2002, §4.2). A device that flushes reads subnormal inputs as zero and puts subnormal
results to zero: the smallest normal replaces half the subnormal spacing, and each addition may lose
as much.
"""

from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from typing import Any

import numpy as np

from checks import reference
from checks.formats import FLOAT64, Doubles, Format
from checks.reference import Wide

# One rounding of the wide numbers. Doubles: 2**-53 for arithmetic, and elementary functions within
# one ulp, so 2**-52 covers both. Multiprecision: 200 bits with ten to spare.
DOUBLE_UNIT = 2.0**-52
WIDE_UNIT = 2.0 ** -(reference.BITS - 10)
DOUBLE_TINY = 2.0**-1074

Axis = int | tuple[int, ...] | None


@dataclass(frozen=True)
class Ball:
    """All numbers within `rad` of `mid`, entry by entry."""

    mid: Wide
    rad: Doubles

    def __post_init__(self) -> None:
        # NumPy hands out the bare object where an operation on object arrays has no dimensions.
        if not isinstance(self.mid, np.ndarray):
            mid = np.empty((), dtype=object if not isinstance(self.mid, float) else np.float64)
            mid[()] = self.mid
            object.__setattr__(self, "mid", mid)
        rad = np.asarray(self.rad, dtype=np.float64)
        unknown = np.isnan(rad)
        object.__setattr__(self, "rad", np.where(unknown, np.inf, rad) if unknown.any() else rad)

    @property
    def center(self) -> Doubles:
        """The midpoints as doubles, within an ulp."""
        return reference.approximate(self.mid)

    @property
    def magnitude(self) -> Doubles:
        """The largest magnitude in each ball."""
        with np.errstate(over="ignore"):
            return np.abs(self.center) + self.rad

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the array."""
        return self.mid.shape

    def map(self, function: Any) -> "Ball":
        """The same rearrangement of midpoints and radii, such as a transpose."""
        return Ball(function(self.mid), function(self.rad))

    def contains(self, values: Doubles) -> Any:
        """Whether each value is in its ball; a NaN only where it is unbounded.

        So is an infinity, or around itself: what is exact hands on those that it was given.
        """
        return self.reaches(self.distance(values))

    def reaches(self, distance: Doubles) -> Any:
        """Whether what lies at a distance from each midpoint is in its ball."""
        return (distance <= self.rad) | np.isposinf(self.rad)

    def distance(self, values: Doubles) -> Doubles:
        """How far each value lies from its midpoint; an infinity only lies at itself."""
        finite = np.isfinite(values)
        with np.errstate(invalid="ignore", over="ignore"):
            if reference.is_wide(self.mid):
                gap = reference.gap(self.mid, np.where(finite, values, 0.0))
            else:
                gap = values - self.mid
            if finite.all():
                return np.abs(gap)
            itself = np.isinf(values) & (values == self.center)
            return np.where(finite, np.abs(gap), np.where(itself, 0.0, np.inf))


def gamma(n: float, unit: float) -> float:
    """γₙ = n·u/(1 − n·u): the relative error of n roundings (Higham 2002, lemma 3.1)."""
    return float("inf") if n * unit >= 1 else n * unit / (1 - n * unit)


@dataclass(frozen=True)
class Arithmetic:
    """Ball arithmetic for one working format, or exact with `unit = 0`.

    `wide` chooses multiprecision midpoints. `tiny` is the absolute error of an underflow, `ceiling`
    the magnitude from which on a result may overflow, `flushed` the one below which a device puts
    numbers to zero.
    """

    unit: float
    tiny: float
    ceiling: float
    wide: bool
    flushed: float = 0.0

    @classmethod
    def of(cls, fmt: Format, *, wide: bool, flushes: bool = False) -> "Arithmetic":
        """The arithmetic of a format, on a device that may flush subnormals to zero."""
        tiny = fmt.smallest_normal if flushes else fmt.smallest_subnormal / 2
        # The product of a subnormal spacing by 1/2 is 0 for float64 itself; one spacing covers it.
        tiny = tiny or fmt.smallest_subnormal
        flushed = fmt.smallest_normal if flushes else 0.0
        return cls(fmt.unit_roundoff, tiny, fmt.largest, wide, flushed)

    @classmethod
    def exact(cls, *, wide: bool) -> "Arithmetic":
        """The exact reading: no rounding but the reference's own."""
        return cls(0.0, 0.0, float("inf"), wide)

    @property
    def is_exact(self) -> bool:
        """Whether this arithmetic rounds only as the reference does."""
        return self.unit == 0.0

    @property
    def reference_unit(self) -> float:
        """One rounding of the midpoints."""
        return WIDE_UNIT if self.wide else DOUBLE_UNIT

    # -- making balls -------------------------------------------------------------------------

    def point(self, values: Doubles) -> Ball:
        """Balls of radius zero around known values; to zero where these are flushed.

        Around a NaN the ball is unbounded: what comes of one may be anything.
        """
        values = np.asarray(values, dtype=np.float64)
        rad = np.where(np.isnan(values), np.inf, 0.0)
        if self.flushed:
            rad = np.where(np.abs(values) < self.flushed, np.abs(values), rad)
        return Ball(reference.lift(values) if self.wide else values, rad)

    @cache  # noqa: B019  # there are a dozen arithmetics, and they live as long as the process
    def number(self, value: Fraction) -> Ball:
        """A number as the working format reads it: rounded, unless it is representable."""
        nearest = _nearest(value)
        representable = np.isfinite(nearest) and Fraction(nearest) == value
        error = 0.0 if representable else min(abs(nearest), FLOAT64.largest) * self.reference_unit
        mid: Any = np.array(nearest)
        if self.wide:
            mid = np.empty((), dtype=object)
            mid[()] = reference.lift_fraction(value)
        elif not representable:  # doubles underflow too, and overflow
            error += DOUBLE_TINY if np.isfinite(nearest) else np.inf
        if not self.is_exact:
            bits = value.numerator.bit_length() - _trailing_zeros(value.numerator)
            on_grid = (value / Fraction(2 * self.tiny)).denominator == 1  # of the subnormals
            if bits > -np.log2(self.unit) or not on_grid:
                error += self.unit * abs(nearest) + self.tiny
            if abs(value) > self.ceiling:
                error = np.inf
        return Ball(mid, np.array(error))

    def widened(self, ball: Ball, extra: Any) -> Ball:
        """The same midpoints with radii that are `extra` larger."""
        with np.errstate(over="ignore", invalid="ignore"):
            rad = ball.rad + extra
        return Ball(ball.mid, np.where(np.isnan(rad), np.inf, rad))

    def rounded(self, mid: Wide, rad: Doubles, roundings: float = 1.0) -> Ball:
        """The result of an operation: its propagated radius, and so many units of rounding."""
        size = np.abs(reference.approximate(mid))
        relative = gamma(roundings, self.unit)
        reference_error = max(roundings, 1.0) * self.reference_unit
        # Doubles themselves underflow; above the subnormals that little is lost in the sum.
        absolute = self.tiny * roundings + (0.0 if self.wide else DOUBLE_TINY)
        of_rad, of_size = _upward(1 + relative, 16), _upward(relative + reference_error, 16)
        with np.errstate(over="ignore", invalid="ignore"):
            rad = rad * of_rad + size * of_size + _upward(absolute, 16)
            if self.is_exact:
                return Ball(mid, rad)
            return Ball(mid, np.where(size + rad <= self.ceiling, rad, np.inf))

    # -- operations ---------------------------------------------------------------------------

    def add(self, a: Ball, b: Ball) -> Ball:
        """a + b; a sum of floats never underflows, but a device may flush it."""
        with np.errstate(over="ignore", invalid="ignore"):
            mid, rad = np.asarray(a.mid + b.mid), a.rad + b.rad
        return self.rounded(mid, rad)

    def negative(self, a: Ball) -> Ball:
        """−a, exactly."""
        return Ball(-a.mid, a.rad)

    def subtract(self, a: Ball, b: Ball) -> Ball:
        """a − b."""
        return self.add(a, self.negative(b))

    def multiply(self, a: Ball, b: Ball) -> Ball:
        """a · b."""
        with np.errstate(over="ignore", invalid="ignore"):
            rad: Any = 0.0
            if a.rad.any() or b.rad.any():
                # Zero times an infinite radius is NaN here, as zero times an infinity is in floats.
                rad = np.abs(a.center) * b.rad + np.abs(b.center) * a.rad + a.rad * b.rad
            mid = np.asarray(a.mid * b.mid)
        product = self.rounded(mid, rad)
        if product.center.all():
            return product
        # Times a zero nothing is rounded.
        exact = (a.magnitude == 0) & np.isfinite(b.magnitude)
        exact = exact | ((b.magnitude == 0) & np.isfinite(a.magnitude))
        return Ball(mid, np.where(exact, 0.0, product.rad))

    def reordered(self, product: Ball, *factors: Ball) -> Ball:
        """A product of several factors in any order: another order underflows at another place.

        The error of an underflow, `tiny`, is then multiplied by the factors that come after it.
        """
        extra: Any = 0.0
        for factor in factors:
            extra = extra + np.maximum(factor.magnitude, 1.0)
        return self.widened(product, self.tiny * extra)

    def reciprocal(self, a: Ball) -> Ball:
        """1 / a, unbounded where a may be zero."""
        center = np.abs(a.center)
        with np.errstate(all="ignore"):
            smallest = center - a.rad
            # One division at a time: the product of two large numbers would overflow to radius 0.
            rad = np.where(smallest > 0, a.rad / center / smallest, np.inf)
            mid = 1.0 / a.mid if not self.wide else _wide_reciprocal(a.mid)
        return self.rounded(mid, np.where(a.rad == 0, np.where(center > 0, 0.0, np.inf), rad))

    def divide(self, a: Ball, b: Ball) -> Ball:
        """a / b."""
        inverse = Arithmetic.exact(wide=self.wide).reciprocal(b)
        return self.multiply(a, inverse)

    def sqrt(self, a: Ball) -> Ball:
        """The square root of a nonnegative number, unbounded where it may be negative."""
        center = a.center
        with np.errstate(all="ignore"):
            # √m − √(m−r) ≤ r/√m for r ≤ m, and the other side is smaller.
            rad = np.where(a.rad <= center, a.rad / np.sqrt(center), np.inf)
            rad = np.where(a.rad == 0, 0.0, rad)
            return self.rounded(reference.sqrt(a.mid), rad)

    def norm(self, a: Ball) -> Ball:
        """The root of the sum of all squares; a bounded ball even where it may be zero.

        Entry by entry, array by array, or scaled by the largest entry. A norm of norms is rooted,
        squared and rounded once more, which is three roundings under the root; scaling divides and
        is undone, which is four. The squares of small norms underflow again.
        """
        squares = self.sum(self.multiply(a, a))
        squares = self.rounded(squares.mid, squares.rad + a.mid.size * self.tiny, 4.0)
        root = self.sqrt(squares)
        with np.errstate(over="ignore"):
            # A root between 0 and √(m + r), itself rounded, whose midpoint is there too.
            most = np.sqrt(squares.magnitude) * (1 + 2 * self.unit) + self.tiny
        return Ball(root.mid, np.fmin(root.rad, _upward(most, 16)))

    def power(self, a: Ball, exponent: int, roundings: float = 1.0) -> Ball:
        """aⁿ for a whole n."""
        mid = Ball(a.mid**exponent, a.rad).mid
        with np.errstate(all="ignore"):
            # The steepest place: the largest number of the ball, for a negative power the smallest.
            smallest = np.maximum(np.abs(a.center) - a.rad, 0.0)
            steepest = smallest if exponent < 0 else a.magnitude
            spread = abs(exponent) * steepest ** (exponent - 1) * a.rad
            rad = np.where(a.rad > 0, spread, 0.0)
        # A power of exponent n taken in the wide numbers loses up to n of their roundings.
        return self.rounded(
            mid,
            rad + np.abs(reference.approximate(mid)) * (abs(exponent) * self.reference_unit),
            roundings,
        )

    def function(self, mid: Wide, rad: Doubles, steepest: Any, roundings: float) -> Ball:
        """A function with the given values, Lipschitz constant on each ball, and accuracy."""
        with np.errstate(over="ignore", invalid="ignore"):
            return self.rounded(mid, steepest * rad, roundings)

    def exp(self, a: Ball) -> Ball:
        """eᵃ, within the accuracy of `checks.accuracy`."""
        mid = reference.exp(a.mid)
        with np.errstate(over="ignore"):
            spread = np.abs(reference.approximate(mid)) * np.expm1(a.rad)
        return self.rounded(mid, np.where(a.rad > 0, spread, 0.0), 1.0)

    def log(self, a: Ball) -> Ball:
        """ln a, unbounded where a may be no larger than zero."""
        center = a.center
        with np.errstate(all="ignore"):
            rad = np.where(a.rad < center, -np.log1p(-a.rad / center), np.inf)
            return self.rounded(reference.log(a.mid), rad)

    def absolute(self, a: Ball) -> Ball:
        """|a|, exactly."""
        return Ball(np.abs(a.mid), a.rad)

    def larger(self, a: Ball, b: Ball) -> Ball:
        """max(a, b), exactly: the larger midpoint, and the larger radius."""
        a, b = broadcast(a, b)
        mid = np.where(np.asarray(a.mid >= b.mid, dtype=bool), a.mid, b.mid)
        return Ball(mid, np.maximum(a.rad, b.rad))

    def sum(self, a: Ball, axis: Axis = None, keepdims: bool = False) -> Ball:
        """The sum along an axis, or several, in any order."""
        axes = range(a.mid.ndim) if axis is None else np.atleast_1d(axis)
        terms = int(np.prod([a.mid.shape[one] for one in axes], dtype=np.int64))
        total = _sum(a.magnitude, axis, keepdims)
        with np.errstate(over="ignore", invalid="ignore"):
            error = total * (gamma(max(terms - 1, 0), self.unit) + terms * self.reference_unit)
            rad = _sum(a.rad, axis, keepdims) + np.nan_to_num(error, nan=0.0, posinf=np.inf)
            rad = _upward(rad + max(terms - 1, 0) * self.flushed, terms + 4)
        mid = _sum(a.mid, axis, keepdims) if terms else np.zeros_like(total)
        # A partial sum may overflow although the sum does not.
        return Ball(mid, np.where(total + error <= self.ceiling, rad, np.inf))

    def mean(self, a: Ball, axis: int) -> Ball:
        """The mean along an axis."""
        return self.shared(self.sum(a, axis, keepdims=True), a.mid.shape[axis])

    def shared(self, a: Ball, count: int) -> Ball:
        """a / n for a whole n, by division or by the reciprocal, which is rounded itself."""
        quotient = Arithmetic.exact(wide=self.wide).divide(a, self.number(Fraction(count)))
        return self.rounded(quotient.mid, quotient.rad, 2.0 if count & (count - 1) else 1.0)

    def dot(self, a: Ball, b: Ball) -> Ball:
        """The matrix product, each entry summed in any order, products fused or not."""
        terms = a.mid.shape[-1]
        with np.errstate(over="ignore", invalid="ignore"):
            size = a.magnitude @ b.magnitude
            spread = np.abs(a.center) @ b.rad + a.rad @ b.magnitude
            error = size * (gamma(terms, self.unit) + (terms + 1) * self.reference_unit)
            lost = terms * (self.tiny + self.flushed)
            if not (a.center.all() and b.center.all()):  # of a product with a zero nothing is
                lost = _counted(a, b) * (self.tiny + self.flushed)
            rad = _upward(spread + error + lost, 2 * terms + 8)
            mid = a.mid @ b.mid
        return Ball(mid, np.where(size + error <= self.ceiling, rad, np.inf))


def hull(mid: Wide, *others: Ball) -> Ball:
    """The smallest balls around the given midpoints that contain all the others."""
    rad = np.zeros(mid.shape)
    for other in others:
        gap = np.abs(reference.approximate(other.mid - mid))
        rad = np.maximum(rad, gap + other.rad)
    return Ball(mid, np.where(np.isnan(rad), np.inf, rad))


def store(ball: Ball, storage: Format, working: Format, *, flushes: bool = False) -> Ball:
    """The ball after its one rounding into the storage format, faithfully: within one ulp.

    Nothing is rounded again where the working format is the storage format.
    """
    if storage == working:
        return ball
    magnitude = ball.magnitude
    with np.errstate(over="ignore", invalid="ignore"):
        finite = np.where(np.isfinite(magnitude), magnitude, 0.0)
        # Zero is stored as it is.
        rad = ball.rad + np.where(magnitude == 0, 0.0, storage.ulp(finite))
        if flushes:
            smallest = np.abs(ball.center) - ball.rad
            rad = rad + np.where(smallest < storage.smallest_normal, storage.smallest_normal, 0.0)
    # Beyond the largest finite number a faithful rounding may deliver it, or the infinity.
    return Ball(ball.mid, np.where(magnitude <= storage.largest, rad, np.inf))


def broadcast(*balls: Ball) -> tuple[Ball, ...]:
    """The balls in their common shape."""
    shape = np.broadcast_shapes(*(ball.shape for ball in balls))
    return tuple(ball.map(lambda part: np.broadcast_to(part, shape)) for ball in balls)


def _upward(rad: Any, roundings: int) -> Any:
    """A radius that was computed in doubles, so many roundings up: (1 − 2⁻⁵³)⁻ⁿ < 1 + n·2⁻⁵²."""
    return rad * (1 + roundings * DOUBLE_UNIT)


def _sum(values: Any, axis: Axis, keepdims: bool) -> Any:
    with np.errstate(over="ignore", invalid="ignore"):
        return np.asarray(np.sum(values, axis=axis, keepdims=keepdims))


def _counted(a: Ball, b: Ball) -> Any:
    """How many terms of each entry of a matrix product may be other than zero."""
    return (a.magnitude != 0).astype(np.float64) @ (b.magnitude != 0)


def _wide_reciprocal(mid: Wide) -> Wide:
    result = np.empty(mid.shape, dtype=object)
    result.flat[:] = [1 / value if value != 0 else value + float("inf") for value in mid.flat]
    return result


def _nearest(value: Fraction) -> float:
    try:
        return float(value)
    except OverflowError:  # the overflow threshold of float64 itself
        return float("inf") if value > 0 else float("-inf")


def _trailing_zeros(value: int) -> int:
    return (value & -value).bit_length() - 1 if value else 0

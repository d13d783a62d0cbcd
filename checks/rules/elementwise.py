"""What the rules of elementwise functions are made of."""

from fractions import Fraction
from functools import reduce
from typing import Any

import numpy as np

from checks.accuracy import ELEMENTARY, units
from checks.enclosures import Arithmetic, Ball, broadcast, gamma, hull


def by_sign(x: Ball, positive: Ball, otherwise: Ball) -> Ball:
    """One ball where x > 0 and the other elsewhere; both where the ball of x holds a zero.

    A NaN takes either branch or passes itself on: max(NaN, 0) is NaN, NaN > 0 is false.
    """
    x, positive, otherwise = broadcast(x, positive, otherwise)
    right = np.asarray(x.mid > 0, dtype=bool)
    mid = np.where(right, positive.mid, otherwise.mid)
    rad = np.where(right, positive.rad, otherwise.rad)
    kink = (x.rad > 0) & (np.abs(x.center) <= x.rad)
    rad = np.where(kink, hull(mid, positive, otherwise).rad, rad)
    return Ball(mid, np.where(np.isnan(x.center), np.inf, rad))


def left_of_zero(ar: Arithmetic, x: Ball) -> Ball:
    """The balls moved to 0 from the right of it, for functions that serve on the left only."""
    right = np.asarray(x.mid > 0, dtype=bool)
    return Ball(np.where(right, ar.number(Fraction(0)).mid, x.mid), x.rad)


def shifted(x: Ball, distance: int) -> Ball:
    """The balls moved by a whole number, exactly, to ask on which side of a kink they lie."""
    return Ball(x.mid + distance, x.rad)


def product(ar: Arithmetic, *factors: Ball) -> Ball:
    """The product of several factors in any order: any part of it may underflow, or overflow."""
    product = reduce(ar.multiply, factors)
    if ar.is_exact:
        return product
    with np.errstate(over="ignore"):
        # What a part loses to an underflow is multiplied by the factors that come after it.
        after = reduce(np.multiply, (np.maximum(factor.magnitude, 1.0) for factor in factors))
        extra = np.where(after <= ar.ceiling, len(factors) * ar.tiny * after, np.inf)
    return ar.widened(product, extra)


def or_from_output(ar: Arithmetic, direct: Ball, *others: Ball) -> Ball:
    """The slope by any method; exactly, there is only the true one."""
    return direct if ar.is_exact else hull(direct.mid, direct, *others)


def or_zero_beyond(ar: Arithmetic, ball: Ball, power: Any) -> Ball:
    """Zero too where the exponential of `power`, which a naive evaluation divides by, overflows."""
    if ar.is_exact:
        return ball
    with np.errstate(over="ignore"):
        # The exponential may be larger by its own ulps; 2⁻⁴⁰ covers the rounding of the power.
        largest = np.exp(power) * (1 + gamma(units(ELEMENTARY), ar.unit) + 2.0**-40)
        overflows = ~(largest < ar.ceiling)
    return ar.widened(ball, np.where(overflows, np.abs(ball.center), 0.0))


def complement(ar: Arithmetic, part: Ball, roundings: float) -> Ball:
    """1 − f, where it is known that f = 1 − part: part itself, or 1 less an f of so many roundings.

    Where part is beyond twice the precision f is 1, and the difference 0.
    """
    if ar.is_exact:
        return part
    # Nearer to 1 than half a unit roundoff f rounds to 1; a function of so many ulps may still miss
    # it there, but none does this far out.
    is_one = part.magnitude < ar.unit**2
    return ar.widened(part, np.where(is_one, part.magnitude, gamma(roundings + 1, ar.unit)))


def nearest_to_zero(x: Ball) -> Any:
    """The smallest magnitude in each ball; zero where the ball is unbounded or its center lost."""
    with np.errstate(invalid="ignore"):
        return np.nan_to_num(np.maximum(np.abs(x.center) - x.rad, 0.0), nan=0.0, posinf=np.inf)


def growth(x: Ball) -> Any:
    """The largest of eˣ in each ball, rounded up."""
    with np.errstate(over="ignore"):
        return np.exp(x.center + x.rad) * (1 + 2.0**-50)

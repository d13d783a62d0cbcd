"""Numbers that a claim's parameters are given: simple, short, customary ones, and the ends.

All but the customary ones have at most eight significant bits, which every format holds.
"""

from collections.abc import Iterable, Iterator
from fractions import Fraction
from functools import cache
from typing import Any

from theory.domains import is_within


@cache
def simple(domain: Any) -> tuple[Fraction, ...]:
    """Quarters from -4 to 4, and small powers of two where small is ordinary, simplest first."""
    values = [Fraction(n, d) for d in (1, 2, 4) for n in range(-4 * d, 4 * d + 1)]
    if domain.high is not None:  # such as an eps
        values += [Fraction(1, 2**power) for power in range(3, 21)]
    simplest = Fraction(str(domain.simplest))
    return tuple(sorted(set(_inside(domain, values)), key=lambda v: (abs(v - simplest), v < 0)))


@cache
def short(domain: Any) -> tuple[Fraction, ...]:
    """Eight bits before or after the point, short ones first."""
    values = (Fraction(n, 2**power) for power in (6, 7, 8, 9) for n in range(-255, 256))
    return tuple(sorted(set(_inside(domain, values)), key=lambda v: (v.denominator, abs(v), v < 0)))


@cache
def ends(domain: Any) -> tuple[Fraction, Fraction]:
    """The lowest and the highest number that a parameter is given, where margins are least."""
    values = simple(domain) + short(domain)
    return min(values), max(values)


@cache
def customary(domain: Any) -> Fraction:
    """A number that users write and no short format holds, a tiny one where all are small."""
    return next(_inside(domain, map(Fraction, (0.999, 0.3, 1.1, 1 / 10**8))))


def _inside(domain: Any, values: Iterable[Fraction]) -> Iterator[Fraction]:
    return (v for v in values if is_within(domain, v, lambda bound: Fraction(str(bound))))

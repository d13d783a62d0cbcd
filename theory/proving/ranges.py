"""Ranges of real symbols, and the exact sign of a polynomial on them, by root isolation."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from sympy import Expr, Integer, Poly, Rational, S, oo, real_roots, sign

Signs = frozenset[int]
ANY: Signs = frozenset({-1, 0, 1})


@dataclass(frozen=True)
class Range:
    """An interval of reals; an open end is excluded, an infinite one always is."""

    low: Expr = -oo
    high: Expr = oo
    low_open: bool = True
    high_open: bool = True

    @property
    def is_point(self) -> bool:
        """Whether there is one number in it."""
        return bool(self.low == self.high)

    @property
    def is_empty(self) -> bool:
        """Whether there is no number in it."""
        return bool(self.low > self.high or (self.is_point and (self.low_open or self.high_open)))

    @property
    def signs(self) -> Signs:
        """The signs that occur in it."""
        if self.is_empty:
            return frozenset()
        below = {-1} if self.low < 0 else set()
        above = {1} if self.high > 0 else set()
        at_low = self.low == 0 and not self.low_open
        at_high = self.high == 0 and not self.high_open
        inside = self.low < 0 < self.high
        return frozenset(below | above | ({0} if at_low or at_high or inside else set()))

    def meet(self, other: "Range") -> "Range":
        """What both ranges hold."""
        low, low_open = max((self.low, self.low_open), (other.low, other.low_open))
        # A larger open flag excludes more at the low end; at the high end a smaller number does.
        high, high_open = min((self.high, not self.high_open), (other.high, not other.high_open))
        return Range(low, high, low_open, not high_open)

    def __str__(self) -> str:
        left, right = "(" if self.low_open else "[", ")" if self.high_open else "]"
        return f"{left}{self.low}, {self.high}{right}"


def point(number: Any) -> Range:
    """The range of one number."""
    return Range(number, number, False, False)


def cells(polynomial: Poly, domain: Range) -> Iterator[tuple[Range, int]]:
    """The parts of a range on which a polynomial in one symbol keeps its sign, and that sign."""
    if domain.is_empty:
        return
    roots = [] if polynomial.is_ground else sorted(set(real_roots(polynomial)))
    inner = [root for root in roots if domain.low < root < domain.high]
    if not domain.low_open:
        yield point(domain.low), _sign_at(polynomial, domain.low, roots)
    if domain.is_point:
        return
    ends = [domain.low, *inner, domain.high]
    for number, (low, high) in enumerate(pairwise(ends)):
        if number:
            yield point(low), 0
        yield Range(low, high), int(sign(polynomial.eval(between(low, high))))
    if not domain.high_open:
        yield point(domain.high), _sign_at(polynomial, domain.high, roots)


def _sign_at(polynomial: Poly, number: Any, roots: list[Any]) -> int:
    if number in roots:
        return 0
    # Between two neighbouring roots the sign is that of any rational number between them.
    low = max((root for root in roots if root < number), default=-oo)
    high = min((root for root in roots if root > number), default=oo)
    return int(sign(polynomial.eval(number if number.is_Rational else between(low, high))))


def between(low: Any, high: Any) -> Rational:
    """A simple rational number strictly between two algebraic numbers, low < high."""
    if low == -oo and high == oo:
        return S.Zero
    if low == -oo:
        return Integer(high.floor() if hasattr(high, "floor") else int(high.evalf(20)) - 1) - 1
    if high == oo:
        return Integer(int(low.evalf(20))) + 2
    digits = 20
    while True:
        middle = Rational(str(((low + high) / 2).evalf(digits)))
        if low < middle < high:
            return middle
        digits *= 2

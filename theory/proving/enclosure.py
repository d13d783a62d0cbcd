"""f > 0 or f >= 0 on a range of reals or a box, by Arb balls: branch and bound, contacts, tails.

Theory of operation. A box on which the ball of f is positive is done; any other is halved. Near a
contact, a point where f is 0, no ball is ever positive, so its neighbourhood is settled by Taylor's
theorem: where f and its derivatives below the k-th are exactly 0 at p, f(x) has the sign of the
k-th derivative between p and x, times that of (x − p)ᵏ. Half-lines are settled by
theory.proving.tails.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from sympy import Expr, Integer, Rational, Symbol, sympify

from theory.proving.balls import certain_sign, enclosure, hull, number, sign_of_number
from theory.proving.errors import NegativeError, OutOfReachError
from theory.proving.ranges import Range, between
from theory.proving.tails import sign_from

MOST_BOXES = 5_000
HIGHEST_CONTACT = 6
# Where half-lines begin: the first on which the tail is decided is taken.
TAIL_STARTS = tuple(Rational(2) ** k for k in range(2, 8))


def prove_positive(
    f: Expr, box: Mapping[Symbol, Range], strict: bool, contacts: Iterable[Any] = ()
) -> None:
    """Prove f > 0 (or f >= 0, where not strict) on a box of one or several variables.

    `contacts` are points of a single variable where f may be 0. Raises OutOfReachError where the
    proof does not succeed and NegativeError where f is found to be negative.
    """
    if len(box) == 1:
        ((x, domain),) = box.items()
        _on_a_range(f, x, domain, strict, contacts)
        return
    if any(not (part.low.is_Rational and part.high.is_Rational) for part in box.values()):
        raise OutOfReachError(
            "the sign of the difference is open, and balls need a bounded box of several variables"
        )
    _branch_and_bound(f, {x: (part.low, part.high) for x, part in box.items()})


def _on_a_range(f: Expr, x: Symbol, domain: Range, strict: bool, contacts: Iterable[Any]) -> None:
    low, high = domain.low, domain.high
    if high.is_infinite:
        high = _cut(f, x, low if low.is_finite else Integer(0))
    if low.is_infinite:
        low = -_cut(f.subs(x, -x), x, -high)
    if not (low.is_Rational and high.is_Rational):
        low, high = _outward(low, -1), _outward(high, 1)
    free = [(low, high)]
    for contact in _contacts(f, x, {low, high, *map(sympify, contacts)}, low, high):
        inside = not (contact == domain.low and domain.low_open) and not (
            contact == domain.high and domain.high_open
        )
        if strict and inside:
            raise OutOfReachError(f"both sides are equal at {x} = {contact}")
        free = _without_neighbourhood(f, x, contact, free)
    for start, end in free:
        _branch_and_bound(f, {x: (start, end)})


def _outward(end: Any, direction: int) -> Any:
    """A rational end just outside of an irrational one."""
    if end.is_Rational:
        return end
    step = Rational(1, 2**40)
    return between(*sorted((end, end + direction * step)))


def _cut(f: Expr, x: Symbol, beyond: Any) -> Rational:
    """Where the half-line begins on which f is positive."""
    for start in TAIL_STARTS:
        if start > beyond:
            sign = sign_from(f, x, start)
            if sign == 1:
                return start
            if sign == -1:
                raise NegativeError(f"negative from {x} = {start} on")
    raise OutOfReachError("no half-line is decided")


def _contacts(f: Expr, x: Symbol, candidates: set[Any], low: Any, high: Any) -> list[Any]:
    return sorted(
        p
        for p in candidates
        if p.is_Rational and low <= p <= high and sign_of_number(f.subs(x, p)) == 0
    )


def _without_neighbourhood(
    f: Expr, x: Symbol, contact: Any, free: list[tuple[Any, Any]]
) -> list[tuple[Any, Any]]:
    """The parts that remain once f is known to be positive around a contact, apart from it."""
    order, derivative = 1, f.diff(x)
    while sign_of_number(derivative.subs(x, contact)) == 0:
        order, derivative = order + 1, derivative.diff(x)
        if order > HIGHEST_CONTACT:
            raise OutOfReachError(f"both sides touch at {x} = {contact} to a high order")
    for halvings in range(1, 40):
        left, right = contact - Rational(1, 2**halvings), contact + Rational(1, 2**halvings)
        sign = certain_sign(enclosure(derivative, {x: hull(left, right)}))
        if sign is not None:
            break
    else:
        raise OutOfReachError(f"no neighbourhood of {x} = {contact} is decided")
    # f(x) = f⁽ᵏ⁾(ξ)·(x − p)ᵏ/k!, and (x − p)ᵏ has the sign of (−1)ᵏ on the left.
    reaches_right = any(start < right and contact < end for start, end in free)
    reaches_left = any(left < end and start < contact for start, end in free)
    if (reaches_right and sign < 0) or (reaches_left and sign * (-1) ** order < 0):
        raise NegativeError(f"negative beside {x} = {contact}")
    pieces = [(start, min(end, left)) for start, end in free]
    pieces += [(max(start, right), end) for start, end in free]
    return [(start, end) for start, end in pieces if start < end]


def _branch_and_bound(f: Expr, box: Mapping[Symbol, tuple[Any, Any]]) -> None:
    """Prove f > 0 on a closed bounded box."""
    slopes = {x: f.diff(x) for x in box}
    curvature = {x: slope.diff(x) for x, slope in slopes.items()} if len(box) == 1 else {}
    pending = [dict(box)]
    for _ in range(MOST_BOXES):
        if not pending:
            return
        part = pending.pop()
        sign = certain_sign(_enclosed(f, slopes, curvature, part))
        if sign is None:
            widest = max(part, key=lambda x: part[x][1] - part[x][0])
            low, high = part[widest]
            middle = (low + high) / 2
            pending += [{**part, widest: (low, middle)}, {**part, widest: (middle, high)}]
    raise OutOfReachError(
        f"more than {MOST_BOXES} boxes; is there a contact that attained_at does not state?"
    )


def _enclosed(f: Expr, slopes: Any, curvature: Any, part: Mapping[Symbol, Any]) -> Any:
    """The value of f on a box: directly, or where that fails by Taylor's theorem at the middle."""
    balls = {x: hull(*ends) for x, ends in part.items()}
    direct = enclosure(f, balls)
    if direct > 0:
        return direct
    middle = {x: number((low + high) / 2) for x, (low, high) in part.items()}
    total = enclosure(f, middle)
    if total < 0:
        raise NegativeError(
            f"negative at { ({x: (low + high) / 2 for x, (low, high) in part.items()}) }"
        )
    for x in part:
        away = balls[x] - middle[x]
        if curvature:
            half_square = away * away / 2
            total = total + enclosure(slopes[x], middle) * away
            total = total + enclosure(curvature[x], balls) * half_square
        else:
            total = total + enclosure(slopes[x], balls) * away
    return total

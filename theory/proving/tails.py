"""The sign of a function on a whole half-line [L, ∞), where balls alone cannot reach.

Theory of operation. A quotient of sums of c·xⁱ·exp(Q(x)), Q a polynomial, is decided by its
dominant exponent: divided by exp(Q)·xᵏ, the dominant part is a polynomial in 1/x on (0, 1/L], and
every other term is at most its value at L, once its logarithmic derivative is negative from L on (a
polynomial inequality, decided exactly). erf(q) is 1 − exp(−q²)·m with 0 < m ≤ 1/(q√π).
"""

from typing import Any

from sympy import Integer, Poly, Rational, Symbol, erf, exp, expand, log, pi, real_roots

from theory.proving.balls import at_precisions, certain_sign, enclosure, hull, number
from theory.proving.definitions import read
from theory.proving.errors import OutOfReachError
from theory.proving.field import Field

# {Q: {power of x: coefficient, a ball}}
Tail = dict[Any, dict[int, Any]]


def sign_from(expression: Any, x: Symbol, start: Rational) -> int | None:
    """The sign that an expression has for all x >= start, or None. Raises OutOfReachError."""
    field = Field(through_exponentials=True)
    parts = field.fraction(read(expression, {x: x}, field))
    return at_precisions(lambda: _quotient_sign(field, parts, x, start))


def _quotient_sign(field: Field, parts: Any, x: Symbol, start: Rational) -> int | None:
    total = 1
    for part in parts:
        one = _dominant_sign(_tail(field, part, x, start), x, start)
        if one is None:
            return None
        total *= one
    return total


def _tail(field: Field, polynomial: Any, x: Symbol, start: Rational) -> Tail:
    """A polynomial over the field's symbols as a sum of c·xⁱ·exp(Q)."""
    symbols = sorted(polynomial.free_symbols, key=str)
    factors = {symbol: _factor(field, symbol, x, start) for symbol in symbols}
    total: Tail = {}
    for powers, coefficient in (
        Poly(polynomial, *symbols).terms() if symbols else [((), polynomial)]
    ):
        term: Tail = {Integer(0): {0: number(coefficient)}}
        for symbol, power in zip(symbols, powers, strict=True):
            for _ in range(power):
                term = _times(term, factors[symbol])
        total = _plus(total, term)
    return total


def _factor(field: Field, symbol: Symbol, x: Symbol, start: Rational) -> Tail:
    if symbol == x:
        return {Integer(0): {1: number(Integer(1))}}
    value = field.values.get(symbol)
    if value is None:
        raise OutOfReachError(f"{symbol} beside {x} on a half-line")
    if not field.leaves(symbol) & {x}:
        return {Integer(0): {0: enclosure(field.written_out(symbol), {})}}
    (argument,) = value.arguments
    if value.function is exp:
        exponent, constant = _exponent(field.written_out(argument), x)
        return {exponent: {0: enclosure(constant, {}).exp()}}
    if value.function is erf:
        return _error_function(field, argument, x, start)
    if value.function is log:
        return _logarithm(field, argument, x, start)
    raise OutOfReachError(f"{value.function.__name__} on a half-line")


def _exponent(argument: Any, x: Symbol) -> tuple[Any, Any]:
    """A polynomial without its constant term, and that term."""
    if argument.free_symbols != {x} or not argument.is_polynomial(x):
        raise OutOfReachError(f"exp({argument}) on a half-line")
    constant = argument.subs(x, 0)
    return expand(argument - constant), constant


def _error_function(field: Field, argument: Any, x: Symbol, start: Rational) -> Tail:
    if not argument.is_polynomial(x) or Poly(argument, x).degree() != 1:
        raise OutOfReachError("erf of anything but a line, on a half-line")
    at_start = enclosure(field.written_out(argument.subs(x, start)), {})
    steepness = certain_sign(enclosure(field.written_out(argument.coeff(x)), {}))
    if steepness is None or certain_sign(at_start) != steepness:
        raise OutOfReachError("erf that changes its sign on the half-line")
    exponent, constant = _exponent(field.normal(-(argument**2)), x)
    largest = 1 / (abs(at_start) * enclosure(pi, {}).sqrt())
    multiplier = (0 * largest).union(largest) * number(constant).exp()
    return {
        Integer(0): {0: number(Integer(steepness))},
        exponent: {0: -steepness * multiplier},
    }


def _logarithm(field: Field, argument: Any, x: Symbol, start: Rational) -> Tail:
    """log(N/D) = log N − log D."""
    above, below = (
        _logarithm_of_sum(_tail(field, part, x, start), x, start)
        for part in field.fraction(argument)
    )
    return _plus(above, _times(below, {Integer(0): {0: number(Integer(-1))}}))


def _logarithm_of_sum(parts: Tail, x: Symbol, start: Rational) -> Tail:
    """log(exp(Q)·(1 + r)) = Q + r·m, where r shrinks to 0 and 1/(1 + |r|) <= m <= 1/(1 − |r|)."""
    leading = _dominant(parts, x)
    if set(parts[leading]) != {0} or not parts[leading][0] - 1 == 0:
        raise OutOfReachError("a logarithm on a half-line")
    rest = {q - leading: term for q, term in parts.items() if q != leading}
    largest = sum((_bound(term, q, 0, x, start) for q, term in rest.items()), number(Integer(0)))
    if not abs(largest) < 1:
        raise OutOfReachError("a logarithm that does not come to rest before the half-line")
    multiplier = (1 / (1 + abs(largest))).union(1 / (1 - abs(largest)))
    line: Tail = {Integer(0): {k: number(c) for (k,), c in Poly(leading, x).terms()}}
    return _plus(line, _times(rest, {Integer(0): {0: multiplier}}))


def _times(left: Tail, right: Tail) -> Tail:
    total: Tail = {}
    for q, a in left.items():
        for r, b in right.items():
            products: dict[int, Any] = {}
            for (i, c), (j, d) in ((one, other) for one in a.items() for other in b.items()):
                products[i + j] = products.get(i + j, 0) + c * d
            total = _plus(total, {expand(q + r): products})
    return total


def _plus(left: Tail, right: Tail) -> Tail:
    total = {q: dict(terms) for q, terms in left.items()}
    for q, terms in right.items():
        group = total.setdefault(q, {})
        for power, coefficient in terms.items():
            group[power] = group.get(power, 0) + coefficient
    return {
        q: kept
        for q, terms in total.items()
        if (kept := {k: c for k, c in terms.items() if not _is_exactly_zero(c)})
    }


def _is_exactly_zero(coefficient: Any) -> bool:
    # A ball around 0 is neither equal to 0 nor certainly different from it.
    return bool(coefficient == 0)


def _dominant(parts: Tail, x: Symbol) -> Any:
    """The exponent that outgrows all others as x goes to infinity."""
    best, *others = parts
    for other in others:
        if certain_sign(enclosure(Poly(other - best, x).LC(), {})) == 1:
            best = other
    return best


def _dominant_sign(parts: Tail, x: Symbol, start: Rational) -> int | None:
    if not parts:
        return 0
    leading = _dominant(parts, x)
    top = max(parts[leading])
    nearby = hull(Integer(0), 1 / start)  # 1/x
    total = number(Integer(0))
    for power, coefficient in parts[leading].items():
        for _ in range(top - power):
            coefficient = coefficient * nearby
        total = total + coefficient
    for q, term in parts.items():
        if q != leading:
            total = total + _bound(term, expand(q - leading), top, x, start)
    return certain_sign(total)


def _bound(term: dict[int, Any], exponent: Any, top: int, x: Symbol, start: Rational) -> Any:
    """A ball around Σ c·x^(i − top)·exp(exponent) on the half-line."""
    total = number(Integer(0))
    for power, coefficient in term.items():
        # The derivative of the logarithm, times x: negative from the start on?
        if not _falls_from(Poly(power - top + x * exponent.diff(x), x), start):
            return _everything()
        largest = number(start ** (power - top)) * enclosure(exponent.subs(x, start), {}).exp()
        total = total + coefficient * (0 * largest).union(largest)
    return total


def _falls_from(polynomial: Poly, start: Rational) -> bool:
    """Whether a polynomial is certainly not positive beyond the start."""
    if polynomial.get_domain().is_QQ or polynomial.get_domain().is_ZZ:
        return not (polynomial.LC() > 0 or any(root > start for root in real_roots(polynomial)))
    # With coefficients such as √(2/π): all of those around the start have to be negative.
    around = polynomial.shift(start).coeffs()
    return all(certain_sign(enclosure(coefficient, {})) == -1 for coefficient in around)


def _everything() -> Any:
    """A ball that holds every number."""
    return hull(Integer(-1), Integer(1)) / hull(Integer(-1), Integer(1))

"""Arithmetic of polynomials and quotients where SymPy's general functions are slow."""

from collections.abc import Callable
from math import prod
from typing import Any

from sympy import QQ, Add, Mul, Poly, Pow, integer_nthroot, ring, sqf_list

from theory.proving.errors import OutOfReachError


def expanded(expression: Any) -> Any:
    """A polynomial multiplied out; in a sparse ring, several times as fast as SymPy's expand."""
    symbols = sorted(expression.free_symbols, key=lambda symbol: symbol.sort_key())
    if not symbols:
        if not expression.is_Rational:
            raise OutOfReachError(f"{expression} is no rational number")
        return expression
    domain, *generators = ring(symbols, QQ)
    return _in_ring(domain, dict(zip(symbols, generators, strict=True)))(expression).as_expr()


def with_square(polynomial: Any, symbol: Any, square: Any) -> Any:
    """A polynomial, multiplied out, in which another one stands for the square of a symbol."""
    symbols = sorted(
        polynomial.free_symbols | square.free_symbols, key=lambda symbol: symbol.sort_key()
    )
    domain, *generators = ring(symbols, QQ)
    visit = _in_ring(domain, dict(zip(symbols, generators, strict=True)))
    at = symbols.index(symbol)
    parts: dict[int, dict[Any, Any]] = {}
    for powers, coefficient in visit(polynomial).items():
        rest = (*powers[:at], powers[at] % 2, *powers[at + 1 :])
        parts.setdefault(powers[at] // 2, {})[rest] = coefficient
    below = visit(square)
    return sum(
        (domain.from_dict(part) * below**times for times, part in parts.items()), domain.zero
    ).as_expr()


def _in_ring(domain: Any, done: dict[Any, Any]) -> Callable[[Any], Any]:
    def visit(node: Any) -> Any:
        if node not in done:
            if node.is_Rational:
                done[node] = domain(QQ(int(node.p), int(node.q)))
            elif isinstance(node, Pow) and node.exp.is_Integer and node.exp > 0:
                done[node] = visit(node.base) ** int(node.exp)
            elif isinstance(node, Add):
                done[node] = total(node)
            elif isinstance(node, Mul):
                done[node] = prod(map(visit, node.args), start=domain.one)
            else:
                raise OutOfReachError(f"{node} is no polynomial")
        return done[node]

    def total(node: Any) -> Any:
        # One dictionary for all terms: adding them one by one would copy it as many times.
        terms: dict[Any, Any] = {}
        for part in node.args:
            for powers, coefficient in visit(part).items():
                terms[powers] = terms.get(powers, 0) + coefficient
        return domain.from_dict(terms)

    return visit


def over_common_denominator(expression: Any) -> tuple[Any, dict[Any, int]]:
    """A numerator, and the denominator as powers; nothing is multiplied out or cancelled."""
    if isinstance(expression, Pow) and expression.exp.is_Integer:
        above, below = over_common_denominator(expression.base)
        times = abs(int(expression.exp))
        above, below = above**times, {base: power * times for base, power in below.items()}
        if expression.exp > 0:
            return above, below
        flipped = Mul(*(base**power for base, power in below.items()))
        base, power = above.as_base_exp()
        whole = power.is_Integer and power > 0
        return flipped, {base: int(power)} if whole else {above: 1}
    if not isinstance(expression, Add | Mul):
        return expression, {}
    parts = [over_common_denominator(part) for part in expression.args]
    common: dict[Any, int] = {}
    for _, below in parts:
        for base, power in below.items():
            least = common.get(base, 0)
            common[base] = max(least, power) if isinstance(expression, Add) else least + power
    if isinstance(expression, Mul):
        return Mul(*(above for above, _ in parts)), common
    return Add(
        *(
            above * Mul(*(base ** (power - below.get(base, 0)) for base, power in common.items()))
            for above, below in parts
        )
    ), common


def squarefree_factors(polynomial: Any) -> tuple[Any, list[tuple[Any, int]]]:
    """A number and factors without squares in them, with their exponents."""
    if polynomial.is_number:
        return polynomial, []
    (monomial, rest) = Poly(polynomial).terms_gcd()
    symbols = rest.gens
    factors = [(s, k) for s, k in zip(symbols, monomial, strict=True) if k]
    # Linear in a symbol with one term as its factor: no square divides what has no monomial left
    # to pull out. The general search is slow.
    if any(rest.degree(s) == 1 and not rest.as_expr().coeff(s).is_Add for s in symbols):
        content, primitive = rest.primitive()
        return content, [*factors, (primitive.as_expr(), 1)]
    coefficient, others = sqf_list(rest.as_expr())
    return coefficient, [*factors, *others]


def largest_square(whole: int) -> int:
    """The largest s whose square divides a whole number, for the small numbers of formulas."""
    best = 1
    for s in range(2, min(integer_nthroot(whole, 2)[0], 1000) + 1):
        if whole % s**2 == 0:
            best = s
    return best

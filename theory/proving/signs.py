"""The exact sign of a rational function under what is known of its symbols.

Theory of operation. A value is factored. A factor in one symbol is decided by isolating its roots
on the symbol's range; a factor in several is decided when each of its terms, taken as a product of
powers, has the same sign, after at most one symbol is kept as the variable of the coefficients.
What remains open is not guessed: `decide` raises UndecidedSignError with the cases into which the
proof splits, and each case is a set of facts under which the question has an answer.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field as factory
from functools import reduce
from itertools import product
from typing import Any

from sympy import Add, Integer, Poly, Rational, Symbol, erf, exp, factor_list, log, oo, sign, tanh

from theory import heads
from theory.calculus import FormatConstant
from theory.proving.balls import sign_of_number
from theory.proving.errors import ContradictionError, OutOfReachError
from theory.proving.field import Field, Root
from theory.proving.polynomials import expanded
from theory.proving.ranges import ANY, Range, Signs, cells

POSITIVE: Signs = frozenset({1})


@dataclass(frozen=True)
class Facts:
    """A case of a proof: ranges of symbols, and the signs of polynomials, assumed so far."""

    ranges: Mapping[Symbol, Range] = factory(default_factory=dict)
    signs: Mapping[Any, int] = factory(default_factory=dict)

    def within(self, symbol: Symbol, part: Range) -> "Facts":
        """The case in which a symbol lies in a part of its range."""
        return Facts({**self.ranges, symbol: part}, self.signs)

    def given(self, polynomial: Any, its_sign: int) -> "Facts":
        """The case in which a polynomial has a sign."""
        return Facts(self.ranges, {**self.signs, polynomial: its_sign})


class UndecidedSignError(Exception):
    """A sign is needed that depends on the case; `cases` cover what may happen."""

    def __init__(self, cases: Iterable[Facts]) -> None:
        super().__init__("the sign depends on the case")
        self.cases = tuple(cases)


# The range of a function's value, where its argument is below and above a centre.
_HALF = Rational(1, 2)
_VALUES: dict[Any, dict[int, Range]] = {
    exp: {-1: Range(Integer(0), Integer(1)), 1: Range(Integer(1), oo)},
    tanh: {-1: Range(Integer(-1), Integer(0)), 1: Range(Integer(0), Integer(1))},
    erf: {-1: Range(Integer(-1), Integer(0)), 1: Range(Integer(0), Integer(1))},
    heads.sigmoid: {-1: Range(Integer(0), _HALF), 1: Range(_HALF, Integer(1))},
    log: {-1: Range(high=Integer(0)), 1: Range(low=Integer(0))},
}
_CENTRES = {log: Integer(1)}  # 0 for the others
_MARGIN = Rational(1, 10**30)
# Of how many facts the sum is looked at.
_FACTS_COMBINED = 2


class SignTable:
    """The signs that follow from the facts of one case."""

    def __init__(self, field: Field, facts: Facts) -> None:
        self.field = field
        self.facts = facts
        self._known: dict[Any, Signs] = {}
        self._facts_deep = 0
        self._ranges: dict[Symbol, Range] = {}

    def range(self, symbol: Symbol) -> Range:
        """Where a symbol lies: what was assumed of it, and what its function can deliver."""
        if symbol not in self._ranges:
            assumed = self.facts.ranges.get(symbol, Range())
            domain = self.field.domains.get(symbol, Range())
            self._ranges[symbol] = assumed.meet(domain).meet(self._delivered(symbol))
        return self._ranges[symbol]

    def _delivered(self, symbol: Symbol) -> Range:
        value = self.field.values.get(symbol)
        if value is None:
            return Range()
        if all(argument.is_Rational for argument in value.arguments):
            # Thirty digits, and a margin of ten more on both sides for their last one.
            number = self.field.written_out(symbol).evalf(40)
            if not number.is_Float:
                return Range()
            middle = Rational(str(number))
            margin = (abs(middle) + 1) * _MARGIN
            return Range(middle - margin, middle + margin)
        if value.function is Root:
            return Range(Integer(0), oo, False)
        if value.function not in _VALUES:
            return Range()
        low, high = _VALUES[value.function][-1], _VALUES[value.function][1]
        signs = self.possible(value.arguments[0] - _CENTRES.get(value.function, Integer(0)))
        return Range(
            low.low if -1 in signs else high.low,
            high.high if 1 in signs else low.high,
            -1 in signs or 0 not in signs,
            1 in signs or 0 not in signs,
        )

    def possible(self, expression: Any) -> Signs:
        """The signs that an expression may have; all of them where nothing is known."""
        if expression not in self._known:
            signs = reduce(_times, (signs for _, signs in self._factors(expression)), POSITIVE)
            if self._facts_deep:  # fewer facts were looked at than there are
                return signs
            self._known[expression] = signs
        return self._known[expression]

    def decide(self, expression: Any) -> int:
        """The sign of an expression. Raises UndecidedSignError where it depends on the case."""
        open_factor = None
        total = 1
        for factor, signs in self._factors(expression):
            if not signs:
                raise ContradictionError
            if signs == {0}:
                return 0
            if len(signs) > 1:
                open_factor = open_factor if open_factor is not None else (factor, signs)
            else:
                (only,) = signs
                total *= only
        if open_factor is None:
            return total
        raise UndecidedSignError(self._cases(*open_factor))

    def _cases(self, factor: Any, signs: Signs) -> Iterable[Facts]:
        if len(factor.free_symbols) == 1:
            (symbol,) = factor.free_symbols
            for part, _ in cells(Poly(factor, symbol), self.range(symbol)):
                yield self.facts.within(symbol, part)
        else:
            for one in sorted(signs):
                yield self.facts.given(factor, one)

    def without_known_factors(self, expression: Any, strict: bool) -> Any:
        """An expression of the same sign, without the factors whose sign is known.

        Unless strictly, a factor may be 0 as well, and the whole then is.
        """
        rest: Any = Integer(1)
        for factor, signs in self._factors(expression):
            if signs <= ({1} if strict else {0, 1}):
                continue
            rest *= -1 if signs <= ({-1} if strict else {-1, 0}) else factor
        return rest

    def pinned(self, expression: Any) -> Any:
        """The expression with the symbols replaced that can have one rational value only."""
        values = {
            symbol: known.low
            for symbol in self.field.leaves(expression)
            # A function's value is pinned by assumption only: its range takes time to find.
            if (symbol in self.facts.ranges or symbol not in self.field.values)
            and (known := self.range(symbol)).is_point
            and known.low.is_Rational
        }
        return self.field.substitute(expression, values) if values else expression

    def _factors(self, expression: Any) -> Iterable[tuple[Any, Signs]]:
        """The irreducible factors that matter, each with its possible signs."""
        expression = self.pinned(self.field.resolved(expression))
        numerator, denominator = self.field.fraction(expression)
        for part, is_below in ((numerator, False), (denominator, True)):
            if part.is_number:
                yield part, self._number(part)
                continue
            if self._is_any_number(part):  # and so irreducible, which takes long to find out
                coefficient, primitive = part.as_content_primitive()
                factors = [(primitive, 1)]
            else:
                coefficient, factors = factor_list(part)
            yield coefficient, self._number(coefficient)
            for factor, exponent in factors:
                if factor.could_extract_minus_sign():  # one name for p and -p
                    factor, exponent_sign = -factor, (-1) ** exponent
                    yield Integer(exponent_sign), self._number(Integer(exponent_sign))
                signs = _power(self._factor(factor), exponent)
                # A quotient is read where it is defined: what stands below is not 0.
                yield factor, signs - {0} if is_below else signs

    def _is_any_number(self, polynomial: Any) -> bool:
        """Whether a free variable is added to everything else, as a bias is."""
        for symbol in polynomial.free_symbols:
            if symbol not in self.field.values and self.range(symbol) == Range():
                _, depends = polynomial.as_independent(symbol, as_Add=True)
                if (depends / symbol).is_Rational:
                    return True
        return False

    def _number(self, number: Any) -> Signs:
        if not number.is_Rational:
            raise OutOfReachError(f"{number} is no rational number")
        return frozenset({int(sign(number))})

    def _factor(self, factor: Any) -> Signs:
        if factor in self.facts.signs:
            return frozenset({self.facts.signs[factor]})
        symbols = factor.free_symbols
        if factor.is_Symbol:
            signs = self.range(factor).signs
            return signs if signs != ANY else self._by_facts(factor)
        if len(symbols) == 1:
            (symbol,) = symbols
            return frozenset(s for _, s in cells(Poly(factor, symbol), self.range(symbol)))
        if self._is_any_number(factor):
            return self._by_facts(factor)
        if all(leaf in self.field.values for leaf in self.field.leaves(factor)):
            number = sign_of_number(self.field.written_out(factor))
            return ANY if number is None else frozenset({number})
        return self._by_terms(factor)

    def _by_terms(self, factor: Any) -> Signs:
        """The sign that all terms agree on, with at most one symbol inside the coefficients."""
        symbols = sorted(factor.free_symbols, key=str)
        for polynomial, of in self._measured(factor, symbols):
            for kept in (None, *symbols):
                others = [symbol for symbol in symbols if symbol != kept]
                signs = _sum(
                    reduce(
                        _times,
                        (_power(of[s].signs, k) for s, k in zip(others, powers, strict=True)),
                        _coefficient_signs(coefficient, kept, of),
                    )
                    for powers, coefficient in Poly(polynomial, *others).terms()
                )
                if signs != ANY:
                    return signs
        signs = self._by_squares(factor)
        return signs if signs != ANY else self._by_facts(factor)

    def _by_squares(self, factor: Any) -> Signs:
        """The sign of a sum of squares, which are completed one after the other."""
        for symbol in sorted(factor.free_symbols, key=str):
            polynomial = Poly(factor, symbol)
            if polynomial.degree() != 2 or not polynomial.LC().is_Rational:
                continue
            a, b, c = (polynomial.coeff_monomial(symbol**k) for k in (2, 1, 0))
            square = frozenset({0, int(sign(a))})
            return _sum([square, self.possible(c - b**2 / (4 * a))])
        return ANY

    def _by_facts(self, factor: Any) -> Signs:
        """The sign of a fact plus something of the same sign, or something that adds nothing."""
        if self._facts_deep == _FACTS_COMBINED:
            return ANY
        self._facts_deep += 1
        try:
            for fact, known in self.facts.signs.items():
                for direction in (1, -1):
                    rest = expanded(factor - direction * fact)
                    # What has more terms than before will hardly have a sign.
                    if len(Add.make_args(rest)) <= len(Add.make_args(factor)):
                        signs = _sum([frozenset({direction * known}), self.possible(rest)])
                        if signs != ANY:
                            return signs
        finally:
            self._facts_deep -= 1
        return ANY

    def _measured(self, factor: Any, symbols: list[Any]) -> Iterator[tuple[Any, dict[Any, Range]]]:
        """The factor as it is, and with every bounded symbol measured from a bound, up or down."""
        known = {symbol: self.range(symbol) for symbol in symbols}
        yield factor, known
        for downward_first in (False, True):
            ranges, changes = dict(known), {}
            for symbol, of in known.items():
                up, down = of.low.is_Rational, of.high.is_Rational
                if down and (downward_first or not up):
                    changes[symbol] = of.high - symbol
                    ranges[symbol] = Range(Integer(0), of.high - of.low, of.high_open, of.low_open)
                elif up and of.low != 0:
                    changes[symbol] = of.low + symbol
                    ranges[symbol] = Range(Integer(0), of.high - of.low, of.low_open, of.high_open)
            if changes:
                yield factor.xreplace(changes), ranges


def _coefficient_signs(coefficient: Any, kept: Any, ranges: Mapping[Any, Range]) -> Signs:
    if coefficient.is_Rational:
        return frozenset({int(sign(coefficient))})
    if kept is None or coefficient.free_symbols != {kept}:
        return ANY
    return frozenset(s for _, s in cells(Poly(coefficient, kept), ranges[kept]))


def _power(signs: Signs, exponent: int) -> Signs:
    return frozenset(s**exponent for s in signs) if exponent else POSITIVE


def _times(left: Signs, right: Signs) -> Signs:
    return frozenset(a * b for a, b in product(left, right))


def _sum(terms: Iterable[Signs]) -> Signs:
    """The signs of a sum from those of its terms."""
    all_terms = list(terms)
    for direction in (1, -1):
        if all(-direction not in term for term in all_terms):
            strict = any(term == {direction} for term in all_terms)
            return frozenset({direction} if strict else {0, direction})
    return ANY


def initial_range(symbol: Any) -> Range:
    """The range that a variable of a claim has by its domain."""
    if isinstance(symbol, FormatConstant):
        return Range(Integer(0))
    low = -oo if getattr(symbol, "low", None) is None else symbol.low
    high = oo if getattr(symbol, "high", None) is None else symbol.high
    is_open = bool(getattr(symbol, "open", False))
    return Range(low, high, is_open or low == -oo, is_open or high == oo)

"""Values as rational functions: every transcendental value is a symbol of its own.

Theory of operation. The value sigmoid(w·x + b) is entered once, as a symbol s that remembers its
function and its argument, and its derivative is known as an expression in s again (s·(1 − s) times
the argument's). So every value in a formula is a rational function of symbols, a derivative is the
chain rule over a table, and an identity is a polynomial that expands to 0. Treating the symbols as
independent is safe: a polynomial that is 0 for all values of its symbols is 0 for those that the
functions take. What depends on a relation between functions, such as tanh'(x) = 4 sigmoid'(2x), is
seen in the field whose sigmoid and tanh are written through exp.

A quotient is read where it is defined: no method asks whether a denominator vanishes.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field as factory
from typing import Any

from sympy import (
    Add,
    Dummy,
    Expr,
    Function,
    Integer,
    Mul,
    Pow,
    Rational,
    S,
    Symbol,
    cancel,
    erf,
    exp,
    expand,
    fraction,
    log,
    pi,
    sqrt,
    tanh,
    together,
)

from theory import heads
from theory.proving.errors import OutOfReachError
from theory.proving.polynomials import (
    expanded,
    largest_square,
    over_common_denominator,
    squarefree_factors,
    with_square,
)
from theory.proving.ranges import Range


@dataclass(frozen=True)
class Smooth:
    """One component of an arbitrary smooth map, differentiated `orders[k]` times by argument k."""

    name: str
    component: int
    orders: tuple[int, ...]

    def differentiated(self, k: int) -> "Smooth":
        """The partial derivative by argument k; their order does not matter, the map is smooth."""
        orders = tuple(order + (index == k) for index, order in enumerate(self.orders))
        return Smooth(self.name, self.component, orders)

    def __str__(self) -> str:
        return f"{self.name}_{self.component}" + "'" * sum(self.orders)


class Root:
    """The square root, whose symbol r obeys r² = argument."""


@dataclass(frozen=True)
class Value:
    """What a symbol stands for: a function and its arguments, themselves over the symbols."""

    function: Any
    arguments: tuple[Expr, ...]


# The derivative of a function by its argument, as an expression in the value v and argument u.
SLOPES: dict[Any, Callable[["Field", Any, Any], Any]] = {
    exp: lambda field, v, u: v,
    tanh: lambda field, v, u: 1 - v**2,
    heads.sigmoid: lambda field, v, u: v * (1 - v),
    log: lambda field, v, u: 1 / u,
    Root: lambda field, v, u: 1 / (2 * v),
    erf: lambda field, v, u: 2 * field.apply(exp, -(u**2)) / field.root(field.constant(pi)),
}
_LETTERS = {exp: "e", tanh: "t", heads.sigmoid: "s", log: "l", Root: "r"}


def _unknown_sign(expression: Any) -> int:
    raise OutOfReachError(f"the sign of {expression} is needed")


@dataclass
class Field:
    """The symbols of one proof; `sign` decides the signs that reading a formula needs."""

    through_exponentials: bool = False
    sign: Callable[[Any], int] = _unknown_sign
    values: dict[Symbol, Value] = factory(default_factory=dict)
    symbols: dict[Value, Symbol] = factory(default_factory=dict)
    # What the variables range over, by their domains.
    domains: dict[Symbol, Range] = factory(default_factory=dict)
    # What the symbol that a derivative is taken by stands for: {dummy: its value}.
    targets: dict[Symbol, Expr] = factory(default_factory=dict)
    # The symbols that derivatives by a node are taken by, for each entry of the node.
    seeds: dict[Any, Symbol] = factory(default_factory=dict)
    # Derivatives that are assumed and not computed: {symbol: {variable: derivative}}.
    declared: dict[Symbol, dict[Symbol, Expr]] = factory(default_factory=dict)
    _slopes: dict[tuple[Symbol, Symbol], Expr] = factory(default_factory=dict)

    def apply(self, function: Any, *arguments: Any) -> Any:
        """A function's value at arguments over the symbols."""
        normal = tuple(self.normal(argument) for argument in arguments)
        if function is exp:
            return self._exp(normal[0])
        if function is tanh and self.through_exponentials:
            squared = self._exp(self.normal(2 * normal[0]))
            return (squared - 1) / (squared + 1)
        if isinstance(function, type) and issubclass(function, Function):
            plain = function.definition if hasattr(function, "definition") else function
            if all(argument.is_Rational for argument in normal):
                number = plain(*normal)
                if number.is_Rational:
                    return number
        return self._enter(function, normal)

    def root(self, radicand: Any) -> Any:
        """The square root, with squares pulled out in front of it."""
        numerator, denominator = self.fraction(self.normal(radicand))
        if numerator == 0:
            return S.Zero
        # √(p/q) = √(p·q)/|q|, which leaves one polynomial below the root.
        coefficient, factors = squarefree_factors(expanded(numerator * denominator))
        outside, inside = S.One, S.One
        for factor, exponent in factors:
            outside *= factor ** (exponent // 2)
            inside *= factor ** (exponent % 2)
        # √(a/b) = √(a·b)/b, and the largest square of a·b comes out.
        whole = int(coefficient.p) * int(coefficient.q)
        square = largest_square(abs(whole))
        scale = Rational(square, int(coefficient.q))
        # A number is positive; a factor's sign may have to be found.
        outside *= self.sign(outside) if outside.free_symbols else 1
        below = denominator * (self.sign(denominator) if denominator.free_symbols else 1)
        inside = expanded(inside * (whole // square**2))
        root = S.One if inside == 1 else self._enter(Root, (inside,))
        return scale * outside * root / below

    def constant(self, number: Any) -> Symbol:
        """A number such as pi, as a symbol too: a polynomial has rational coefficients here."""
        return self._enter(number, ())

    def _exp(self, argument: Any) -> Any:
        """exp of an argument, as a power of one symbol for all its whole multiples."""
        if argument == 0:
            return S.One
        for symbol in argument.free_symbols:
            # exp(k·log(u) + rest) = uᵏ·exp(rest)
            if symbol in self.values and self.values[symbol].function is log:
                times = argument.coeff(symbol)
                if times.is_Integer and not (rest := expand(argument - times * symbol)).has(symbol):
                    return self.values[symbol].arguments[0] ** times * self._exp(rest)
        numerator, denominator = fraction(together(argument))
        content, primitive = numerator.as_content_primitive()
        if primitive.could_extract_minus_sign():
            content, primitive = -content, -primitive
        if denominator.is_Rational:
            content, denominator = content / denominator, S.One
        unit = primitive / denominator / Integer(content.q)
        return self._enter(exp, (self.normal(unit),)) ** Integer(content.p)

    def _enter(self, function: Any, arguments: tuple[Any, ...]) -> Symbol:
        value = Value(function, arguments)
        if value not in self.symbols:
            name = _LETTERS.get(function, str(function))
            # Real, and no more: that a symbol is positive is found by theory.proving.signs.
            self.symbols[value] = symbol = Dummy(name, real=True)
            self.values[symbol] = value
        return self.symbols[value]

    def slope(self, symbol: Symbol, variable: Symbol) -> Expr:
        """The derivative of what a symbol stands for."""
        if symbol in self.declared:
            return self.declared[symbol].get(variable, S.Zero)
        if symbol not in self.values:
            return S.Zero
        key = symbol, variable
        if key not in self._slopes:
            value = self.values[symbol]
            self._slopes[key] = sum(
                (
                    self._partial(symbol, value, k) * inner
                    for k, argument in enumerate(value.arguments)
                    if (inner := self.derivative(argument, variable)) != 0
                ),
                S.Zero,
            )
        return self._slopes[key]

    def _partial(self, symbol: Symbol, value: Value, k: int) -> Any:
        if isinstance(value.function, Smooth):
            return self._enter(value.function.differentiated(k), value.arguments)
        if value.function not in SLOPES:
            raise OutOfReachError(f"the derivative of {value.function} is in no table")
        return SLOPES[value.function](self, symbol, *value.arguments)

    def derivative(self, expression: Any, variable: Symbol) -> Any:
        """The derivative of an expression over the symbols, by the chain rule."""
        done: dict[Any, Any] = {variable: S.One}

        def visit(node: Any) -> Any:
            if node not in done:
                done[node] = fresh(node)
            return done[node]

        def fresh(node: Any) -> Any:
            if node.is_Symbol:
                return self.slope(node, variable)
            if isinstance(node, Add):
                return Add(*map(visit, node.args))
            if isinstance(node, Mul):
                factors = node.args
                return Add(
                    *(
                        Mul(*factors[:k], slope, *factors[k + 1 :])
                        for k, factor in enumerate(factors)
                        if (slope := visit(factor)) != 0
                    )
                )
            if isinstance(node, Pow) and node.exp.is_Integer:
                return node.exp * node.base ** (node.exp - 1) * visit(node.base)
            if node.is_Rational:
                return S.Zero
            raise OutOfReachError(f"{node} is no rational function")

        # SymPy's own diff is correct here too, and several times as slow.
        return visit(expression)

    def substitute(self, expression: Any, replacements: Mapping[Any, Any]) -> Any:
        """The expression with symbols replaced, in the arguments of functions too."""
        done: dict[Any, Any] = dict(replacements)

        def replaced(symbol: Any) -> Any:
            if symbol not in done:
                done[symbol] = symbol
                if (value := self.values.get(symbol)) is not None:
                    arguments = tuple(everywhere(argument) for argument in value.arguments)
                    if arguments != value.arguments:
                        done[symbol] = self._again(value.function, arguments)
            return done[symbol]

        def everywhere(part: Any) -> Any:
            changes = {symbol: replaced(symbol) for symbol in part.free_symbols}
            return part.xreplace({old: new for old, new in changes.items() if old != new})

        return everywhere(expression)

    def _again(self, function: Any, arguments: tuple[Any, ...]) -> Any:
        return self.root(*arguments) if function is Root else self.apply(function, *arguments)

    def resolved(self, expression: Any) -> Any:
        """The expression with the symbols that derivatives are taken by put back to values."""
        while any(symbol in self.targets for symbol in self.leaves(expression)):
            expression = self.substitute(expression, self.targets)
        return expression

    def leaves(self, expression: Any) -> set[Any]:
        """The symbols that an expression depends on, those below function symbols included."""
        found: set[Any] = set()
        pending = list(expression.free_symbols)
        while pending:
            symbol = pending.pop()
            if symbol not in found:
                found.add(symbol)
                for argument in self.values[symbol].arguments if symbol in self.values else ():
                    pending.extend(argument.free_symbols)
        return found

    def fraction(self, expression: Any) -> tuple[Any, Any]:
        """Numerator and denominator, expanded, with squares of roots replaced by what is below."""
        numerator, below = over_common_denominator(expression)
        denominator = Mul(*(base**power for base, power in below.items()))
        parts = (self._without_squares(expanded(part)) for part in (numerator, denominator))
        numerator, denominator = parts
        if denominator == 0:
            raise OutOfReachError(f"{expression} divides by 0")
        return numerator, denominator

    def _without_squares(self, polynomial: Any, numbers: Mapping[Any, Any] | None = None) -> Any:
        # The newest root first: what stands below it may hold older ones.
        for symbol in reversed(self.values):
            if self.values[symbol].function is Root and polynomial.has(symbol):
                (radicand,) = self.values[symbol].arguments
                polynomial = with_square(polynomial, symbol, radicand.xreplace(numbers or {}))
        return polynomial

    def normal(self, expression: Any) -> Any:
        """One form for equal rational functions, so that equal arguments meet in one symbol."""
        numerator, denominator = self.fraction(expression)
        if denominator.is_Rational:
            return expand(numerator / denominator)
        return cancel(numerator / denominator)

    def is_zero(self, expression: Any) -> bool:
        """Whether the expression is 0 for all values of its symbols, roots being roots."""
        if self._is_nonzero_at_numbers(expression):
            return False
        return bool(self.fraction(expression)[0] == 0)

    def _is_nonzero_at_numbers(self, expression: Any) -> bool:
        # What is not 0 for some numbers is not 0; multiplying out what is not 0 can take minutes.
        symbols = {s for s in self.leaves(expression) if not self._is_root(s)}
        ordered = sorted(symbols, key=lambda symbol: symbol.sort_key())
        numbers = {symbol: Integer(3 * k + 2) for k, symbol in enumerate(ordered)}
        numerator, below = over_common_denominator(expression.xreplace(numbers))
        if any(base == 0 for base in below) or not numerator.is_finite:
            return False
        return bool(self._without_squares(expanded(numerator), numbers) != 0)

    def _is_root(self, symbol: Any) -> bool:
        return symbol in self.values and self.values[symbol].function is Root

    def written_out(self, expression: Any) -> Any:
        """The expression with every symbol replaced by the function value it stands for."""
        changes = {}
        for symbol in expression.free_symbols:
            if (value := self.values.get(symbol)) is None:
                continue
            if isinstance(value.function, Smooth):
                raise OutOfReachError(f"{value.function} is an arbitrary map without numbers")
            if not value.arguments:
                changes[symbol] = value.function
                continue
            arguments = [self.written_out(argument) for argument in value.arguments]
            function = sqrt if value.function is Root else value.function
            changes[symbol] = getattr(function, "definition", function)(*arguments)
        return expression.xreplace(changes)

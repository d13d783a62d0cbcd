"""Expectations over independent random numbers, exactly.

Theory of operation. An initialiser draws named numbers, independent and with known moments, and a
standard normal is one such number; the mean of a polynomial in them is a sum of moments' products.
A layer that is linear in normal weights has normal outputs, whose variances and covariances are
known exactly. A function of one output z = σ·t, with t standard normal, is read on t > 0 and on
t < 0, where it has to be a sum of terms tᵏ·e^(s·t); its mean is then a sum of the moments of half a
normal distribution, ∫ tᵏ·e^(s·t)·φ(t) dt over t > 0, which follow by parts. What changes its sign
with one row of normals has mean 0, whatever else it is.
"""

from collections.abc import Mapping
from typing import Any

from sympy import Add, Dummy, Integer, Matrix, Poly, S, exp

from theory.calculus import Expectation
from theory.distributions import Distribution, Normal, half_normal_moment
from theory.domains import StandardNormal
from theory.proving.arrays import Evaluated, entries
from theory.proving.cases import sole_case
from theory.proving.definitions import read
from theory.proving.errors import OutOfReachError
from theory.proving.field import Field
from theory.proving.ranges import Range
from theory.proving.relations import settle
from theory.proving.signs import Facts
from theory.proving.sizes import Sizes, Symbols
from theory.proving.unrolling import Unrolling


def settle_expectation(formula: Any) -> str:
    """Prove a relation between expectations. Raises OutOfReachError."""
    field = Field()

    def sides() -> tuple[Any, Any, str]:
        reading = RandomWeights(field, Symbols(field, formula, Sizes()))
        left, right = (reading.value(side) for side in formula.args)
        return left, right, reading.means

    # One case only: the sign of something random is no fact of a case, but random itself.
    left, right, means = sole_case(field, Facts(), lambda _: sides())
    how = settle(type(formula), lambda: (left, right), field, Facts())
    return f"{means}: {how}"


class RandomWeights(Unrolling):
    """A reading in which initialisers draw named numbers and Expectation averages over them."""

    def __init__(self, field: Field, variables: Symbols) -> None:
        super().__init__(field, variables)
        self.source: Any = None  # the seed, or the standard normal
        self.drawn: dict[Any, Distribution] = {}  # the drawn numbers, which are independent
        self.rows: list[list[Any]] = []  # of the normals that an orthogonal weight is made of
        # A symbol for each head(z): the head of z, and z as a linear form in the drawn numbers.
        self.functions: dict[Any, tuple[Any, Any]] = {}

    @property
    def means(self) -> str:
        """How the means are known."""
        if self.functions:
            return "layer outputs are normal with exact variances, Gaussian moments"
        if self.rows:
            return "a row of normals and its negative are as likely"
        return "exact moments of independent weights"

    def _copy(self, overrides: Mapping[Any, Any]) -> Unrolling:
        raise OutOfReachError("a derivative by an inner node of a random network")

    def refuse_unknown_dependence(self, x: Any, seeds: Evaluated, y_value: Evaluated) -> None:
        """Refuse to differentiate what is known by name alone."""
        for one in entries(y_value):
            if not self.field.leaves(one).isdisjoint(self.functions):
                raise OutOfReachError("a derivative of a function of random outputs")

    def _is_random(self, expression: Any) -> bool:
        return not self.field.leaves(expression).isdisjoint({*self.drawn, *self.functions})

    # -- drawing ------------------------------------------------------------------------------

    def _draw(self, source: Any, rows: int, columns: int, distribution: Distribution) -> Any:
        if self.drawn:
            raise OutOfReachError("the draws of several initialisers may depend on each other")
        self.source = source
        numbers = Matrix(rows, columns, lambda r, c: Dummy("drawn", real=True))
        self.drawn = dict.fromkeys(numbers, distribution)
        return numbers

    def weight(self, node: Any) -> Evaluated:
        """Draw the weight of an initialiser."""
        shape, *numbers, seed = node.args
        out, into = self.value(shape)
        if not hasattr(node, "entry"):
            normals = self._draw(seed, out, into, Normal(S.One))
            self.rows = [list(normals[r, :]) for r in range(out)]
            return self.made_of(node, normals)
        distribution = node.entry(Integer(into), Integer(out), *map(self.value, numbers))
        return self._draw(seed, out, into, distribution)

    def _evaluate(self, node: Any) -> Evaluated:
        if isinstance(node, StandardNormal):
            return self._draw(node, 1, 1, Normal(S.One))[0]
        if not isinstance(node, Expectation):
            return super()._evaluate(node)
        value = self.value(node.args[0])
        if node.args[1] != self.source:
            raise OutOfReachError("the expectation is over another seed than the weights are")
        return self._mean(value)

    def elementwise(self, head: Any, *arguments: Any) -> Any:
        """Keep a function of a normal number as a name."""
        z, *others = arguments
        if not any(self._is_random(argument) for argument in arguments):
            return super().elementwise(head, *arguments)
        if any(self._is_random(other) for other in others) or not self._is_normal(z):
            raise OutOfReachError(f"{head.__name__} of what is not linear in normal weights")
        name = Dummy("f(z)", real=True)
        self.functions[name] = (lambda place: head.definition(place, *others)), z
        return name

    def _is_normal(self, z: Any) -> bool:
        """Whether a value is a combination of the drawn numbers, which are normal."""
        terms = Poly(z, *self.drawn).terms()
        return all(isinstance(law, Normal) for law in self.drawn.values()) and all(
            sum(powers) == 1 and not self._is_random(c) for powers, c in terms
        )

    # -- means --------------------------------------------------------------------------------

    def _mean(self, value: Any) -> Any:
        if self.rows:
            return self._mean_of_odd(value)
        total = S.Zero
        for powers, coefficient in Poly(value, *self.functions, *self.drawn).terms():
            if self._is_random(coefficient):
                raise OutOfReachError("the mean of what is no polynomial in functions of outputs")
            of_functions = [
                (*self.functions[name], power)
                for name, power in zip(self.functions, powers, strict=False)
                if power
            ]
            of_numbers = {
                number: power
                for number, power in zip(self.drawn, powers[len(self.functions) :], strict=True)
                if power
            }
            self._refuse_dependent([z for _, z, _ in of_functions], of_numbers)
            for function, z, power in of_functions:
                coefficient = coefficient * self._moment(function, z, power)
            for number, power in of_numbers.items():
                coefficient = coefficient * read(self.drawn[number].moment(power), {}, self.field)
            total += coefficient
        return total

    def _mean_of_odd(self, value: Any) -> Any:
        """The mean 0 of a sum of terms each of which changes its sign with some row of normals."""
        for term in Add.make_args(value):
            flips = ({number: -number for number in row} for row in self.rows)
            if not any(self.field.is_zero(term + self.field.substitute(term, f)) for f in flips):
                raise OutOfReachError("the mean of what no row of normals turns into its negative")
        return S.Zero

    def _refuse_dependent(self, outputs: list[Any], numbers: Mapping[Any, int]) -> None:
        for k, one in enumerate(outputs):
            if not self.field.leaves(one).isdisjoint(numbers):
                raise OutOfReachError("a product of an output and its weights in an expectation")
            for other in outputs[:k]:
                if not self.field.is_zero(self._covariance(one, other)):
                    raise OutOfReachError("a product of dependent outputs inside an expectation")

    def _covariance(self, one: Any, other: Any) -> Any:
        return sum(one.diff(w) * other.diff(w) * law.moment(2) for w, law in self.drawn.items())

    def _moment(self, function: Any, z: Any, power: int) -> Any:
        """The mean of function(z)^power."""
        deviation = self.field.root(self._covariance(z, z))
        return sum(
            coefficient
            * deviation**k
            * read(half_normal_moment(k, side, rate * deviation), {}, self.field)
            for side in (1, -1)
            for (k, rate), coefficient in _terms(function, side, power).items()
        )


def _terms(function: Any, side: int, power: int) -> dict[tuple[int, Any], Any]:
    """function(z)^power on one side of 0, as the coefficients of zᵏ·e^(rate·z)."""
    z = Dummy("z", real=True)
    field = Field()
    field.domains[z] = Range(low=Integer(0)) if side > 0 else Range(high=Integer(0))
    value = sole_case(field, Facts(), lambda _: read(function(z), {z: z}, field)) ** power
    exponentials = [symbol for symbol in field.values if field.leaves(value) >= {symbol}]
    rates = []
    for symbol in exponentials:
        argument = Poly(field.values[symbol].arguments[0], z)
        if field.values[symbol].function is not exp or argument.monoms() != [(1,)]:
            raise OutOfReachError("an activation that is no sum of zᵏ·e^(s·z) on each side of 0")
        rates.append(argument.LC())
    found: dict[tuple[int, Any], Any] = {}
    for (k, *multiples), coefficient in Poly(value, z, *exponentials).terms():
        rate = sum((m * r for m, r in zip(multiples, rates, strict=True)), S.Zero)
        found[k, rate] = found.get((k, rate), S.Zero) + coefficient
    return found

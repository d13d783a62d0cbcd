"""Expectations over independent normal weights, exactly.

Theory of operation. A layer that is linear in the weights has normal outputs, whose variances and
covariances are known exactly. A function of one output z = σ·t, with t standard normal, is read on
t > 0 and on t < 0, where it has to be a polynomial in t; its mean is then a sum of the moments of
half a normal distribution, ∫₀^∞ tᵏ φ(t) dt = 2^(k/2 − 1)·Γ((k + 1)/2)/√π.
"""

from collections.abc import Mapping
from typing import Any

from sympy import Dummy, Integer, Matrix, Poly, Rational, S, gamma, pi, sqrt

from theory.calculus import Expectation
from theory.heads import he_normal
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

    def sides() -> tuple[Any, Any]:
        reading = _RandomWeights(field, Symbols(field, formula, Sizes()))
        return reading.value(formula.args[0]), reading.value(formula.args[1])

    # One case only: the sign of something random is no fact of a case, but random itself.
    values = sole_case(field, Facts(), lambda _: sides())
    how = settle(type(formula), lambda: values, field, Facts())
    return f"layer outputs are normal with exact variances, Gaussian moments: {how}"


class _RandomWeights(Unrolling):
    """A reading in which he_normal draws named numbers and Expectation averages over them."""

    def __init__(self, field: Field, variables: Symbols) -> None:
        super().__init__(field, variables)
        self.seed: Any = None
        self.variances: dict[Any, Any] = {}  # of the drawn numbers, which are independent
        # A symbol for each head(z): the head of z, and z as a linear form in the drawn numbers.
        self.functions: dict[Any, tuple[Any, Any]] = {}

    def _copy(self, overrides: Mapping[Any, Any]) -> Unrolling:
        raise OutOfReachError("a derivative by an inner node of a random network")

    def refuse_unknown_dependence(self, x: Any, seeds: Evaluated, y_value: Evaluated) -> None:
        """Refuse to differentiate what is known by name alone."""
        if any(self._is_random(one) for one in entries(y_value)):
            raise OutOfReachError("a derivative of what is random")

    def _is_random(self, expression: Any) -> bool:
        return not self.field.leaves(expression).isdisjoint({*self.variances, *self.functions})

    def implemented(self, node: Any, output: str | None = None) -> Evaluated:
        """Draw weights where the head is an initialiser."""
        if not isinstance(node, he_normal):
            return super().implemented(node, output)
        if self.variances:
            raise OutOfReachError("the draws of several initialisers may depend on each other")
        (out, into), self.seed = self.value(node.args[0]), node.args[1]
        weights = Matrix(out, into, lambda r, c: Dummy("weight", real=True))
        self.variances = dict.fromkeys(entries(weights), Rational(2, into))
        return weights

    def elementwise(self, head: Any, *arguments: Any) -> Any:
        """Keep a function of a normal number as a name."""
        z, *others = arguments
        if not any(self._is_random(argument) for argument in arguments):
            return super().elementwise(head, *arguments)
        if any(self._is_random(other) for other in others) or not self._is_normal(z):
            raise OutOfReachError(f"{head.__name__} of what is not linear in the random weights")
        name = Dummy("f(z)", real=True)
        self.functions[name] = (lambda place: head.definition(place, *others)), z
        return name

    def _is_normal(self, z: Any) -> bool:
        """Whether a value is a combination of the drawn numbers, with mean 0."""
        terms = Poly(z, *self.variances).terms()
        return all(sum(powers) == 1 and not self._is_random(c) for powers, c in terms)

    def _evaluate(self, node: Any) -> Evaluated:
        if not isinstance(node, Expectation):
            return super()._evaluate(node)
        value = self.value(node.args[0])
        if node.args[1] != self.seed:
            raise OutOfReachError("the expectation is not over the seed of the weights")
        return self._mean(value)

    def _mean(self, value: Any) -> Any:
        total = S.Zero
        for powers, coefficient in Poly(value, *self.functions).terms():
            if self._is_random(coefficient):
                raise OutOfReachError("the mean of what is no polynomial in functions of outputs")
            factors = [
                (self.functions[name], power)
                for name, power in zip(self.functions, powers, strict=True)
                if power
            ]
            self._refuse_dependent([z for (_, z), _ in factors])
            for (function, z), power in factors:
                coefficient = coefficient * self._moment(function, z, power)
            total += coefficient
        return total

    def _refuse_dependent(self, outputs: list[Any]) -> None:
        for k, one in enumerate(outputs):
            for other in outputs[:k]:
                if not self.field.is_zero(self._covariance(one, other)):
                    raise OutOfReachError("a product of dependent outputs inside an expectation")

    def _covariance(self, one: Any, other: Any) -> Any:
        return sum(one.diff(w) * other.diff(w) * v for w, v in self.variances.items())

    def _moment(self, function: Any, z: Any, power: int) -> Any:
        """The mean of function(z)^power."""
        deviation = self.field.root(self._covariance(z, z))
        return sum(
            coefficient * deviation**k * read(half_normal_moment(k, side), {}, self.field)
            for side in (1, -1)
            for k, coefficient in _polynomial(function, side, power).items()
        )


def _polynomial(function: Any, side: int, power: int) -> dict[int, Any]:
    """The coefficients of function(z)^power, as a polynomial in z on one side of 0."""
    z = Dummy("z", real=True)
    field = Field()
    field.domains[z] = Range(low=Integer(0)) if side > 0 else Range(high=Integer(0))
    value = sole_case(field, Facts(), lambda _: read(function(z), {z: z}, field)) ** power
    if field.leaves(value) & set(field.values):
        raise OutOfReachError("an activation that is no polynomial on each side of 0")
    return {k: c for (k,), c in Poly(value, z).terms()}


def half_normal_moment(k: int, side: int) -> Any:
    """∫ tᵏ φ(t) dt over t > 0, or over t < 0."""
    return Integer(side) ** k * sqrt(2) ** (k - 2) * gamma(Rational(k + 1, 2)) / sqrt(pi)

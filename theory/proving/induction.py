"""Induction on the depth for an equation that says what the derivative of a network is.

Theory of operation. The claim is ∂ℓ/∂t = right(n), with the loss ℓ on top of h(n) and the variable
t below it. It is strengthened to g·∂h(n)/∂t = right(n, g) for an arbitrary upstream gradient g,
which stands for ∂ℓ/∂h(n). At depth N, g = e₁, e₂, … gives the derivative of every entry of the
named network h(N) by t; with these, the chain rule on the last layer has to give the equation at
N + 1. Where there is no loss, the claim gives ∂h(N)/∂t as it stands.
"""

from functools import partial
from typing import Any

from sympy import Dummy, Eq, Indexed, Integer, Matrix, MatrixBase, S, eye

from theory.calculus import Gradient, Identical, Iterated, Jacobian, Slope
from theory.domains import Domain
from theory.proving.arrays import Evaluated, entries, like
from theory.proving.cases import sole_case
from theory.proving.depth import LAYERS, Setting, layers_named, the_network
from theory.proving.errors import OutOfReachError
from theory.proving.peeling import N
from theory.proving.relations import settle
from theory.proving.signs import SignTable
from theory.proving.unrolling import Unrolling


def by_induction(formula: Any, n: Any) -> str:
    """Prove an equation about a derivative for every n >= 1. Raises OutOfReachError."""
    if not isinstance(formula, Eq | Identical):
        raise OutOfReachError("the relation is no equation")
    for derivative, right in (formula.args, formula.args[::-1]):
        if isinstance(derivative, Gradient | Jacobian | Slope):
            return _Equation(formula, derivative, right, n).proved()
    raise OutOfReachError("no side of the equation is a derivative of the network")


class _Equation:
    def __init__(self, formula: Any, derivative: Any, right: Any, n: Any) -> None:
        self.formula, self.right, self.n = formula, right, n
        self.loss: Any = derivative.args[0]
        self.t: Any = derivative.args[1]
        self.network = the_network(formula, n)
        self.top = Iterated(*self.network.args[:4], n)
        self.has_loss = self.loss != self.top
        self._refuse_unsuitable()

    def _refuse_unsuitable(self) -> None:
        if self.t.has(self.n) or not isinstance(self.t, Domain | Indexed):
            raise OutOfReachError(f"{self.t} is no variable below all layers")
        if not layers_named(self.formula) <= {0, 1}:
            raise OutOfReachError("the formula names a layer above the first")
        rest = self.loss.xreplace({self.top: Dummy()})
        label = self.t.base.label if isinstance(self.t, Indexed) else self.t
        if rest.has(Iterated) or rest.free_symbols & {self.n, label}:
            raise OutOfReachError("the loss depends on more than the top of the network")

    def proved(self) -> str:
        """Base and step, with N on a layer of either width."""
        for layer in LAYERS:
            setting = Setting(self.formula, layer, least=1)
            invariant = setting.narrow(self.network)
            self._settled(setting, Integer(1))
            setting.field.declared |= sole_case(
                setting.field, setting.facts, partial(self._hypothesis, setting)
            )
            how = self._settled(setting, N + 1)
        return f"for every n, by induction{invariant}: base n = 1, and the step to N + 1: {how}"

    def _settled(self, setting: Setting, depth: Any) -> str:
        return settle(
            type(self.formula),
            lambda: self._sides(setting, depth),
            setting.field,
            setting.facts,
        )

    def _sides(self, setting: Setting, depth: Any) -> tuple[Evaluated, Evaluated]:
        """g·∂h/∂t at a depth, and what the claim says that it is."""
        value, _, slopes = setting.reading().derivatives(self.top.xreplace({self.n: depth}), self.t)
        names = setting.names
        upstream = like(value, lambda r, c: names.name(("g", c), 0, 0))
        left = Matrix(slopes)
        if self.has_loss:
            left = Matrix([entries(upstream)]) * left
        says = entries(self._right(setting, depth, upstream))
        if len(says) != len(left):
            raise OutOfReachError("the two sides of the equation have different shapes")
        return left, Matrix(left.rows, left.cols, says)

    def _right(self, setting: Setting, depth: Any, upstream: Evaluated) -> Evaluated:
        at_depth = {self.n: depth}
        reading: Unrolling = setting.reading()
        if self.has_loss:
            reading = reading.overriding(
                {Gradient(self.loss, self.top).xreplace(at_depth): upstream}
            )
        return reading.value(self.right.xreplace(at_depth))

    def _hypothesis(self, setting: Setting, _: SignTable) -> dict[Any, dict[Any, Any]]:
        """The derivative of every entry of h(N) by every entry of t."""
        below = setting.reading().value(self.network)
        variables = entries(setting.reading().value(self.t))
        if self.has_loss:
            width = len(entries(below))
            # A network of numbers has one entry, and its upstream gradient is a number.
            is_row = isinstance(below, MatrixBase)
            units = [eye(width)[k, :] for k in range(width)] if is_row else [S.One]
            rows = [entries(self._right(setting, N, unit)) for unit in units]
        else:
            says = entries(self._right(setting, N, below))
            width = len(variables)
            rows = [says[k : k + width] for k in range(0, len(says), width)]
        if len(rows) != len(entries(below)) or any(len(row) != len(variables) for row in rows):
            raise OutOfReachError("the two sides of the equation have different shapes")
        return {
            symbol: dict(zip(variables, row, strict=True))
            for symbol, row in zip(entries(below), rows, strict=True)
        }

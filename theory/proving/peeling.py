"""Symbolic depth: the last layer is peeled off, and the network below it is a name.

Theory of operation. At depth N + 1 a network is its body applied to the network of depth N, whose
value is a row of new symbols. A product or a sum up to N + 1 is its last term and the part up to N,
likewise a name. What holds for arbitrary values of these names holds at every depth N + 1. Their
derivatives are unknown too, unless theory.proving.induction declares them: by a variable that the
named part may depend on, a sum has a derivative that is a name again, and a network has none.
"""

from collections.abc import Mapping
from typing import Any

from sympy import (
    Dummy,
    Indexed,
    Integer,
    Matrix,
    MatrixBase,
    Max,
    Pow,
    Product,
    Sum,
    Symbol,
    exp,
    oo,
)

from theory.calculus import Iterated, Largest, OrderedProduct
from theory.domains import Domain
from theory.proving.arrays import Evaluated, entries
from theory.proving.errors import OutOfReachError
from theory.proving.field import Field
from theory.proving.ranges import Range
from theory.proving.sizes import Symbols
from theory.proving.unrolling import Unrolling

N = Symbol("N", integer=True, nonnegative=True)
ACCUMULATED = (Sum, Product, OrderedProduct, Largest)


class Names:
    """The named parts of one proof: what each symbol stands for, the same at N and at N + 1."""

    def __init__(self, layer: int, least: int) -> None:
        self.layer = layer  # which layer N is, as far as widths go
        self.least = least  # the smallest N that the argument covers
        self.values: dict[Any, Evaluated] = {}
        self.nodes: dict[Symbol, Any] = {}

    def name(self, node: Any, rows: int, columns: int) -> Evaluated:
        """The symbols for a node; a number where there is one entry and no matrix is wanted."""
        if node not in self.values:
            made = Matrix(rows, columns, lambda r, c: Dummy("below", real=True))
            self.values[node] = made if rows else Dummy("below", real=True)
            self.nodes |= dict.fromkeys(entries(self.values[node]), node)
        return self.values[node]


class Peeling(Unrolling):
    """A reading of formulas whose depth is N plus a whole number."""

    def __init__(
        self,
        field: Field,
        variables: Symbols,
        names: Names,
        overrides: Mapping[Any, Any] | None = None,
    ) -> None:
        super().__init__(field, variables, overrides)
        self.names = names

    def _copy(self, overrides: Mapping[Any, Any]) -> "Peeling":
        return Peeling(self.field, self.variables, self.names, overrides)

    def _evaluate(self, node: Any) -> Evaluated:
        if node == N:  # as a number, not as a depth
            self.field.domains[N] = Range(Integer(self.names.least), oo, False)
            return N
        if isinstance(node, Pow) and (above := node.exp - N).is_Integer:
            # bᴺ is a name too, and so is its derivative.
            below = self.names.name(Pow(node.base, N, evaluate=False), 0, 0)
            return below * self.value(node.base**above)
        if isinstance(node, exp) and node.has(N):
            return self._exponential(node.args[0])
        return super()._evaluate(node)

    def _exponential(self, power: Any) -> Any:
        """The exponential of cN + d: that of cN is a name, and positive."""
        slope = power.diff(N)
        if slope.has(N):
            raise OutOfReachError(f"the exponent {power} is not linear in the depth")
        below = self.names.name(exp(slope * N, evaluate=False), 0, 0)
        self.field.domains[below] = Range(Integer(0), oo)
        return below * self.value(exp(power.xreplace({N: Integer(0)})))

    def layer_number(self, index: Any) -> int:
        """Which layer an index means, as far as widths go."""
        above = index - N
        return self.names.layer + int(above) if above.is_Integer else super().layer_number(index)

    def iterated(self, node: Any) -> Evaluated:
        """The last layer on the named network of depth N."""
        body, h, layer, start, count = node.args
        above = count - N
        if not above.is_Integer:
            return super().iterated(node)
        if above == 0:
            return self.names.name(node, *self.shape_below(node))
        if above < 0:
            raise OutOfReachError(
                f"a network of depth {count} lies below the layer that is peeled off"
            )
        below = Iterated(body, h, layer, start, count - 1)
        return self.value(body.xreplace({layer: count, h: below}))

    def shape_below(self, node: Any) -> tuple[int, int]:
        """The shape of a network's value at depth N; (0, 0) for a number."""
        body, h, layer, start, _ = node.args
        first = self._any_case(Iterated(body, h, layer, start, Integer(1)))
        given = self._any_case(start)
        if not isinstance(first, MatrixBase):
            return 0, 0
        keeps_width = first.shape == given.shape
        return first.rows, given.cols if keeps_width else self.variables.sizes.width(
            self.names.layer
        )

    def _any_case(self, node: Any) -> Evaluated:
        """A value of the right shape, whatever signs it depends on: only its shape counts."""
        decide, self.field.sign = self.field.sign, lambda _: 1
        try:
            return self._copy(self.overrides).value(node)
        finally:
            self.field.sign = decide

    def terms(self, kind: Any, term: Any, index: Any, first: Any, last: Any) -> list[Evaluated]:
        """The named part up to N, then the terms above it."""
        above = last - N
        if not (above.is_Integer and first.is_Integer):
            return super().terms(kind, term, index, first, last)
        if above < 0 or first > self.names.least + 1:
            raise OutOfReachError(f"{kind.__name__} from {first} to {last} has no part up to N")
        upper = [self.value(term.xreplace({index: N + k})) for k in range(1, int(above) + 1)]
        return [self.accumulated(kind, term, index, first), *upper]

    def accumulated(self, kind: Any, term: Any, index: Any, first: Any) -> Evaluated:
        """The value of a sum or product up to N."""
        limits = (index, N, first) if kind is OrderedProduct else (index, first, N)
        node = kind(term, limits)
        lowest = self._any_case(term.xreplace({index: first}))
        if not isinstance(lowest, MatrixBase):
            return self.names.name(node, 0, 0)
        rows = lowest.rows
        if kind is OrderedProduct:
            rows = self._any_case(term.xreplace({index: N + 1})).cols
        return self.names.name(node, rows, lowest.cols)

    def refuse_unknown_dependence(self, x: Any, seeds: Evaluated, y_value: Evaluated) -> None:
        """Name the derivatives of named sums; refuse those of a network without hypothesis."""
        found = {symbol for one in entries(y_value) for symbol in self.field.leaves(one)}
        for symbol in found & set(self.names.nodes):
            node = self.names.nodes[symbol]
            known = self.field.declared.setdefault(symbol, {})
            if set(entries(seeds)) <= set(known) or not _may_contain(node, x):
                continue
            if not isinstance(node, ACCUMULATED) or not isinstance(x, Domain | Indexed):
                raise OutOfReachError(
                    f"the derivative of what lies below layer N by {x} is not known"
                )
            for seed in entries(seeds):
                known.setdefault(seed, Dummy("slope", real=True))


def _may_contain(node: Any, x: Any) -> bool:
    """Whether a named part up to depth N may hold the node x of the network."""
    if isinstance(node, tuple):  # a name without a formula, such as the upstream gradient
        return True
    if isinstance(x, Domain):
        return x in node.free_symbols
    if isinstance(x, Indexed) and x.base.label not in node.free_symbols:
        return False
    layer, depth = _reach(node)
    higher_layer = any(_is_above(part.indices[0], layer) for part in x.atoms(Indexed))
    return not (higher_layer or any(_is_above(h.args[4], depth) for h in x.atoms(Iterated)))


def _is_above(index: Any, reach: Any) -> bool:
    """Whether an index is certainly larger than N + reach."""
    return bool((index - N - reach).is_positive)


def _reach(node: Any) -> tuple[Any, Any]:
    """The highest layer that a named part uses, and the deepest network in it, from N on."""
    if isinstance(node, Iterated):
        return Integer(0), Integer(-1)  # depth N is the node itself, which is not looked into
    if not isinstance(node, ACCUMULATED):
        return oo, oo
    term, (index, *_) = node.args
    term = term.xreplace({index: N})
    networks = term.atoms(Iterated)
    depths = [network.args[4] - N for network in networks]
    outside = term.xreplace({network: Dummy() for network in networks})
    layers = [part.indices[0] - N for part in outside.atoms(Indexed)]
    return Max(-1, *layers, *depths), Max(-1, *depths)

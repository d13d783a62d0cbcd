"""Claims for every depth: what is peeled off the network, and by which argument that suffices.

Theory of operation. Three arguments; the first that fits is taken.

invariant   The relation holds for one layer on top of any network whose value obeys an invariant
            (it is positive), and the invariant passes from layer to layer. In this file.
induction   For a derivative of the top by a variable t below it: theory.proving.induction.
bound       |∂h(n)/∂t| is at most a product or a power: theory.proving.bounds.

Each is checked at explicit widths, with N on a layer of either width.
"""

from typing import Any

from sympy import Indexed, Integer, oo

from theory.calculus import Apply, Iterated
from theory.proving.arrays import entries
from theory.proving.cases import each_case
from theory.proving.errors import OutOfReachError
from theory.proving.field import Field
from theory.proving.peeling import N, Names, Peeling
from theory.proving.ranges import Range
from theory.proving.relations import settle
from theory.proving.signs import Facts, SignTable
from theory.proving.sizes import Sizes, Symbols

# N may be a layer of odd or of even width; the layer itself is far from the first one.
LAYERS = (3, 4)
_INVARIANTS = (
    ("positive", Range(Integer(0), oo), frozenset({1})),
    ("nonnegative", Range(Integer(0), oo, False), frozenset({0, 1})),
)


class Setting:
    """A field, the claim's variables and the named parts of one argument about depth N."""

    def __init__(self, formula: Any, layer: int, least: int) -> None:
        self.field = Field()
        self.variables = Symbols(self.field, formula, Sizes())
        self.names = Names(layer, least)
        self.facts = Facts()

    def reading(self) -> Peeling:
        """A fresh reading, for the case that is looked at."""
        return Peeling(self.field, self.variables, self.names)

    def named(self, node: Any) -> Any:
        """The value of a node that is made of names, in whatever case."""
        return next(each_case(self.field, self.facts, lambda _: self.reading().value(node)))[1]

    def narrow(self, network: Any) -> str:
        """Narrow the range of a named network of numbers to an invariant; the value names it."""
        parts = network.args[:4]
        below, above = Iterated(*parts, N), Iterated(*parts, N + 1)
        (symbol, *others) = entries(self.named(below))
        if others:
            return ""
        for name, candidate, allowed in _INVARIANTS:
            self.field.domains[symbol] = candidate
            try:
                if self._signs(parts[3]) <= allowed and self._signs(above) <= allowed:
                    return f" ({name} at every depth)"
            except OutOfReachError:
                pass
            del self.field.domains[symbol]
        return ""

    def _signs(self, node: Any) -> frozenset[int]:
        def question(table: SignTable) -> list[int]:
            values = entries(self.reading().value(node))
            return [sign for one in values for sign in table.possible(one)]

        answers = each_case(self.field, self.facts, question)
        return frozenset(sign for _, signs in answers for sign in signs)


def the_network(formula: Any, n: Any) -> Any:
    """The only recursion of a formula, at depth N. Raises OutOfReachError."""
    networks = {part.func(*part.args[:4], N) for part in formula.atoms(Iterated)}
    if len(networks) != 1:
        raise OutOfReachError(f"the formula holds {len(networks)} networks")
    network = networks.pop()
    body, _, layer, start, _ = network.args
    if body.has(n) or start.has(n):
        raise OutOfReachError("the layers depend on how many there are")
    if any(index != layer and index.has(layer) for index in _indices(body)):
        raise OutOfReachError("a layer uses the variables of another one")
    return network


def _indices(formula: Any) -> list[Any]:
    """The layers of which a formula uses the variables."""
    indexed = [part.indices[0] for part in formula.atoms(Indexed)]
    return indexed + [part.args[1] for part in formula.atoms(Apply) if len(part.args) == 3]


def layers_named(formula: Any) -> set[int]:
    """The layers that a formula names by their number."""
    indices = _indices(formula) + [part.args[4] for part in formula.atoms(Iterated)]
    return {int(index) for index in indices if index.is_Integer}


def by_invariant(formula: Any, n: Any) -> str:
    """Prove a relation for one layer on any network below it. Raises OutOfReachError."""
    if layers_named(formula):
        raise OutOfReachError("the formula names a layer by its number")
    left, right = (side.xreplace({n: N + 1}) for side in formula.args)
    for layer in LAYERS:
        setting = Setting(formula, layer, least=0)
        invariant = setting.narrow(the_network(formula, n))

        def sides(setting: Setting = setting) -> tuple[Any, Any]:
            reading = setting.reading()
            return reading.value(left), reading.value(right)

        how = settle(type(formula), sides, setting.field, setting.facts)
    return f"for every n, one layer on an arbitrary network{invariant}: {how}"

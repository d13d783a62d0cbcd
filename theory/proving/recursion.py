"""Induction on the depth for what a recursion delivers: h(n) = R(n), or a bound on it.

Theory of operation. An equation is put into the last layer: with h(N) = R(N) below it, the layer
has to deliver R(N + 1). A bound h(n) >= R(n) passes through a layer that does not fall as its input
grows: from h(N) >= R(N) follows h(N + 1) >= layer(R(N)), which has to be at least R(N + 1).
"""

from typing import Any

from sympy import Dummy, Eq, Ge, Integer, Le, S

from theory.calculus import Iterated
from theory.proving.arrays import entries
from theory.proving.depth import LAYERS, Setting, layers_named, the_network
from theory.proving.errors import OutOfReachError
from theory.proving.peeling import N
from theory.proving.relations import settle
from theory.proving.unrolling import Unrolling

_REVERSED = {Eq: Eq, Ge: Le, Le: Ge}


def by_recursion(formula: Any, n: Any) -> str:
    """Prove h(n) = R(n), h(n) >= R(n) or h(n) <= R(n) for every n >= 1. Raises OutOfReachError."""
    kind = type(formula)
    if kind not in _REVERSED:
        raise OutOfReachError("the relation is neither an equation nor a bound")
    network = the_network(formula, n)
    top = Iterated(*network.args[:4], n)
    left, right = formula.args
    if left != top:
        kind, left, right = _REVERSED[kind], right, left
    if left != top or right.has(Iterated):
        raise OutOfReachError("no side is the network, against a formula for its value")
    if layers_named(formula):
        raise OutOfReachError("the formula names a layer by its number")
    for parity in LAYERS:
        setting = Setting(formula, parity, least=1)

        def sides(depth: Any, setting: Setting = setting) -> tuple[Any, Any]:
            reading: Unrolling = setting.reading()
            says = reading.value(right.xreplace({n: depth}))
            if depth.has(N):
                reading = reading.overriding({network: reading.value(right.xreplace({n: N}))})
            return reading.value(top.xreplace({n: depth})), says

        settle(kind, lambda: sides(Integer(1)), setting.field, setting.facts)
        if kind is not Eq:
            _refuse_falling_layers(setting, network, top.xreplace({n: N + 1}))
        how = settle(kind, lambda: sides(N + 1), setting.field, setting.facts)
    rising = "" if kind is Eq else ", through layers that do not fall"
    return f"for every n, by induction{rising}: base n = 1, and the step to N + 1: {how}"


def _refuse_falling_layers(setting: Setting, network: Any, above: Any) -> None:
    """Check that the layer on top of a network of numbers does not fall as its input grows."""
    if len(entries(setting.named(network))) != 1:
        raise OutOfReachError("a bound passes through layers of numbers only")
    h = Dummy("h", real=True)

    def slope() -> tuple[Any, Any]:
        value = setting.reading().overriding({network: h}).value(above)
        return S.Zero, setting.field.derivative(value, h)

    settle(Le, slope, setting.field, setting.facts)

"""Induction on the depth for a bound: |∂h(n)/∂t| <= R(n), or >= R(n), R growing layer by layer.

Theory of operation. The derivative at N + 1 is the peeled layer's slope times the derivative d at
N, whose magnitude is at most R(N). R(N + 1) is at least R(N) times a factor: the base of a power
bⁿ, or the last term of a product. So it is enough that the magnitude of the slope is at most that
factor, for every value of the network below. A base may grow with the largest of the layers' terms,
if it is nonnegative and does not fall as that grows: then b(N + 1)ᴺ >= b(N)ᴺ. From below it is the
same the other way round: the magnitude of the slope is at least a factor that is not negative.
"""

from typing import Any

from sympy import Abs, Dummy, Ge, Integer, Le, Mul, Pow, Product, S, oo

from theory.calculus import Gradient, Iterated, Largest
from theory.proving.depth import LAYERS, Setting, layers_named, the_network
from theory.proving.errors import OutOfReachError
from theory.proving.peeling import N, Peeling
from theory.proving.ranges import Range
from theory.proving.relations import settle

_NOT_NEGATIVE = Range(Integer(0), oo, False)


def by_geometric_bound(formula: Any, n: Any) -> str:
    """Prove |∂h(n)/∂t| <= R(n), or >= R(n), for every n >= 1. Raises OutOfReachError."""
    if not isinstance(formula, Le | Ge):
        raise OutOfReachError("the relation is no bound")
    relation = formula if isinstance(formula.args[0], Abs) else formula.reversed
    kind = Le if isinstance(relation, Le) else Ge
    magnitude, bound = relation.args
    if not (isinstance(magnitude, Abs) and isinstance(magnitude.args[0], Gradient)):
        raise OutOfReachError("what is bounded is not the magnitude of a gradient")
    top, t = magnitude.args[0].args
    network = the_network(formula, n)
    if top != Iterated(*network.args[:4], n) or t.has(n) or layers_named(formula):
        raise OutOfReachError(
            "what is bounded is not the gradient of the network's top by its input"
        )
    for layer in LAYERS:
        setting = Setting(formula, layer, least=1)
        invariant = setting.narrow(network)
        _settle(setting, magnitude.xreplace({n: S.One}), bound.xreplace({n: S.One}), kind)
        factor = bound_factor(setting, bound, n)
        if kind is Ge:
            if factor.has(Largest):
                raise OutOfReachError("a bound from below by a maximum over the layers")
            _settle(setting, S.Zero, factor)
        how = _settle_step(setting, top.xreplace({n: N + 1}), t, factor, kind)
    return (
        f"for every n, by induction{invariant}: base n = 1, and the slope of the peeled layer is "
        f"at {'most' if kind is Le else 'least'} the factor by which the bound grows: {how}"
    )


def _settle(setting: Setting, left: Any, right: Any, kind: Any = Le) -> str:
    def sides() -> tuple[Any, Any]:
        reading = setting.reading()
        return reading.value(left), reading.value(right)

    return settle(kind, sides, setting.field, setting.facts)


def bound_factor(setting: Setting, bound: Any, n: Any) -> Any:
    """A node that R(N + 1)/R(N) is at least, checked. Raises OutOfReachError."""
    constants, growing = bound.as_independent(n, as_Add=False)
    if isinstance(growing, Product):
        term, (index, first, last) = growing.function, growing.limits[0]
        if last != n or first not in (1, 2):
            raise OutOfReachError("the bound's product does not run up to n")
        return term.xreplace({index: N + 1})
    powers = growing.args if isinstance(growing, Mul) else (growing,)
    if (
        len({part.exp for part in powers if isinstance(part, Pow)})
        == 1
        == len({type(part) for part in powers})
    ):  # SymPy writes (a·b)ⁿ as aⁿ·bⁿ
        growing = Pow(Mul(*(part.base for part in powers)), powers[0].exp, evaluate=False)
    if not (isinstance(growing, Pow) and growing.exp - n in (-1, 0, 1)):
        raise OutOfReachError("the bound is neither a power nor a product over the layers")
    largest = growing.base.atoms(Largest)
    if largest:
        _settle(setting, S.Zero, constants)
        _refuse_unless_growing(setting, growing.base, largest, n)
    elif growing.base.has(n):
        raise OutOfReachError("the base of the bound changes with n")
    return growing.base.xreplace({n: N + 1})


def _refuse_unless_growing(setting: Setting, base: Any, largest: set[Any], n: Any) -> None:
    """Check that the base is nonnegative and does not fall with the one Largest in it."""
    if len(largest) != 1:
        raise OutOfReachError("the base of the bound has several maxima")
    (node,) = largest
    term, (index, first, last) = node.args
    if (first, last) != (1, n) or base.xreplace({node: Dummy()}).has(n):
        raise OutOfReachError(
            "the base of the bound changes with n beyond its maximum over the layers"
        )
    _settle(setting, S.Zero, term.xreplace({index: N + 1}))
    m = Dummy("m", real=True)
    setting.field.domains[m] = _NOT_NEGATIVE

    def value() -> Any:
        return setting.reading().overriding({node: m}).value(base)

    settle(Le, lambda: (S.Zero, value()), setting.field, setting.facts)
    settle(
        Le,
        lambda: (S.Zero, setting.field.derivative(value(), m)),
        setting.field,
        setting.facts,
    )


def _settle_step(setting: Setting, top: Any, t: Any, factor: Any, kind: Any) -> str:
    field = setting.field
    below = setting.named(top.xreplace({top.args[4]: N}))
    d = Dummy("d", real=True)
    field.declared[below] = {setting.named(t): d}

    def slope_and_factor() -> tuple[Any, Any]:
        _, _, ((derivative,),) = setting.reading().derivatives(top, t)
        slope = derivative.diff(d)
        if d in field.leaves(slope) or not field.is_zero(derivative - slope * d):
            raise OutOfReachError("the derivative is not a factor times that of the network below")
        grown = _Grown(setting.field, setting.variables, setting.names)
        return field.sign(slope) * slope, grown.value(factor)

    return settle(kind, slope_and_factor, field, setting.facts)


class _Grown(Peeling):
    """A reading at N + 1 in which a maximum is its last term plus something nonnegative."""

    def terms(self, kind: Any, term: Any, index: Any, first: Any, last: Any) -> list[Any]:
        """All that is known of a maximum over the layers is that it is at least the last term."""
        if kind is not Largest:
            return super().terms(kind, term, index, first, last)
        more = self.names.name(("more", term), 0, 0)
        self.field.domains[more] = _NOT_NEGATIVE
        return [self.value(term.xreplace({index: N + 1})) + more]

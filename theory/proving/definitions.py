"""Reading SymPy expressions, such as the definition of a head, into the field."""

from collections.abc import Callable, Mapping, Sequence
from functools import cache, reduce
from typing import Any

from sympy import Abs, Add, Dummy, Function, Max, Min, Mul, NumberSymbol, Piecewise, Pow, S, sign
from sympy.core.relational import Eq, Ge, Gt, Le, Lt, Ne
from sympy.logic.boolalg import And, Not, Or

from theory.heads.kinds import Elementwise
from theory.proving.errors import OutOfReachError
from theory.proving.field import SLOPES, Field

_HOLDS = {
    Gt: lambda s: s > 0,
    Ge: lambda s: s >= 0,
    Lt: lambda s: s < 0,
    Le: lambda s: s <= 0,
    Eq: lambda s: s == 0,
    Ne: lambda s: s != 0,
}


def read(expression: Any, values: Mapping[Any, Any], field: Field) -> Any:
    """The expression over the field's symbols, `values` being what its own symbols stand for.

    Signs decide between the pieces of a Piecewise, Max, Min or Abs. Raises OutOfReachError.
    """
    return reader(values, field)(expression)


def reader(values: Mapping[Any, Any], field: Field) -> Callable[[Any], Any]:
    """`read` for several expressions that share their parts."""
    done: dict[Any, Any] = dict(values)

    def visit(node: Any) -> Any:
        if node not in done:
            done[node] = fresh(node)
        return done[node]

    def fresh(node: Any) -> Any:
        if node.is_Rational or node.is_Symbol:
            return node
        if isinstance(node, Add | Mul):
            return node.func(*(visit(part) for part in node.args))
        if isinstance(node, Pow):
            return power(visit(node.base), node.exp)
        if isinstance(node, Piecewise):
            for value, condition in node.args:
                if holds(condition):
                    return visit(value)
        if isinstance(node, Max | Min):
            direction = 1 if isinstance(node, Max) else -1
            return reduce(
                lambda a, b: a if field.sign(direction * (a - b)) >= 0 else b,
                (visit(part) for part in node.args),
            )
        if isinstance(node, Abs):
            inner = visit(node.args[0])
            return field.sign(inner) * inner
        if isinstance(node, sign):
            return S(field.sign(visit(node.args[0])))
        if isinstance(node, Elementwise):  # of which a definition may be made
            return elementwise(type(node), [visit(part) for part in node.args], field)
        if isinstance(node, Function) and type(node).__module__.startswith("sympy."):
            return field.apply(type(node), *(visit(part) for part in node.args))
        if isinstance(node, NumberSymbol):
            return field.constant(node)
        raise OutOfReachError(f"{type(node).__name__} has no exact reading")

    def power(base: Any, exponent: Any) -> Any:
        if exponent.is_Integer:
            return base**exponent
        if exponent.is_Rational and exponent.q == 2:
            return field.root(base) ** exponent.p
        raise OutOfReachError(f"the power {exponent} is no whole number")

    def holds(condition: Any) -> bool:
        if condition in (S.true, S.false):
            return bool(condition)
        if isinstance(condition, And):
            return all(holds(part) for part in condition.args)
        if isinstance(condition, Or):
            return any(holds(part) for part in condition.args)
        if isinstance(condition, Not):
            return not holds(condition.args[0])
        difference = visit(condition.lhs) - visit(condition.rhs)
        return bool(_HOLDS[type(condition)](field.sign(difference)))

    return visit


def elementwise(head: Any, arguments: Sequence[Any], field: Field) -> Any:
    """An elementwise head at one entry of each argument: a symbol of its own where it has one."""
    slope = SLOPES.get(head)
    if slope and not field.through_exponentials and keeps_its_slope(head, slope):
        return field.apply(head, *arguments)
    places = [Dummy(real=True) for _ in arguments]
    return read(head.definition(*places), dict(zip(places, arguments, strict=True)), field)


@cache
def keeps_its_slope(head: Any, slope: Any) -> bool:
    """Whether the definition of a head obeys v' = slope(v), which lets its value be one symbol."""
    x = Dummy("x", real=True)
    field = Field(through_exponentials=True)
    value = read(head.definition(x), {x: x}, field)
    return field.is_zero(field.derivative(value, x) - slope(field, value, x))

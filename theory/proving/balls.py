"""Arb balls: enclosures of expressions that are certain, whatever the rounding."""

from collections.abc import Callable, Mapping
from importlib.util import find_spec
from typing import Any

from sympy import (
    Abs,
    Add,
    E,
    Expr,
    Max,
    Min,
    Mul,
    Pow,
    erf,
    erfc,
    exp,
    log,
    pi,
    sign,
    simplify,
    tanh,
)

from theory.proving.errors import OutOfReachError

MISSING = "python-flint is not installed: pip install 'backproof[proof]'"

_METHODS: dict[Any, str] = {
    exp: "exp",
    log: "log",
    tanh: "tanh",
    erf: "erf",
    erfc: "erfc",
    Abs: "__abs__",
}


def arb() -> Any:
    """The ball type. Raises OutOfReachError without python-flint."""
    if find_spec("flint") is None:
        raise OutOfReachError(MISSING)
    import flint

    return flint.arb


def number(value: Any) -> Any:
    """The ball of a rational number."""
    return arb()(int(value.p)) / arb()(int(value.q))


def hull(low: Any, high: Any) -> Any:
    """A ball around everything between two rational numbers."""
    return number(low).union(number(high))


def enclosure(expression: Any, point: Mapping[Any, Any]) -> Any:
    """A ball that holds the value of an expression for all values in the balls of its symbols."""
    done = dict(point)

    def visit(node: Any) -> Any:
        if node not in done:
            done[node] = fresh(node)
        return done[node]

    def fresh(node: Any) -> Any:
        if node.is_Rational:
            return number(node)
        if node is pi:
            return arb().pi()
        if node is E:
            return arb()(1).exp()
        if isinstance(node, Add | Mul):
            total = visit(node.args[0])
            for part in node.args[1:]:
                total = total + visit(part) if isinstance(node, Add) else total * visit(part)
            return total
        if isinstance(node, Pow):
            return power(visit(node.base), node.exp)
        if isinstance(node, Max | Min):
            balls = [visit(part) for part in node.args]
            choose = "max" if isinstance(node, Max) else "min"
            while len(balls) > 1:
                balls.append(getattr(balls.pop(), choose)(balls.pop()))
            return balls[0]
        if type(node) in _METHODS:
            return getattr(visit(node.args[0]), _METHODS[type(node)])()
        raise OutOfReachError(f"no ball for {type(node).__name__}")

    return visit(expression)


def power(base: Any, exponent: Any) -> Any:
    """A ball to a rational power."""
    if exponent.is_Integer:
        result = _whole_power(base, abs(int(exponent)))
        return result if exponent > 0 else 1 / result
    if exponent.is_Rational and exponent.q == 2:
        root = _whole_power(base.sqrt(), abs(int(exponent.p)))
        return root if exponent > 0 else 1 / root
    if exponent.is_Rational:
        return (base.log() * number(exponent)).exp()
    raise OutOfReachError(f"no ball for the power {exponent}")


def _whole_power(base: Any, exponent: int) -> Any:
    if exponent % 2 == 0:
        # From the smallest and the largest magnitude: an even power is not negative around 0.
        low, high = base.abs_lower(), base.abs_upper()
        return _repeated(low, exponent).union(_repeated(high, exponent))
    return _repeated(base, exponent)


def _repeated(base: Any, exponent: int) -> Any:
    # Arb's ** goes through the logarithm and is undefined for balls around 0.
    result = arb()(1)
    for _ in range(exponent):
        result = result * base
    return result


def certain_sign(ball: Any) -> int | None:
    """The sign that all numbers of a ball have, or None."""
    return 1 if ball > 0 else -1 if ball < 0 else None


def sign_of_number(expression: Expr) -> int | None:
    """The sign of an expression without symbols; None where 300 digits do not tell it from 0.

    Raises OutOfReachError without python-flint, unless the number is rational.
    """
    if expression.is_Rational:
        return int(sign(expression))
    answer = at_precisions(lambda: certain_sign(enclosure(expression, {})))
    return 0 if answer is None and simplify(expression) == 0 else answer


def at_precisions(question: Callable[[], int | None]) -> int | None:
    """The first answer on the way from 64 bits to 1024."""
    arb()
    import flint

    for bits in (64, 256, 1024):
        with flint.ctx.workprec(bits):
            if (answer := question()) is not None:
                return answer
    return None

"""What is done to gradients before a step."""

from typing import Any

from sympy import Max, Min, Piecewise, sqrt

from theory.heads.kinds import ImplementationHead
from theory.sources import GOODFELLOW_2016, PASCANU_2013


class global_norm(ImplementationHead):
    """The Euclidean norm of all gradients together, as if they were one vector."""

    parameters = ("grads",)
    lists = frozenset({"grads"})
    scalar = True
    symbol = r"\operatorname{norm}"
    shapes = "grads a list of arrays -> an array without dimensions"
    source = PASCANU_2013.section("3.2")

    @classmethod
    def definition(cls, grads: Any) -> Any:
        """The root of the sum of all squares; grads as one row."""
        return sqrt(sum(entry**2 for entry in grads))


class clip_by_norm(ImplementationHead):
    """Every gradient times min(1, max_norm / norm), the norm being that of all of them together."""

    parameters = ("grads", "max_norm")
    numbers = frozenset({"max_norm"})
    lists = frozenset({"grads"})
    symbol = r"\operatorname{clip}"
    shapes = "grads a list of arrays, max_norm a number -> a list of arrays of the same shapes"
    source = PASCANU_2013.section("3.2")

    @classmethod
    def definition(cls, grads: Any, max_norm: Any) -> Any:
        """The gradient scaled back to the sphere when it lies outside; grads as one row."""
        norm = global_norm.definition(grads)
        return grads * Min(1, max_norm / Max(norm, max_norm))


class clip_by_value(ImplementationHead):
    """Every entry of every gradient, cut off at -limit and limit."""

    parameters = ("grads", "limit")
    numbers = frozenset({"limit"})
    lists = frozenset({"grads"})
    symbol = r"\operatorname{cut}"
    shapes = "grads a list of arrays, limit a number -> a list of arrays of the same shapes"
    source = GOODFELLOW_2016.section("10.11.1")

    @classmethod
    def definition(cls, grads: Any, limit: Any) -> Any:
        """The nearest number between the limits; grads as one row."""
        return grads.applyfunc(
            lambda entry: Piecewise((limit, entry > limit), (-limit, entry < -limit), (entry, True))
        )

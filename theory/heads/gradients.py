"""What is done to gradients before a step."""

from typing import Any

from sympy import Max, Min, sqrt

from theory.heads.kinds import ImplementationHead
from theory.sources import PASCANU_2013


class clip_by_norm(ImplementationHead):
    """Every gradient times min(1, max_norm / norm), the norm being that of all of them together."""

    parameters = ("grads", "max_norm")
    numbers = frozenset({"max_norm"})
    symbol = r"\operatorname{clip}"
    shapes = "grads a list of arrays, max_norm a number -> a list of arrays of the same shapes"
    source = PASCANU_2013.section("3.2")

    @classmethod
    def definition(cls, grads: Any, max_norm: Any) -> Any:
        """The gradient scaled back to the sphere when it lies outside; grads as one row."""
        norm = sqrt(sum(entry**2 for entry in grads))
        return grads * Min(1, max_norm / Max(norm, max_norm))

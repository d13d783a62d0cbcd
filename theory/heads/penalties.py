"""Penalties: what a loss adds for large weights."""

from typing import Any

from sympy import Abs

from theory.heads.kinds import ImplementationHead
from theory.sources import HOERL_1970, TIBSHIRANI_1996


class _Penalty(ImplementationHead):
    parameters = ("weights", "strength")
    numbers = frozenset({"strength"})
    lists = frozenset({"weights"})
    scalar = True
    shapes = "weights a list of arrays, strength a number -> one number, shape ()"


class l2_penalty(_Penalty):
    """strength times the sum of the squares of all weights, without a half in front."""

    symbol = r"\ell_2"
    source = HOERL_1970.section("2")

    @classmethod
    def definition(cls, weights: Any, strength: Any) -> Any:
        """The squared norm, weighed; weights as one row."""
        return strength * sum(entry**2 for entry in weights)


class l1_penalty(_Penalty):
    """strength times the sum of the magnitudes of all weights; its slope at 0 is 0."""

    symbol = r"\ell_1"
    source = TIBSHIRANI_1996.equation(1)

    @classmethod
    def definition(cls, weights: Any, strength: Any) -> Any:
        """The sum of magnitudes, weighed; weights as one row."""
        return strength * sum(Abs(entry) for entry in weights)

"""Activations: functions of one real number."""

from typing import Any

from sympy import Piecewise, exp, tanh as tanh_function

from theory.heads.kinds import Elementwise
from theory.sources import CLEVERT_2016, MAAS_2013, NIELSEN_2015, RUMELHART_1986


class sigmoid(Elementwise):
    """1 / (1 + exp(-x))."""

    parameters = ("x",)
    symbol = r"\sigma"
    source = RUMELHART_1986.equation(2)

    @classmethod
    def definition(cls, x: Any) -> Any:
        """The logistic function."""
        return 1 / (1 + exp(-x))


class tanh(Elementwise):
    """(exp(x) - exp(-x)) / (exp(x) + exp(-x))."""

    parameters = ("x",)
    symbol = r"\tanh"
    source = NIELSEN_2015.chapter(3)

    @classmethod
    def definition(cls, x: Any) -> Any:
        """The hyperbolic tangent."""
        return tanh_function(x)


class relu(Elementwise):
    """x where x > 0, else 0; its slope at 0 is 0 by convention."""

    parameters = ("x",)
    symbol = r"\operatorname{relu}"
    source = MAAS_2013.equation(2)

    @classmethod
    def definition(cls, x: Any) -> Any:
        """The positive part, with the slope 0 at 0."""
        return Piecewise((x, x > 0), (0, True))


class leaky_relu(Elementwise):
    """x where x > 0, else negative_slope * x."""

    parameters = ("x", "negative_slope")
    numbers = frozenset({"negative_slope"})
    symbol = r"\operatorname{leaky}"
    source = MAAS_2013.equation(3)

    @classmethod
    def definition(cls, x: Any, negative_slope: Any) -> Any:
        """The identity on the right, a line through 0 on the left, with the left slope at 0."""
        return Piecewise((x, x > 0), (negative_slope * x, True))


class elu(Elementwise):
    """x where x > 0, else alpha * (exp(x) - 1)."""

    parameters = ("x", "alpha")
    numbers = frozenset({"alpha"})
    symbol = r"\operatorname{elu}"
    source = CLEVERT_2016.equation(4)

    @classmethod
    def definition(cls, x: Any, alpha: Any) -> Any:
        """The identity on the right, a shifted exponential on the left, whose slope 0 has."""
        return Piecewise((x, x > 0), (alpha * (exp(x) - 1), True))

"""Activations: functions of one real number."""

from typing import Any

from sympy import Abs, Integer, Piecewise, Rational, erf, exp, log, pi, sqrt, tanh as tanh_function

from theory.heads.kinds import Elementwise
from theory.sources import (
    CLEVERT_2016,
    ELFWING_2018,
    GLOROT_2010,
    GOODFELLOW_2016,
    HENDRYCKS_2016,
    HOWARD_2019,
    KLAMBAUER_2017,
    MAAS_2013,
    MISRA_2020,
    NIELSEN_2015,
    RUMELHART_1986,
    Citation,
)

# As the paper's code has them, and every library.
SELU_ALPHA = Rational("1.6732632423543772848170429916717")
SELU_SCALE = Rational("1.0507009873554804934193349852946")


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


class selu(Elementwise):
    """scale * elu(x, alpha) with the two constants of its paper."""

    parameters = ("x",)
    symbol = r"\operatorname{selu}"
    source = KLAMBAUER_2017.equation(2)

    @classmethod
    def definition(cls, x: Any) -> Any:
        """A scaled ELU, with the left slope at 0."""
        return SELU_SCALE * Piecewise((x, x > 0), (SELU_ALPHA * (exp(x) - 1), True))


class softplus(Elementwise):
    """log(1 + exp(x))."""

    parameters = ("x",)
    symbol = r"\operatorname{softplus}"
    source = GOODFELLOW_2016.section("3.10")

    @classmethod
    def definition(cls, x: Any) -> Any:
        """The integral of the sigmoid."""
        return log(1 + exp(x))


class log_sigmoid(Elementwise):
    """log(sigmoid(x))."""

    parameters = ("x",)
    symbol = r"\log\sigma"
    source = GOODFELLOW_2016.section("3.10")

    @classmethod
    def definition(cls, x: Any) -> Any:
        """Softplus turned around."""
        return -log(1 + exp(-x))


class silu(Elementwise):
    """x * sigmoid(x)."""

    parameters = ("x",)
    symbol = r"\operatorname{silu}"
    source = Citation(ELFWING_2018, "abstract")

    @classmethod
    def definition(cls, x: Any) -> Any:
        """The input times its sigmoid."""
        return x / (1 + exp(-x))


class gelu(Elementwise):
    """x times the normal distribution function, x * (1 + erf(x / sqrt(2))) / 2."""

    parameters = ("x",)
    symbol = r"\operatorname{gelu}"
    source = HENDRYCKS_2016.section("2")

    @classmethod
    def definition(cls, x: Any) -> Any:
        """The input times the probability of a smaller normal number."""
        return x * (1 + erf(x / sqrt(2))) / 2


class gelu_tanh(Elementwise):
    """x * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x**3))) / 2, which is near gelu."""

    parameters = ("x",)
    symbol = r"\operatorname{gelu}_{\tanh}"
    source = HENDRYCKS_2016.section("2")

    @classmethod
    def definition(cls, x: Any) -> Any:
        """GELU with a tanh in the place of erf."""
        return x * (1 + tanh_function(sqrt(2 / pi) * (x + Rational(44715, 10**6) * x**3))) / 2


class mish(Elementwise):
    """x * tanh(softplus(x))."""

    parameters = ("x",)
    symbol = r"\operatorname{mish}"
    source = Citation(MISRA_2020, "abstract")

    @classmethod
    def definition(cls, x: Any) -> Any:
        """The input times the tanh of its softplus."""
        return x * tanh_function(log(1 + exp(x)))


class softsign(Elementwise):
    """x / (1 + |x|)."""

    parameters = ("x",)
    symbol = r"\operatorname{softsign}"
    source = GLOROT_2010.section("2.2")

    @classmethod
    def definition(cls, x: Any) -> Any:
        """A sigmoid with slow tails."""
        return x / (1 + Abs(x))


class relu6(Elementwise):
    """min(max(x, 0), 6); its slope at 0 and at 6 is 0 by convention."""

    parameters = ("x",)
    symbol = r"\operatorname{relu6}"
    source = HOWARD_2019.section("5.2")

    @classmethod
    def definition(cls, x: Any) -> Any:
        """A ReLU that stops at 6."""
        return Piecewise((Integer(0), x <= 0), (Integer(6), x >= 6), (x, True))


class hardtanh(Elementwise):
    """min(max(x, -1), 1); its slope at -1 and at 1 is 0 by convention."""

    parameters = ("x",)
    symbol = r"\operatorname{hardtanh}"
    source = GOODFELLOW_2016.section("6.3.3")

    @classmethod
    def definition(cls, x: Any) -> Any:
        """The identity between two flat sides."""
        return Piecewise((Integer(-1), x <= -1), (Integer(1), x >= 1), (x, True))


class hardsigmoid(Elementwise):
    """min(max(x + 3, 0), 6) / 6; its slope at -3 and at 3 is 0 by convention."""

    parameters = ("x",)
    symbol = r"\operatorname{hardsigmoid}"
    source = HOWARD_2019.section("5.2")

    @classmethod
    def definition(cls, x: Any) -> Any:
        """A line between two flat sides."""
        return Piecewise((Integer(0), x <= -3), (Integer(1), x >= 3), ((x + 3) / 6, True))


class hardswish(Elementwise):
    """x * min(max(x + 3, 0), 6) / 6; its slope at -3 is 0 and at 3 is 1 by convention."""

    parameters = ("x",)
    symbol = r"\operatorname{hardswish}"
    source = HOWARD_2019.section("5.2")

    @classmethod
    def definition(cls, x: Any) -> Any:
        """A parabola between 0 and the identity."""
        return Piecewise((Integer(0), x <= -3), (x, x >= 3), (x * (x + 3) / 6, True))

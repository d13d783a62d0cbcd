"""The heads that an implementation defines: what each one means, over the reals.

`definition` takes SymPy objects and returns one: numbers as expressions, a row as a 1×d Matrix, a
batch as an m×d Matrix, a weight as an out×in Matrix, features as a 1×d Matrix. It is what the
prover works with. `numbers` names the arguments that are Python floats and not arrays.
"""

from typing import Any, ClassVar

from sympy import Integer, Matrix, Max, Min, Piecewise, exp, sqrt, tanh as tanh_function

from theory.head import Head
from theory.sources import (
    HE_2015,
    HE_2016,
    IEEE_754,
    IOFFE_2015,
    MAAS_2013,
    NIELSEN_2015,
    PASCANU_2013,
    RUMELHART_1986,
    Citation,
)


class ImplementationHead(Head):
    """A head that implementations define as a function of the same name."""

    numbers: ClassVar[frozenset[str]] = frozenset()
    shapes: ClassVar[str] = ""
    source: ClassVar[Citation]

    @classmethod
    def definition(cls, *arguments: Any) -> Any:
        """The value over the reals, as a SymPy object."""
        raise NotImplementedError


class Elementwise(ImplementationHead):
    """A function of one real number that implementations apply to every entry of an array."""

    shapes = "any shape -> the same shape"


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


class linear(ImplementationHead):
    """x · weightᵀ + bias."""

    parameters = ("x", "weight", "bias")
    shapes = "x (batch, in), weight (out, in), bias (out,) -> (batch, out)"
    source = RUMELHART_1986.equation(1)

    @classmethod
    def definition(cls, x: Any, weight: Any, bias: Any) -> Any:
        """The affine map of every row."""
        product = x * weight.T
        return Matrix(*product.shape, lambda r, c: product[r, c] + bias[c])


class residual(ImplementationHead):
    """x + branch(x), the branch being a function of the implementation's arrays."""

    parameters = ("x", "branch")
    shapes = "x (batch, d), branch (batch, d) -> (batch, d) -> (batch, d)"
    source = HE_2016.equation(1)

    @classmethod
    def definition(cls, x: Any, branch: Any) -> Any:
        """The identity path plus the branch, whose value at x is the second argument."""
        return x + branch


class batch_norm(ImplementationHead):
    """gamma · (x - mean) / √(variance + eps) + beta, feature by feature, in training mode.

    The variance is the biased one, divided by the number of rows.
    """

    parameters = ("x", "gamma", "beta", "eps")
    numbers = frozenset({"eps"})
    symbol = r"\operatorname{BN}"
    shapes = "x (batch, features), gamma and beta (features,), eps a number -> like x"
    source = IOFFE_2015.section("3")

    @classmethod
    def definition(cls, x: Any, gamma: Any, beta: Any, eps: Any) -> Any:
        """The batch transform, every feature normalised over the rows."""
        rows, columns = x.shape
        mean = [sum(x[r, c] for r in range(rows)) / Integer(rows) for c in range(columns)]
        variance = [
            sum((x[r, c] - mean[c]) ** 2 for r in range(rows)) / Integer(rows)
            for c in range(columns)
        ]
        return Matrix(
            rows,
            columns,
            lambda r, c: gamma[c] * (x[r, c] - mean[c]) / sqrt(variance[c] + eps) + beta[c],
        )


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


class he_normal(ImplementationHead):
    """Independent normal weights of mean 0 and variance 2 / fan_in."""

    parameters = ("shape", "seed")
    numbers = frozenset({"shape", "seed"})
    symbol = r"\operatorname{He}"
    shapes = "shape (out, in, *kernel), seed a whole number -> weight of that shape"
    source = HE_2015.equation(10)


class power(ImplementationHead):
    """base to the power of a whole number."""

    parameters = ("base", "exponent")
    numbers = frozenset({"exponent"})
    symbol = r"\operatorname{pow}"
    shapes = "base any shape, exponent a number -> like base"
    source = IEEE_754.section("9.2")

    @classmethod
    def definition(cls, base: Any, exponent: Any) -> Any:
        """The product of `exponent` equal factors."""
        return base**exponent


HEADS: dict[str, type[ImplementationHead]] = {
    head.__name__: head
    for head in (
        sigmoid,
        tanh,
        relu,
        leaky_relu,
        linear,
        residual,
        batch_norm,
        clip_by_norm,
        he_normal,
        power,
    )
}

"""Normalisation, over the rows of a batch or over the features of a row."""

from typing import Any

from sympy import Integer, Matrix, sqrt

from theory.heads.kinds import ImplementationHead, Several
from theory.sources import BA_2016, IOFFE_2015, ZHANG_2019

_BATCH = "x (batch, features) or (batch, features, height, width)"


class batch_norm(ImplementationHead):
    """gamma · (x - mean) / √(variance + eps) + beta, feature by feature, in training mode.

    The variance is the biased one, divided by the number of rows.
    """

    parameters = ("x", "gamma", "beta", "eps")
    numbers = frozenset({"eps"})
    symbol = r"\operatorname{BN}"
    shapes = f"{_BATCH}, gamma and beta (features,), eps a number -> like x"
    source = IOFFE_2015.section("3")

    @classmethod
    def definition(cls, x: Any, gamma: Any, beta: Any, eps: Any) -> Any:
        """The batch transform, every feature normalised over the rows."""
        mean, variance = _moments(x)
        return _normalised(x, mean, variance, gamma, beta, eps)


class batch_norm_eval(ImplementationHead):
    """gamma · (x - mean) / √(var + eps) + beta, with running statistics, as in evaluation mode.

    The statistics are constants: no gradient is sent to them.
    """

    parameters = ("x", "mean", "var", "gamma", "beta", "eps")
    numbers = frozenset({"eps"})
    state = frozenset({"mean", "var"})
    symbol = r"\operatorname{BN}_{\mathrm{eval}}"
    shapes = f"{_BATCH}, mean, var, gamma and beta (features,), eps a number -> like x"
    source = IOFFE_2015.section("3.1")

    @classmethod
    def definition(cls, x: Any, mean: Any, var: Any, gamma: Any, beta: Any, eps: Any) -> Any:
        """The affine map that a trained batch norm is."""
        return _normalised(x, mean, var, gamma, beta, eps)


class batch_norm_running(Several):
    """The running statistics after a batch, each (1 - momentum) · old + momentum · the batch's.

    The batch's variance is the unbiased one here, divided by the number of rows less one.
    """

    parameters = ("mean", "var", "x", "momentum")
    numbers = frozenset({"momentum"})
    state = frozenset({"mean", "var"})
    outputs = {"mean": "mean", "var": "var"}
    symbol = r"\operatorname{running}"
    shapes = f"mean and var (features,), {_BATCH}, momentum a number -> (mean, var)"
    source = IOFFE_2015.section("3.1")

    @classmethod
    def definition(cls, mean: Any, var: Any, x: Any, momentum: Any) -> Any:
        """The moving averages of the batch means and of the unbiased batch variances."""
        batch_mean, biased = _moments(x)
        unbiased = biased * Integer(x.rows) / Integer(x.rows - 1)
        keep = 1 - momentum
        return keep * mean + momentum * batch_mean, keep * var + momentum * unbiased


class layer_norm(ImplementationHead):
    """gamma · (x - mean) / √(variance + eps) + beta, row by row, over the features of each row.

    The variance is the biased one, divided by the number of features.
    """

    parameters = ("x", "gamma", "beta", "eps")
    numbers = frozenset({"eps"})
    symbol = r"\operatorname{LN}"
    shapes = "x (batch, features), gamma and beta (features,), eps a number -> like x"
    source = BA_2016.equation(4)

    @classmethod
    def definition(cls, x: Any, gamma: Any, beta: Any, eps: Any) -> Any:
        """Every row normalised over its features, then scaled and shifted feature by feature."""
        mean, variance = _moments(x.T)
        return Matrix(
            *x.shape,
            lambda r, c: gamma[c] * (x[r, c] - mean[r]) / sqrt(variance[r] + eps) + beta[c],
        )


class rms_norm(ImplementationHead):
    """gamma · x / √(mean of x² + eps), row by row, over the features of each row."""

    parameters = ("x", "gamma", "eps")
    numbers = frozenset({"eps"})
    symbol = r"\operatorname{RMS}"
    shapes = "x (batch, features), gamma (features,), eps a number -> like x"
    source = ZHANG_2019.equation(4)

    @classmethod
    def definition(cls, x: Any, gamma: Any, eps: Any) -> Any:
        """Every row divided by the root of its mean square."""
        squares = [
            sum(x[r, c] ** 2 for c in range(x.cols)) / Integer(x.cols) for r in range(x.rows)
        ]
        return Matrix(*x.shape, lambda r, c: gamma[c] * x[r, c] / sqrt(squares[r] + eps))


def _moments(x: Any) -> tuple[Any, Any]:
    """The mean and the biased variance of every column."""
    count = Integer(x.rows)
    mean = [sum(x[r, c] for r in range(x.rows)) / count for c in range(x.cols)]
    variance = [sum((x[r, c] - mean[c]) ** 2 for r in range(x.rows)) / count for c in range(x.cols)]
    return Matrix([mean]), Matrix([variance])


def _normalised(x: Any, mean: Any, variance: Any, gamma: Any, beta: Any, eps: Any) -> Any:
    return Matrix(
        *x.shape, lambda r, c: gamma[c] * (x[r, c] - mean[c]) / sqrt(variance[c] + eps) + beta[c]
    )

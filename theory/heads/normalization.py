"""Normalisation over the rows of a batch."""

from typing import Any

from sympy import Integer, Matrix, sqrt

from theory.heads.kinds import ImplementationHead
from theory.sources import IOFFE_2015


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

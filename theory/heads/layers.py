"""Layers: what maps rows to rows."""

from typing import Any

from sympy import Matrix

from theory.heads.kinds import ImplementationHead
from theory.sources import HE_2016, RUMELHART_1986


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

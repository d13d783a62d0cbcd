"""Initialisers: how weights start."""

from typing import Any

from sympy import Matrix, sqrt

from theory.distributions import Distribution, Normal, TruncatedNormal, Uniform
from theory.heads.kinds import Initializer
from theory.sources import GLOROT_2010, HE_2015, JOHNSON_1994, LECUN_1998, MEZZADRI_2007


class he_normal(Initializer):
    """Independent normal weights of mean 0 and variance 2 / fan_in."""

    parameters = ("shape", "seed")
    symbol = r"\operatorname{He}"
    source = HE_2015.equation(10)

    @classmethod
    def entry(cls, fan_in: Any, fan_out: Any) -> Distribution:
        """The distribution of every weight."""
        return Normal(2 / fan_in)


class he_uniform(Initializer):
    """Independent uniform weights of mean 0 and variance 2 / fan_in: between ±√(6 / fan_in)."""

    parameters = ("shape", "seed")
    symbol = r"\operatorname{He}_U"
    source = HE_2015.equation(10)

    @classmethod
    def entry(cls, fan_in: Any, fan_out: Any) -> Distribution:
        """The distribution of every weight."""
        return Uniform(6 / fan_in)


class xavier_normal(Initializer):
    """Independent normal weights of mean 0 and variance gain² · 2 / (fan_in + fan_out)."""

    parameters = ("shape", "gain", "seed")
    symbol = r"\operatorname{Xavier}"
    source = GLOROT_2010.equation(12)

    @classmethod
    def entry(cls, fan_in: Any, fan_out: Any, gain: Any) -> Distribution:
        """The distribution of every weight."""
        return Normal(gain**2 * 2 / (fan_in + fan_out))


class xavier_uniform(Initializer):
    """Independent uniform weights between ±gain · √(6 / (fan_in + fan_out))."""

    parameters = ("shape", "gain", "seed")
    symbol = r"\operatorname{Xavier}_U"
    source = GLOROT_2010.equation(16)

    @classmethod
    def entry(cls, fan_in: Any, fan_out: Any, gain: Any) -> Distribution:
        """The distribution of every weight."""
        return Uniform(gain**2 * 6 / (fan_in + fan_out))


class lecun_normal(Initializer):
    """Independent normal weights of mean 0 and variance 1 / fan_in."""

    parameters = ("shape", "seed")
    symbol = r"\operatorname{LeCun}"
    source = LECUN_1998.equation(16)

    @classmethod
    def entry(cls, fan_in: Any, fan_out: Any) -> Distribution:
        """The distribution of every weight."""
        return Normal(1 / fan_in)


class truncated_normal(Initializer):
    """Normal weights of mean 0 and deviation std, drawn again until they lie in [low, high].

    Their own deviation is smaller than std: cut at two deviations it is 0.88 std.
    """

    parameters = ("shape", "std", "low", "high", "seed")
    numbers = frozenset({"shape", "std", "low", "high", "seed"})
    symbol = r"\operatorname{TN}"
    source = JOHNSON_1994.chapter(13)

    @classmethod
    def entry(cls, fan_in: Any, fan_out: Any, std: Any, low: Any, high: Any) -> Distribution:
        """The distribution of every weight."""
        return TruncatedNormal(std, low, high)


class orthogonal(Initializer):
    """gain times a matrix with orthonormal columns, or rows where there are fewer of these.

    Uniformly distributed over all such matrices: the Q of a QR factorisation of independent
    normals, the diagonal of R being positive. A kernel is read as a matrix of shape
    (out, in · kernel).
    """

    parameters = ("shape", "gain", "seed")
    symbol = r"\operatorname{Q}"
    source = MEZZADRI_2007.section("5")

    @classmethod
    def definition(cls, normals: Any, gain: Any) -> Any:
        """Gram and Schmidt's columns of a matrix of independent normals, or its rows."""
        if normals.rows < normals.cols:
            return cls.definition(normals.T, gain).T
        columns: list[Any] = []
        for k in range(normals.cols):
            column = normals[:, k]
            for other in columns:  # not yet of length 1, which keeps roots out of the products
                column = (other.T * other)[0] * column - (other.T * column)[0] * other
            columns.append(column)
        return gain * Matrix.hstack(*(one / sqrt((one.T * one)[0]) for one in columns))

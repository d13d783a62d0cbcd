"""Initialisers: how weights start."""

from theory.heads.kinds import ImplementationHead
from theory.sources import HE_2015


class he_normal(ImplementationHead):
    """Independent normal weights of mean 0 and variance 2 / fan_in."""

    parameters = ("shape", "seed")
    numbers = frozenset({"shape", "seed"})
    symbol = r"\operatorname{He}"
    shapes = "shape (out, in, *kernel), seed a whole number -> weight of that shape"
    source = HE_2015.equation(10)

"""Initialisers: how weights start."""

from theory.heads.kinds import Initializer
from theory.sources import HE_2015


class he_normal(Initializer):
    """Independent normal weights of mean 0 and variance 2 / fan_in."""

    parameters = ("shape", "seed")
    symbol = r"\operatorname{He}"
    source = HE_2015.equation(10)

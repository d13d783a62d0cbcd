"""Arithmetic that implementations have a function for."""

from typing import Any

from theory.heads.kinds import ImplementationHead
from theory.sources import IEEE_754


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

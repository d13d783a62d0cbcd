"""The float formats: their constants, and rounding into them.

Everything here follows from IEEE 754's three numbers: the precision p (bits of the significand, the
hidden one included), and the largest and smallest exponents of a normal number.
"""

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

import ml_dtypes
import numpy as np
from numpy.typing import NDArray

Doubles = NDArray[np.float64]


@dataclass(frozen=True)
class Format:
    """A binary float format; `working` names the format that its heads compute in."""

    name: str
    precision: int
    max_exponent: int
    min_exponent: int
    dtype: Any
    working: str

    def __str__(self) -> str:
        return self.name

    @property
    def bits(self) -> int:
        """The width of the format in bits."""
        return int(np.dtype(self.dtype).itemsize) * 8

    @property
    def unit_roundoff(self) -> float:
        """The largest relative error of one rounding to nearest, 2**-p."""
        return 2.0**-self.precision

    @cached_property
    def largest(self) -> float:
        """The largest finite number."""
        return float((2 - Fraction(2) ** (1 - self.precision)) * Fraction(2) ** self.max_exponent)

    @cached_property
    def overflow_threshold(self) -> Fraction:
        """Round to nearest delivers an infinity from here on (IEEE 754-2019 §4.3.1)."""
        return (2 - Fraction(2) ** -self.precision) * Fraction(2) ** self.max_exponent

    @cached_property
    def smallest_normal(self) -> float:
        """The smallest number with a full significand."""
        return 2.0**self.min_exponent

    @cached_property
    def smallest_subnormal(self) -> float:
        """The spacing of the subnormals, which is the smallest positive number."""
        return 2.0 ** (self.min_exponent - self.precision + 1)

    @cached_property
    def underflow_threshold(self) -> Fraction:
        """What is no larger rounds to zero: half the smallest subnormal, a tie going to even."""
        return Fraction(self.smallest_subnormal) / 2

    @property
    def work(self) -> "Format":
        """The working format."""
        return FORMATS[self.working]

    def ulp(self, magnitude: Doubles) -> Doubles:
        """The spacing of the format's numbers at a magnitude, subnormal range included."""
        # frexp gives zero the exponent of 1/2; below the normal numbers the spacing stays the same.
        _, exponent = np.frexp(np.maximum(magnitude, self.smallest_normal))
        exponent = np.minimum(exponent - 1, self.max_exponent)
        return np.ldexp(1.0, exponent - self.precision + 1)

    def nearest(self, values: Doubles) -> NDArray[Any]:
        """Round doubles to nearest, ties to even, in one step; needs precision below 53.

        Written out because a cast from double to bfloat16 goes through float32 and rounds twice.
        """
        if self.precision == 53:
            return values.astype(self.dtype)
        spacing = self.ulp(np.abs(values))
        with np.errstate(invalid="ignore", over="ignore"):
            rounded = np.rint(values / spacing) * spacing
            rounded = np.where(np.abs(rounded) > self.largest, np.copysign(np.inf, values), rounded)
            return np.asarray(np.copysign(rounded, values)).astype(self.dtype)

    def ordinals(self, values: NDArray[Any]) -> NDArray[np.int64]:
        """Number the format's values in order: neighbours differ by 1, zero is 0, -x is -n."""
        bits = values.view(f"int{self.bits}").astype(np.int64)
        # Without its sign bit a pattern numbers the magnitude; minus zero joins plus zero.
        magnitude = bits & ((1 << (self.bits - 1)) - 1)
        return np.where(bits < 0, -magnitude, magnitude)

    def from_ordinals(self, ordinals: NDArray[np.int64]) -> NDArray[Any]:
        """The values with these ordinals."""
        magnitude = np.abs(ordinals).astype(f"uint{self.bits}")
        sign = np.where(ordinals < 0, 1 << (self.bits - 1), 0).astype(f"uint{self.bits}")
        return (magnitude | sign).view(self.dtype)

    @cached_property
    def largest_ordinal(self) -> int:
        """The ordinal of the largest finite number."""
        return int(self.ordinals(np.array([self.largest]).astype(self.dtype))[0])

    def all_finite(self) -> NDArray[Any]:
        """Every finite value in order, one zero; only for 16-bit formats, where it is small."""
        top = self.largest_ordinal
        return self.from_ordinals(np.arange(-top, top + 1, dtype=np.int64))


FLOAT16 = Format("float16", 11, 15, -14, np.float16, working="float32")
BFLOAT16 = Format("bfloat16", 8, 127, -126, ml_dtypes.bfloat16, working="float32")
FLOAT32 = Format("float32", 24, 127, -126, np.float32, working="float32")
FLOAT64 = Format("float64", 53, 1023, -1022, np.float64, working="float64")

FORMATS = {row.name: row for row in (FLOAT16, BFLOAT16, FLOAT32, FLOAT64)}


def format_of(dtype: Any) -> Format | None:
    """The format with this NumPy dtype, or None."""
    return next((row for row in FORMATS.values() if np.dtype(row.dtype) == np.dtype(dtype)), None)

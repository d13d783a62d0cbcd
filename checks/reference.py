"""Numbers wider than the format under test, in NumPy arrays.

Up to float32 the reference is float64. For float64 it is an object array of multiprecision numbers:
Arb balls where python-flint is installed, mpmath floats where it is not. NumPy's arithmetic works
on both alike; only elementary functions and conversions need a name here.
"""

import math
from collections.abc import Callable, Iterable
from fractions import Fraction
from typing import Any

import mpmath
import numpy as np
from numpy.typing import NDArray

from checks.formats import Doubles

try:
    import flint
except ImportError:  # numeric checking works without it, only slower for float64
    flint: Any = None  # type: ignore[no-redef]  # the module, or nothing

Wide = NDArray[Any]

# Enough bits that float64 results round correctly unless a value lies within 2**-140 of a midpoint.
BITS = 200

if flint is not None:
    flint.ctx.prec = BITS
_multiprecision = mpmath.mp.clone()
_multiprecision.prec = BITS
_NUMBER: Any = flint.arb if flint is not None else _multiprecision.mpf


def is_wide(values: Wide) -> bool:
    """Whether the array holds multiprecision numbers."""
    return values.dtype == object


def lift(values: Doubles) -> Wide:
    """The same numbers, exactly, in multiprecision."""
    return _map(_NUMBER, np.asarray(values, dtype=np.float64))


def gap(values: Wide, others: Doubles) -> Doubles:
    """Multiprecision numbers less doubles, within an ulp."""
    pairs = zip(values.flat, np.broadcast_to(others, values.shape).ravel().tolist(), strict=True)
    return _doubles((float(value - _NUMBER(other)) for value, other in pairs), values.shape)


def lift_fraction(value: Fraction) -> Any:
    """A rational number in multiprecision."""
    if flint is not None:
        return flint.arb(flint.fmpq(value.numerator, value.denominator))
    return _multiprecision.mpf(value.numerator) / value.denominator


def doubles(values: Wide) -> Doubles:
    """The nearest doubles, rounded once, subnormals and overflow included."""
    if not is_wide(values):
        return values
    return _doubles(map(_nearest_double, values.flat), values.shape)


def approximate(values: Wide) -> Doubles:
    """Doubles within an ulp of the values: enough for radii, and quicker than the nearest."""
    return _doubles(map(float, values.flat), values.shape) if is_wide(values) else values


def is_finite(values: Wide) -> NDArray[np.bool_]:
    """Which numbers are finite, also where no double is as large."""
    if not is_wide(values):
        return np.isfinite(values)
    finite = (
        value.is_finite() if flint is not None else mpmath.isfinite(value) for value in values.flat
    )
    return np.fromiter(finite, dtype=bool, count=values.size).reshape(values.shape)


def exp(values: Wide) -> Wide:
    """The exponential function."""
    return _apply("exp", values)


def expm1(values: Wide) -> Wide:
    """eˣ − 1, as accurate near 0 as elsewhere."""
    return _apply("expm1", values)


def log(values: Wide) -> Wide:
    """The natural logarithm."""
    return _apply("log", values)


def log1p(values: Wide) -> Wide:
    """ln(1 + x), as accurate near 0 as elsewhere."""
    return _apply("log1p", values)


def tanh(values: Wide) -> Wide:
    """The hyperbolic tangent."""
    return _apply("tanh", values)


def erfc(values: Wide) -> Wide:
    """The complementary error function, as accurate far out as elsewhere."""
    return _apply("erfc", values)


def sqrt(values: Wide) -> Wide:
    """The square root."""
    return _apply("sqrt", values)


def _map(function: Callable[[Any], Any], values: NDArray[Any]) -> Wide:
    numbers = values.flat if is_wide(values) else values.ravel().tolist()
    return np.fromiter(map(function, numbers), dtype=object, count=values.size).reshape(
        values.shape
    )


def _doubles(numbers: Iterable[float], shape: tuple[int, ...]) -> Doubles:
    return np.fromiter(numbers, dtype=np.float64, count=math.prod(shape)).reshape(shape)


def _apply(name: str, values: Wide) -> Wide:
    if not is_wide(values):
        with np.errstate(all="ignore"):
            result: Wide = (_DOUBLES[name] if name in _DOUBLES else getattr(np, name))(values)
        return result
    if flint is not None:
        return _map(lambda value: getattr(value, name)(), values)
    return _map(getattr(_multiprecision, name), values)


def _entry_by_entry(function: Callable[[float], float]) -> Callable[[Doubles], Doubles]:
    """A function of the C library, which NumPy does not have, on arrays."""
    return lambda values: np.asarray(np.frompyfunc(function, 1, 1)(values), dtype=np.float64)


_DOUBLES = {"erfc": _entry_by_entry(math.erfc)}


def _nearest_double(value: Any) -> float:
    if flint is not None:
        if not value.is_finite():
            return float("nan") if value.mid().is_nan() else float(value.mid())
        mantissa, exponent = value.mid().man_exp()
        mantissa, exponent = int(mantissa), int(exponent)
    else:
        if not _multiprecision.isfinite(value):
            return float(value)
        sign, mantissa, exponent, _ = value._mpf_
        mantissa = -int(mantissa) if sign else int(mantissa)
    return _round_integer(mantissa, exponent)


def _round_integer(mantissa: int, exponent: int) -> float:
    """mantissa · 2**exponent as the nearest double; Fraction's own division rounds correctly."""
    if mantissa == 0:
        return 0.0
    size = abs(mantissa).bit_length() + exponent
    if size > 1024:
        return float("inf") if mantissa > 0 else float("-inf")
    if size < -1100:
        return 0.0 if mantissa > 0 else -0.0
    if -1021 <= size <= 1023 and abs(mantissa).bit_length() <= 1023:
        return math.ldexp(float(mantissa), exponent)  # the scaling of a normal number is exact
    try:
        return float(Fraction(mantissa) * Fraction(2) ** exponent)
    except OverflowError:
        return float("inf") if mantissa > 0 else float("-inf")

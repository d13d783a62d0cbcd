"""Powers and the array library's own arithmetic: wrong ways to compute them."""

import ml_dtypes
import numpy as np

from checks.formats import format_of
from checks.implementations.numpy_textbook.widening import wide
from tests.mutants.activations import RELU, RELU_AS_PRINTED
from tests.mutants.mutant import FULL, HALF, NUMPY, mutant

POWERS = ("repeated_factor_overflows_at_depth", "repeated_factor_underflows_at_depth")
ITERATED_GROWTH = "repeated_factor_overflows_at_depth_when_iterated"
NEVER_ZERO = "repeated_factor_never_reaches_zero"
KEEPS_SHRINKING = "repeated_factor_keeps_shrinking"


GROWN = "one_and_a_half_to_the_hundredth_is_four_e17"
SHRUNK = "four_fifths_to_the_hundredth_is_two_e_minus_10"


@mutant(NUMPY, "power", (GROWN,), ("bfloat16", *FULL))  # float16 has overflowed long before
def power_multiplies_once_too_often(base, exponent):
    """It begins with the base, where it should begin with 1."""
    return (wide(base) ** (int(exponent) + 1)).astype(base.dtype)


@mutant(NUMPY, "power", (*POWERS, SHRUNK))
def power_takes_whole_numbers(base, exponent):
    """Both arguments are rounded to integers.

    Reported as arrayfire/arrayfire#3560.
    """
    return np.power(np.rint(wide(base)), int(exponent)).astype(base.dtype)


@mutant(NUMPY, "power", POWERS, FULL)
def power_goes_through_the_logarithm(base, exponent):
    """exp(n·log q): the exponential multiplies the error of n·log q by its size."""
    return np.exp(exponent * np.log(wide(base))).astype(base.dtype)


@mutant(NUMPY, "power", POWERS, (*HALF, "float64"))
def power_rounds_every_factor(base, exponent):
    """Multiplied up one factor at a time in the storage format.

    In float32 a few hundred roundings, half up and half down, may stay within the power's 4 ulp.
    """
    result = base
    for _ in range(int(exponent) - 1):
        result = result * base
    return result


@mutant(NUMPY, "mul", (NEVER_ZERO, KEEPS_SHRINKING), ("float32", *HALF, "float64"))
def multiplication_flushes_to_zero(a, b):
    """Subnormal results become 0, as after linking a library that was built for fast math."""
    product = a * b
    smallest = format_of(product.dtype).smallest_normal
    return np.where(np.abs(product) < smallest, product * 0, product)


@mutant(NUMPY, "mul", (NEVER_ZERO, KEEPS_SHRINKING), ("float32",))
def multiplication_rounds_toward_zero(a, b):
    """Never away from it, so that the product does not stall above it.

    In the 16-bit formats this is one of the two neighbours, and faithful.
    """
    product = a * b
    away = np.abs(product) > np.abs(np.multiply(a, b, dtype=np.float64))
    return np.where(away, np.nextafter(product, np.zeros_like(product)), product)


@mutant(NUMPY, "mul", (ITERATED_GROWTH, RELU, RELU_AS_PRINTED), ("float32", "float64", *HALF))
def multiplication_reads_fewer_digits(a, b):
    """Operands go through a shorter format, as TF32 and autocast do on their own account."""
    shorter = {
        "float16": ml_dtypes.bfloat16,
        "bfloat16": ml_dtypes.float8_e5m2,
        "float32": np.float16,
        "float64": np.float32,
    }
    dtype = next(part.dtype for part in (a, b) if isinstance(part, np.ndarray))
    cut = shorter[format_of(dtype).name]
    a, b = (np.asarray(part).astype(cut).astype(dtype) for part in (a, b))
    return a * b

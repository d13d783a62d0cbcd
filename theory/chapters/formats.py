"""Formats: at which depth a repeated factor leaves the range of a float."""

from theory.language import *


@claim(source=ML38.section("一"))
def one_and_a_half_to_the_hundredth_is_four_e17():
    """1.5¹⁰⁰ is 4·10¹⁷ to the one digit that is printed; it is 4.07·10¹⁷."""
    return Abs(power(Constant(Rational(3, 2)), 100) - 4 * 10**17) <= 10**17 / Integer(2)


@claim(source=ML38.section("一"))
def four_fifths_to_the_hundredth_is_two_e_minus_10():
    """0.8¹⁰⁰ is 2·10⁻¹⁰ to the one digit that is printed; it is 2.04·10⁻¹⁰.

    In bfloat16 the factor itself is stored as 0.8008, and its power is 2.25·10⁻¹⁰.
    """
    printed = 2 / Integer(10) ** 10
    return Abs(power(Constant(Rational(4, 5)), 100) - printed) <= printed / 4


@claim(source=(ML38.section("三"), IEEE_754.section("4.3.1")))
def repeated_factor_overflows_at_depth(q: GrowthFactor, n: Depth):
    """With q > 1 the power qⁿ overflows exactly from depth log(T)/log(q) on, T the threshold.

    float16 is the first: 1.5ⁿ is infinite from 28 there, from 219 in bfloat16 and float32, and from
    1,751 in float64.
    """
    return Iff(Abs(power(q, n)) < OVERFLOW_THRESHOLD, n < log(OVERFLOW_THRESHOLD) / log(q))


@claim(source=ML38.section("三"))
def repeated_factor_overflows_at_depth_when_iterated(q: GrowthFactor, n: Depth):
    """Multiplied up one factor at a time, qⁿ overflows at the same depth as the power does.

    Every product is rounded, so that in a short format the iterated product can drift past the
    threshold earlier or later than the power: a step at q = 3/2, and 926 steps of float16 late at
    q = 1 + 2⁻¹⁰.
    """
    product = layers(lambda i, h: q * h, 1)
    return Iff(Abs(Computed(product(n))) < OVERFLOW_THRESHOLD, n < log(OVERFLOW_THRESHOLD) / log(q))


@claim(source=(ML38.section("一"), IEEE_754.section("4.3.1")))
def repeated_factor_underflows_at_depth(q: DecayFactor, n: Depth):
    """With 1/2 < q < 1 the power qⁿ is 0 exactly from depth log(T)/log(q) on, T the threshold.

    0.8ⁿ is 0 from 78 (float16), 419 (bfloat16), 466 (float32) and 3,340 (float64) on. Strictly
    above T: half the smallest subnormal itself is a tie and rounds to even, to zero.
    """
    return Iff(power(q, n) > UNDERFLOW_THRESHOLD, n < log(UNDERFLOW_THRESHOLD) / log(q))


@claim(source=(ML38.section("一"), IEEE_754.section("4.3.1")))
def repeated_factor_never_reaches_zero(q: DecayFactor, n: Depth):
    """Multiplied up one factor at a time, qⁿ with 1/2 < q < 1 is positive at every depth.

    This holds in floats too, where the power underflows: round to nearest stalls the product.
    """
    product = layers(lambda i, h: q * h, 1)
    return Computed(product(n)) > 0


@claim(source=ML38.section("一"))
def repeated_factor_keeps_shrinking(q: DecayFactor, n: Depth):
    """Each further factor q, 1/2 < q < 1, makes the product smaller.

    In floats it stalls: k times the smallest subnormal stays where it is once q·k rounds to k. 0.8ⁿ
    does at twice that, after 71 (float16), 412 (bfloat16), 459 (float32) and 3,332 (float64) steps.
    """
    product = layers(lambda i, h: q * h, 1)
    return Computed(product(n)) < Computed(product(n - 1))

"""Activations: how steep they are, and where."""

from theory.language import *


@claim(source=(CV.section("1"), SOLUTIONS.section("2.2")), attained_at={"x": 0})
def sigmoid_slope_at_most_a_quarter(x: Real):
    """The sigmoid is never steeper than 1/4."""
    return Slope(sigmoid(x), x) <= Rational(1, 4)


@claim(source=CV.section("1"))
def sigmoid_slope_is_a_quarter_only_at_zero(x: Real):
    """The sigmoid is as steep as 1/4 at 0 alone.

    In floats it is so wherever its slope rounds to 1/4, which is near 0.
    """
    return Iff(Slope(sigmoid(x), x) < Rational(1, 4), Abs(x) > 0)


@claim(source=ML38.section("二"))
def sigmoid_slope_is_positive(x: Real):
    """The sigmoid rises everywhere.

    In floats its slope is 0 far out: computed from the saved output, y(1 - y), as soon as y rounds
    to 1 (the method's limit); correctly rounded, only where the slope underflows (the format's).
    """
    return Slope(sigmoid(x), x) > 0


@claim(source=ML38.section("二"))
def sigmoid_slope_is_even(x: Real):
    """The sigmoid is as steep at -x as at x."""
    return Eq(Slope(sigmoid(-x), -x), Slope(sigmoid(x), x))


@claim(source=ML38.section("二"))
def sigmoid_slope_decays_exponentially(x: Real):
    """The slope of the sigmoid is at most exp(-|x|), which halves with every 0.7 on the way out.

    Far out the two agree to all digits of a format, and the slope rounds up as often as down.
    """
    return Slope(sigmoid(x), x) <= exp(-Abs(x))


# -- tanh -----------------------------------------------------------------------------------------


@claim(source=RECTIFIER.section("1"), attained_at={"x": 0})
def tanh_slope_at_most_one(x: Real):
    """Tanh is never steeper than 1."""
    return Slope(tanh(x), x) <= 1


@claim(source=RECTIFIER.section("1"))
def tanh_slope_is_rescaled_sigmoid_slope(x: Real):
    """The slope of tanh at x is four times that of the sigmoid at 2x."""
    return Eq(Slope(tanh(x), x), 4 * Slope(sigmoid(2 * x), 2 * x))


# -- ReLU and leaky ReLU --------------------------------------------------------------------------


@claim(source=(CV.section("2.1"), SOLUTIONS.section("3.3"), ML38.section("三")))
def relu_slope_is_zero_or_one(x: Real):
    """The slope of ReLU is 1 where x > 0 and 0 elsewhere; that at 0 is a convention."""
    return Eq(Slope(relu(x), x), Larger(sign(x), 0))


@claim(source=SOLUTIONS.section("3.3"), corrects="leaky_relu_is_always_the_larger_of_kx_and_x")
def leaky_relu_is_the_larger_of_kx_and_x(x: Real, k: UnitInterval):
    """For a slope k between 0 and 1, leaky ReLU is the larger of kx and x."""
    return Eq(leaky_relu(x, k), Larger(k * x, x))


@refuted(
    source=SOLUTIONS.section("3.3"),
    by={"x": 1, "k": 2},
    instead="leaky_relu_is_the_larger_of_kx_and_x",
)
def leaky_relu_is_always_the_larger_of_kx_and_x(x: Real, k: Coefficient):
    """Leaky ReLU is the larger of kx and x, whatever the slope k.

    The document states no condition on k; for k > 1 the larger of the two is the other branch.
    """
    return Eq(leaky_relu(x, k), Larger(k * x, x))


@claim(source=(CV.section("2.1"), SOLUTIONS.section("3.3")))
def leaky_relu_slope_never_dies(x: Real, k: Positive):
    """The slope of leaky ReLU is at least the smaller of 1 and k, and so never 0."""
    return Slope(leaky_relu(x, k), x) >= -Larger(-1, -k)


@claim(source=MAAS_2013.equation(3), attained_at={"x": 0})
def leaky_relu_slope_at_most_one_or_k(x: Real, k: Positive):
    """Leaky ReLU is nowhere steeper than the larger of 1 and k."""
    return Abs(Slope(leaky_relu(x, k), x)) <= Larger(1, k)


# -- ELU ------------------------------------------------------------------------------------------


@claim(source=(CV.section("2.1"), SOLUTIONS.section("3.3")))
def elu_slope_never_dies(x: Real):
    """ELU, with alpha = 1, rises everywhere.

    In floats its slope is 0 far out on the left: from the saved output, y + 1, as soon as y rounds
    to -1 (the method's limit); computed as exp(x), only where that underflows (the format's).
    """
    return Slope(elu(x, 1), x) > 0


@claim(source=(SOLUTIONS.section("3.3"), CLEVERT_2016.equation(5)))
def elu_slope_is_value_plus_alpha(x: NegativeReal, alpha: Positive):
    """On the left the slope of ELU is its value plus alpha."""
    return Eq(Slope(elu(x, alpha), x) - alpha, elu(x, alpha))


@claim(source=SOLUTIONS.section("3.3"))
def elu_slope_continuous_only_for_unit_alpha(x: PositiveReal, alpha: Positive):
    """At the same distance right and left of 0 the slopes of ELU differ by 1 - alpha exp(-x).

    As x goes to 0 that is a jump by 1 - alpha, and none for alpha = 1.
    """
    jump = Slope(elu(x, alpha), x) - Slope(elu(-x, alpha), -x)
    return Eq(jump, 1 - alpha * exp(-x))


@claim(source=CLEVERT_2016.equation(5), attained_at={"x": 0})
def elu_slope_at_most_one_or_alpha(x: Real, alpha: Positive):
    """ELU is nowhere steeper than the larger of 1 and alpha."""
    return Abs(Slope(elu(x, alpha), x)) <= Larger(1, alpha)


# -- dead units -----------------------------------------------------------------------------------


@claim(source=SOLUTIONS.section("3.3"))
def a_dead_relu_unit_never_recovers(
    x: NonnegativeBatch, c: Batch, w: NegativeWeightMatrix, b: NegativeFeatures
):
    """A ReLU unit that no sample activates gets no gradient, whatever c arrives from above.

    Stated for a unit that takes in what other ReLUs put out, and whose weights and bias are
    negative. A step of gradient descent without momentum or weight decay leaves it as it is.
    """
    cost = Total(c * relu(linear(x, w, b)))
    return Eq(Norm(Gradient(cost, w)) + Norm(Gradient(cost, b)), 0)


@claim(source=SOLUTIONS.section("3.3"))
def a_dead_leaky_relu_unit_recovers(
    x: NonnegativeBatch, w: NegativeWeightMatrix, b: NegativeFeatures, k: Positive
):
    """A leaky ReLU unit where a ReLU would be dead still has a gradient by its bias.

    Stated for an upstream gradient of 1.
    """
    return Gradient(Total(leaky_relu(linear(x, w, b), k)), b) > 0


@claim(source=SOLUTIONS.section("3.3"))
def a_dead_elu_unit_recovers(w: NegativeReal, x: Positive):
    """An ELU unit where a ReLU would be dead still has a gradient by its weight.

    Stated for an upstream gradient of 1. In floats it has none far out on the left, as the slope of
    ELU is 0 there.
    """
    return Gradient(elu(x * w, 1), w) > 0


@claim(source=SOLUTIONS.section("3.3"))
def a_large_step_can_kill_a_relu_unit(x: PositiveReal, w: PositiveReal, b: PositiveReal):
    """A step of rate 2(w/x + b) down an active ReLU unit turns its weight and bias negative.

    No input that is not negative activates it again.
    """
    unit, rate = relu(w * x + b), 2 * (w / x + b)
    return Larger(w - rate * Gradient(unit, w), b - rate * Gradient(unit, b)) < 0


# -- how steep the others are ---------------------------------------------------------------------


@claim(source=KLAMBAUER_2017.equation(2))
def selu_slope_at_most_1_7581(x: Real):
    """SELU is never steeper than 1.7581; scale times alpha, its slope at 0, is 1.7580993."""
    return Abs(Slope(selu(x), x)) <= Rational("1.7581")


@claim(source=GOODFELLOW_2016.section("3.10"))
def softplus_slope_at_most_one(x: Real):
    """Softplus is never steeper than 1, which its slope comes close to on the right."""
    return Abs(Slope(softplus(x), x)) <= 1


@claim(source=GOODFELLOW_2016.section("3.10"))
def log_sigmoid_slope_at_most_one(x: Real):
    """The logarithm of the sigmoid is never steeper than 1, which it comes close to on the left."""
    return Abs(Slope(log_sigmoid(x), x)) <= 1


@claim(source=ELFWING_2018.section("2"))
def silu_slope_at_most_1_09984(x: Real):
    """SiLU is never steeper than 1.09984; its slope is 1.0998393 at x = 2.3993573."""
    return Abs(Slope(silu(x), x)) <= Rational("1.09984")


@claim(source=HENDRYCKS_2016.section("2"))
def gelu_slope_at_most_1_12891(x: Real):
    """GELU is never steeper than 1.12891; its slope is 1.1289041 at the square root of 2."""
    return Abs(Slope(gelu(x), x)) <= Rational("1.12891")


@claim(source=HENDRYCKS_2016.section("2"))
def gelu_tanh_slope_at_most_1_129(x: Real):
    """GELU by way of tanh is never steeper than 1.129; its slope is 1.1289931 at x = 1.4185040."""
    return Abs(Slope(gelu_tanh(x), x)) <= Rational("1.129")


@claim(source=HENDRYCKS_2016.section("2"))
def gelu_is_negative_on_the_left(x: NegativeReal):
    """GELU is negative everywhere on the left of 0, though by ever less.

    In floats it is 0 far out: (1 + erf(x/sqrt(2)))/2 as soon as erf rounds to -1 (the method's
    limit); by way of erfc, only where the value underflows (the format's).
    """
    return Computed(gelu(x)) < 0


@claim(source=Citation(MISRA_2020, "abstract"))
def mish_slope_at_most_1_0885(x: Real):
    """Mish is never steeper than 1.0885; its slope is 1.0884982 at x = 1.4905712."""
    return Abs(Slope(mish(x), x)) <= Rational("1.0885")


@claim(source=GLOROT_2010.section("2.3"), attained_at={"x": 0})
def softsign_slope_at_most_one(x: Real):
    """Softsign is never steeper than 1, its slope at 0."""
    return Abs(Slope(softsign(x), x)) <= 1


@claim(source=HOWARD_2019.section("5.2"), attained_at={"x": 1})
def relu6_slope_at_most_one(x: Real):
    """ReLU6 is never steeper than 1."""
    return Abs(Slope(relu6(x), x)) <= 1


@claim(source=GOODFELLOW_2016.section("6.3.3"), attained_at={"x": 0})
def hardtanh_slope_at_most_one(x: Real):
    """Hard tanh is never steeper than 1."""
    return Abs(Slope(hardtanh(x), x)) <= 1


@claim(source=HOWARD_2019.section("5.2"), attained_at={"x": 0})
def hardsigmoid_slope_at_most_a_sixth(x: Real):
    """Hard sigmoid is never steeper than 1/6."""
    return Abs(Slope(hardsigmoid(x), x)) <= Rational(1, 6)


@claim(source=HOWARD_2019.section("5.2"))
def hardswish_slope_at_most_one_and_a_half(x: Real):
    """Hard swish is never steeper than 3/2, which its slope comes close to at 3 from the left."""
    return Abs(Slope(hardswish(x), x)) <= Rational(3, 2)


# -- NaN ------------------------------------------------------------------------------------------


@claim(source=(CV.section("2.1"), IEEE_754.section("6.2.3")))
def relu_passes_nan_on(x: Real):
    """ReLU of NaN is NaN: where it is taken for a negative number, a failed run looks healthy."""
    return PassesNaN(relu(x), x)


@claim(source=IEEE_754.section("6.2.3"))
def leaky_relu_passes_nan_on(x: Real, k: Positive):
    """Leaky ReLU of NaN is NaN."""
    return PassesNaN(leaky_relu(x, k), x)


@claim(source=IEEE_754.section("6.2.3"))
def elu_passes_nan_on(x: Real, alpha: Positive):
    """ELU of NaN is NaN."""
    return PassesNaN(elu(x, alpha), x)


@claim(source=IEEE_754.section("6.2.3"))
def softplus_passes_nan_on(x: Real):
    """Softplus of NaN is NaN, on whichever side of its threshold."""
    return PassesNaN(softplus(x), x)


@claim(source=IEEE_754.section("6.2.3"))
def gelu_passes_nan_on(x: Real):
    """GELU of NaN is NaN."""
    return PassesNaN(gelu(x), x)


@claim(source=IEEE_754.section("6.2.3"))
def sigmoid_passes_nan_on(x: Real):
    """The sigmoid of NaN is NaN."""
    return PassesNaN(sigmoid(x), x)


@claim(source=IEEE_754.section("6.2.3"))
def tanh_passes_nan_on(x: Real):
    """tanh of NaN is NaN."""
    return PassesNaN(tanh(x), x)


@claim(source=IEEE_754.section("6.2.3"))
def selu_passes_nan_on(x: Real):
    """SELU of NaN is NaN."""
    return PassesNaN(selu(x), x)


@claim(source=IEEE_754.section("6.2.3"))
def log_sigmoid_passes_nan_on(x: Real):
    """The sigmoid's logarithm is NaN for NaN."""
    return PassesNaN(log_sigmoid(x), x)


@claim(source=IEEE_754.section("6.2.3"))
def silu_passes_nan_on(x: Real):
    """SiLU of NaN is NaN."""
    return PassesNaN(silu(x), x)


@claim(source=IEEE_754.section("6.2.3"))
def gelu_tanh_passes_nan_on(x: Real):
    """GELU by way of tanh is NaN for NaN."""
    return PassesNaN(gelu_tanh(x), x)


@claim(source=IEEE_754.section("6.2.3"))
def mish_passes_nan_on(x: Real):
    """Mish of NaN is NaN."""
    return PassesNaN(mish(x), x)


@claim(source=IEEE_754.section("6.2.3"))
def softsign_passes_nan_on(x: Real):
    """Softsign of NaN is NaN."""
    return PassesNaN(softsign(x), x)


@claim(source=IEEE_754.section("6.2.3"))
def relu6_passes_nan_on(x: Real):
    """ReLU6 of NaN is NaN, and none of its limits."""
    return PassesNaN(relu6(x), x)


@claim(source=IEEE_754.section("6.2.3"))
def hardtanh_passes_nan_on(x: Real):
    """Hard tanh of NaN is NaN, and none of its limits."""
    return PassesNaN(hardtanh(x), x)


@claim(source=IEEE_754.section("6.2.3"))
def hardsigmoid_passes_nan_on(x: Real):
    """Hard sigmoid of NaN is NaN, and none of its limits."""
    return PassesNaN(hardsigmoid(x), x)


@claim(source=IEEE_754.section("6.2.3"))
def hardswish_passes_nan_on(x: Real):
    """Hard swish of NaN is NaN."""
    return PassesNaN(hardswish(x), x)


@claim(source=(CV.section("3"), MICIKEVICIUS_2018.section("3.2")))
def sigmoid_gradient_passes_nan_on(x: Real, a: Real):
    """A gradient that is NaN comes back through a sigmoid as NaN.

    Where it is lost, loss scaling does not see that a step has overflowed.
    """
    return PassesNaN(Gradient(a * sigmoid(x), x), a)


@claim(source=(CV.section("3"), MICIKEVICIUS_2018.section("3.2")))
def tanh_gradient_passes_nan_on(x: Real, a: Real):
    """A gradient that is NaN comes back through tanh as NaN."""
    return PassesNaN(Gradient(a * tanh(x), x), a)


@claim(source=(CV.section("3"), MICIKEVICIUS_2018.section("3.2")))
def relu_gradient_passes_nan_on(x: PositiveReal, a: Real):
    """A gradient that is NaN comes back through a ReLU that is active; one that is not gives 0."""
    return PassesNaN(Gradient(a * relu(x), x), a)


# -- infinities -----------------------------------------------------------------------------------


@claim(source=(ML38.section("二"), IEEE_754.section("6.1")))
def sigmoid_saturates_at_zero_and_one(x: Real):
    """The sigmoid goes to 0 on the left and to 1 on the right."""
    return Limits(sigmoid(x), x, 0, 1)


@claim(source=(ML38.section("二"), IEEE_754.section("6.1")))
def sigmoid_slope_vanishes_at_both_ends(x: Real):
    """The slope of the sigmoid goes to 0 on both sides: saturated, it passes hardly any on."""
    return Limits(Slope(sigmoid(x), x), x, 0, 0)


@claim(source=IEEE_754.section("6.1"))
def tanh_saturates_at_plus_and_minus_one(x: Real):
    """tanh goes to -1 on the left and to 1 on the right."""
    return Limits(tanh(x), x, -1, 1)


@claim(source=IEEE_754.section("6.1"))
def tanh_slope_vanishes_at_both_ends(x: Real):
    """The slope of tanh goes to 0 on both sides: saturated, it passes hardly any on."""
    return Limits(Slope(tanh(x), x), x, 0, 0)


@claim(source=(ML38.section("三"), IEEE_754.section("6.1")))
def relu_vanishes_on_the_left_and_grows_on_the_right(x: Real):
    """ReLU is 0 at -∞, where x times (x > 0) is NaN, and ∞ at ∞."""
    return Limits(relu(x), x, 0, oo)


@claim(source=IEEE_754.section("6.1"))
def elu_saturates_at_minus_alpha(x: Real, alpha: Positive):
    """ELU goes to -α on the left and grows on the right."""
    return Limits(elu(x, alpha), x, -alpha, oo)


@claim(source=IEEE_754.section("6.1"))
def softplus_vanishes_on_the_left_and_grows_on_the_right(x: Real):
    """Softplus goes to 0 on the left and grows on the right."""
    return Limits(softplus(x), x, 0, oo)


@claim(source=IEEE_754.section("6.1"))
def softplus_slope_goes_from_zero_to_one(x: Real):
    """The slope of softplus goes to 0 on the left and to 1 on the right."""
    return Limits(Slope(softplus(x), x), x, 0, 1)


@claim(source=IEEE_754.section("6.1"))
def log_sigmoid_grows_on_the_left_and_vanishes_on_the_right(x: Real):
    """The sigmoid's logarithm goes to -∞ on the left and to 0 on the right."""
    return Limits(log_sigmoid(x), x, -oo, 0)


@claim(source=IEEE_754.section("6.1"))
def silu_vanishes_on_the_left_and_grows_on_the_right(x: Real):
    """SiLU goes to 0 on the left, where x times a vanished sigmoid is NaN in floats."""
    return Limits(silu(x), x, 0, oo)


@claim(source=IEEE_754.section("6.1"))
def silu_slope_goes_from_zero_to_one(x: Real):
    """The slope of SiLU goes to 0 on the left and to 1 on the right."""
    return Limits(Slope(silu(x), x), x, 0, 1)


@claim(source=IEEE_754.section("6.1"))
def gelu_vanishes_on_the_left_and_grows_on_the_right(x: Real):
    """GELU goes to 0 on the left, where x times a vanished Φ(x) is NaN in floats."""
    return Limits(gelu(x), x, 0, oo)


@claim(source=IEEE_754.section("6.1"))
def gelu_slope_goes_from_zero_to_one(x: Real):
    """The slope of GELU goes to 0 on the left and to 1 on the right."""
    return Limits(Slope(gelu(x), x), x, 0, 1)


@claim(source=IEEE_754.section("6.1"))
def gelu_tanh_vanishes_on_the_left_and_grows_on_the_right(x: Real):
    """GELU by tanh goes to 0 on the left, where x times a vanished 1 + t is NaN in floats."""
    return Limits(gelu_tanh(x), x, 0, oo)


@claim(source=IEEE_754.section("6.1"))
def gelu_tanh_slope_goes_from_zero_to_one(x: Real):
    """The slope of GELU by tanh goes to 0 on the left and to 1 on the right."""
    return Limits(Slope(gelu_tanh(x), x), x, 0, 1)


@claim(source=IEEE_754.section("6.1"))
def mish_vanishes_on_the_left_and_grows_on_the_right(x: Real):
    """Mish goes to 0 on the left, where x times a vanished softplus is NaN in floats."""
    return Limits(mish(x), x, 0, oo)


@claim(source=IEEE_754.section("6.1"))
def mish_slope_goes_from_zero_to_one(x: Real):
    """The slope of Mish goes to 0 on the left and to 1 on the right."""
    return Limits(Slope(mish(x), x), x, 0, 1)


@claim(source=IEEE_754.section("6.1"))
def softsign_saturates_at_plus_and_minus_one(x: Real):
    """Softsign goes to -1 and 1, where ∞ over ∞ is NaN in floats."""
    return Limits(softsign(x), x, -1, 1)


@claim(source=IEEE_754.section("6.1"))
def hardswish_vanishes_on_the_left_and_grows_on_the_right(x: Real):
    """Hard swish is 0 far out on the left, where x times 0 is NaN in floats."""
    return Limits(hardswish(x), x, 0, oo)


@claim(source=IEEE_754.section("6.1"))
def hardswish_slope_goes_from_zero_to_one(x: Real):
    """The slope of hard swish goes to 0 on the left and to 1 on the right."""
    return Limits(Slope(hardswish(x), x), x, 0, 1)


# -- means of the outputs -------------------------------------------------------------------------


@claim(source=SOLUTIONS.section("3.3"))
def relu_output_is_not_zero_centred(z: StandardNormal):
    """For a standard normal input the output of ReLU has mean 1/√(2π), which is 0.399."""
    return Eq(Expectation(relu(z), z), 1 / sqrt(2 * pi))


@claim(source=(SOLUTIONS.section("3.3"), CLEVERT_2016.section("3")))
def elu_is_closer_to_zero_mean_than_relu(z: StandardNormal):
    """For a standard normal input the mean of ELU's output is closer to 0 than that of ReLU's."""
    return Abs(Expectation(elu(z, 1), z)) < Expectation(relu(z), z)


@claim(
    source=(SOLUTIONS.section("3.3"), CLEVERT_2016.section("3")),
    corrects="elu_output_is_zero_centred",
)
def elu_output_has_a_positive_mean(z: StandardNormal):
    """For a standard normal input ELU's output has mean 1/√(2π) + √e·Φ(−1) − 1/2, which is 0.161.

    The exponential branch takes away less than the positive branch adds.
    """
    below = exp(Rational(1, 2)) * (1 - erf(1 / sqrt(2))) / 2 - Rational(1, 2)
    return Eq(Expectation(elu(z, 1), z), 1 / sqrt(2 * pi) + below)


@refuted(source=SOLUTIONS.section("3.3"), by={}, instead="elu_output_has_a_positive_mean")
def elu_output_is_zero_centred(z: StandardNormal):
    """The output of ELU has mean 0 where its input has.

    Closer to 0 than ReLU's, and not 0: 0.161 for a standard normal input.
    """
    return Eq(Expectation(elu(z, 1), z), 0)


# -- what they cost, on the machine at hand --------------------------------------------------------


@claim(source=(CV.section("2.1"), SOLUTIONS.section("3.3")))
def elu_costs_more_than_leaky_relu(x: Real, k: UnitInterval, alpha: Positive):
    """ELU takes longer than leaky ReLU: it needs an exponential where the other has a product.

    Seen: about ten times as long in torch, between 1.03 times (float16) and 1.4 times (float64) in
    the NumPy textbook, where choosing between the two branches takes most of both times.
    """
    return Time(leaky_relu(x, k)) < Time(elu(x, alpha))


@claim(source=(CV.section("2.1"), SOLUTIONS.section("3.3")))
def relu_is_cheaper_than_sigmoid(x: Real):
    """Forward and backward, ReLU takes less time than the sigmoid.

    Seen: the sigmoid takes 1.5 to 2.5 times as long in torch, 1.05 to 1.4 times in NumPy.
    """
    return Time(Slope(relu(x), x)) < Time(Slope(sigmoid(x), x))


@claim(source=(SOLUTIONS.section("3.3"), GLOROT_2010.section("4.2")))
def xavier_start_rarely_kills(seed: Seed):
    """Of five ReLU layers of 64 with Xavier's start fewer than one unit in 20 is dead.

    Measured on 256 normal inputs: 1.2 % of the units, most of them in the last layers, and at least
    one unit in nearly every network.
    """
    net = Network(depth=5, width=64, inputs=64, activation="relu", start="xavier normal", rows=256)
    return Probability(DeadUnits(net, seed) < Rational(1, 20), seed) > Rational(9, 10)

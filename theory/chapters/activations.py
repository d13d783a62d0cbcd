"""Activations: how steep they are, and where."""

from theory.language import *


@claim(source=(CV.section("1"), SOLUTIONS.section("2.2")), attained_at={"x": 0})
def sigmoid_slope_at_most_a_quarter(x: Real):
    """The sigmoid is never steeper than 1/4."""
    return Slope(sigmoid(x), x) <= Rational(1, 4)


@claim(source=ML38.section("二"))
def sigmoid_slope_is_positive(x: Real):
    """The sigmoid rises everywhere.

    In floats its slope is 0 far out: computed from the saved output, y(1 - y), as soon as y rounds
    to 1 (the method's limit); correctly rounded, only where the slope underflows (the format's).
    """
    return Slope(sigmoid(x), x) > 0


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


# -- what they cost, on the machine at hand --------------------------------------------------------


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

    The exponential takes away what lies below 0, but not as much as lies above it.
    """
    below = exp(Rational(1, 2)) * (1 - erf(1 / sqrt(2))) / 2 - Rational(1, 2)
    return Eq(Expectation(elu(z, 1), z), 1 / sqrt(2 * pi) + below)


@refuted(source=SOLUTIONS.section("3.3"), by={}, instead="elu_output_has_a_positive_mean")
def elu_output_is_zero_centred(z: StandardNormal):
    """The output of ELU has mean 0 where its input has.

    Closer to 0 than ReLU's, and not 0: 0.161 for a standard normal input.
    """
    return Eq(Expectation(elu(z, 1), z), 0)


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

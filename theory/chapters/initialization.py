"""Initialisation: what a start keeps, on average over its draws."""

from theory.language import *


@claim(source=(TECHNIQUES.section("2.2.2"), RECTIFIER.section("4"), HE_2015.equation(10)))
def he_keeps_relu_second_moment(x: Vector, shape: Shape, seed: Seed):
    """With He's start a ReLU layer keeps its input's second moment, on average over the weights."""
    z = linear(x, he_normal(shape, seed), Zeros(shape))
    return Eq(Expectation(SecondMoment(relu(z)), seed), SecondMoment(x))


@claim(source=HE_2015.equation(14))
def he_scales_a_transposed_layer_by_the_fans(x: Vector, shape: Shape, seed: Seed):
    """Where a layer multiplies by W instead of Wᵀ, He's start scales it by 2 · fan_out / fan_in.

    That is the gradient on its way back, and also a transposed convolution: both sum over what the
    weight's shape calls fan-out. torch counts by the shape alone, so that a start by the fan-in
    suits such a layer only where both fans are equal.
    """
    z = linear(x, he_normal(shape, seed), Zeros(shape))
    gradient = Gradient(Total(z), x)
    return Eq(Expectation(SecondMoment(gradient), seed), 2 * FanOut(shape) / FanIn(shape))


@claim(
    source=(TECHNIQUES.section("2.2.2"), GLOROT_2010.equation(12)),
    corrects="xavier_keeps_linear_variance",
)
def xavier_scales_linear_variance_by_the_fans(x: Vector, shape: Shape, seed: Seed):
    """Xavier's start scales a linear layer by fan_in over the mean of both fans, on average.

    So it keeps the second moment where both fans are equal, and for no other layer.
    """
    z = linear(x, xavier_normal(shape, 1, seed), Zeros(shape))
    scale = 2 * FanIn(shape) / (FanIn(shape) + FanOut(shape))
    return Eq(Expectation(SecondMoment(z), seed), scale * SecondMoment(x))


@refuted(
    source=TECHNIQUES.section("2.2.2"),
    by={"x": 1, "shape": (2, 1)},
    instead="xavier_scales_linear_variance_by_the_fans",
)
def xavier_keeps_linear_variance(x: Vector, shape: Shape, seed: Seed):
    """Xavier's start keeps a linear layer's second moment, on average over the weights.

    Stated without a condition; fan_in and fan_out have to be equal.
    """
    z = linear(x, xavier_normal(shape, 1, seed), Zeros(shape))
    return Eq(Expectation(SecondMoment(z), seed), SecondMoment(x))


@claim(source=(TECHNIQUES.section("2.2.2"), LECUN_1998.equation(16)))
def lecun_keeps_the_linear_second_moment(x: Vector, shape: Shape, seed: Seed):
    """LeCun's start keeps a linear layer's second moment, on average over the weights."""
    z = linear(x, lecun_normal(shape, seed), Zeros(shape))
    return Eq(Expectation(SecondMoment(z), seed), SecondMoment(x))


@claim(source=GLOROT_2010.equation(12))
def xavier_scales_linear_gradients_by_the_fans(x: Vector, shape: Shape, seed: Seed):
    """Xavier's start scales a gradient by fan_out over the mean of both fans, on average.

    What the layer gains on the way forward it loses on the way back: both factors add up to 2.
    """
    z = linear(x, xavier_normal(shape, 1, seed), Zeros(shape))
    scale = 2 * FanOut(shape) / (FanIn(shape) + FanOut(shape))
    return Eq(Expectation(SecondMoment(Gradient(Total(z), x)), seed), scale)


# -- what a start cannot do -----------------------------------------------------------------------


@refuted(
    source=TECHNIQUES.section("2.2.2"),
    by={"seed": 0},
    instead="scaling_a_weight_up_saturates_its_sigmoid",
)
def good_initialisation_always_prevents_vanishing(seed: Seed):
    """From Xavier's start a gradient passes 20 layers of 64 sigmoids without getting smaller.

    Measured: 5·10⁻¹³ to 2·10⁻¹² of it arrives. A start cannot mend the sigmoid's quarter: weights
    that make up for it saturate the units behind them.
    """
    net = Network(depth=20, width=64, inputs=64, activation="sigmoid", start="xavier normal")
    return Probability(GradientNormRatio(net, seed) >= 1, seed) > Rational(1, 2)


@claim(
    source=(TECHNIQUES.section("2.2.2"), GLOROT_2010.section("3")),
    corrects="good_initialisation_always_prevents_vanishing",
)
def scaling_a_weight_up_saturates_its_sigmoid(t: Real):
    """However large a weight is, at x > 0 the slope of σ(wx) by x stays below 1/(4x).

    For t = wx it is w·σ'(wx) = t·σ'(t)/x: a weight above 4 that could make up for the sigmoid's
    quarter drives all but the smallest inputs into saturation, or with a bias b all but those near
    −b/w.
    """
    return t * Slope(sigmoid(t), t) < Rational(1, 4)


# -- that the initialisers draw what they say -----------------------------------------------------


@claim(source=(TECHNIQUES.section("2.2.2"), HE_2015.equation(10)))
def he_normal_weights_have_variance_two_over_fan_in(shape: Shape, seed: Seed):
    """He's normal start draws weights of variance 2 / fan_in, kernels and groups included."""
    weight = he_normal(shape, seed)
    return Eq(Expectation(SecondMoment(weight), seed), 2 / FanIn(shape))


@claim(source=(TECHNIQUES.section("2.2.2"), HE_2015.equation(10)))
def he_uniform_weights_have_variance_two_over_fan_in(shape: Shape, seed: Seed):
    """He's uniform start draws weights of variance 2 / fan_in, none beyond √(6 / fan_in)."""
    weight = he_uniform(shape, seed)
    return Eq(Expectation(SecondMoment(weight), seed), 2 / FanIn(shape))


@claim(source=(TECHNIQUES.section("2.2.2"), GLOROT_2010.equation(12)))
def xavier_normal_weights_have_a_variance_by_both_fans(shape: Shape, gain: Positive, seed: Seed):
    """Xavier's normal start draws weights of variance gain² · 2 / (fan_in + fan_out)."""
    weight = xavier_normal(shape, gain, seed)
    variance = 2 * gain**2 / (FanIn(shape) + FanOut(shape))
    return Eq(Expectation(SecondMoment(weight), seed), variance)


@claim(source=(TECHNIQUES.section("2.2.2"), GLOROT_2010.equation(16)))
def xavier_uniform_weights_have_a_variance_by_both_fans(shape: Shape, gain: Positive, seed: Seed):
    """Xavier's uniform start draws weights of variance gain² · 2 / (fan_in + fan_out)."""
    weight = xavier_uniform(shape, gain, seed)
    variance = 2 * gain**2 / (FanIn(shape) + FanOut(shape))
    return Eq(Expectation(SecondMoment(weight), seed), variance)


@claim(source=LECUN_1998.equation(16))
def lecun_normal_weights_have_variance_one_over_fan_in(shape: Shape, seed: Seed):
    """LeCun's normal start draws weights of variance 1 / fan_in."""
    weight = lecun_normal(shape, seed)
    return Eq(Expectation(SecondMoment(weight), seed), 1 / FanIn(shape))


@claim(source=JOHNSON_1994.chapter(13))
def truncated_normal_weights_have_less_variance(
    shape: Shape, std: Positive, low: Positive, high: Positive, seed: Seed
):
    """Cut to [-low, high], normal weights have the mean square std²·(1 − (aφ(a) + bφ(b))/p).

    With a = low/std, b = high/std and p the probability to lie between. At two deviations on either
    side 0.774 of the variance is left: who wants all of it divides std by 0.8796.
    """
    a, b = low / std, high / std
    density = lambda t: exp(-(t**2) / 2) / sqrt(2 * pi)
    kept = (erf(a / sqrt(2)) + erf(b / sqrt(2))) / 2
    weight = truncated_normal(shape, std, -low, high, seed)
    share = 1 - (a * density(a) + b * density(b)) / kept
    return Eq(Expectation(SecondMoment(weight), seed), std**2 * share)


@claim(source=MEZZADRI_2007.section("5"))
def orthogonal_weights_have_orthonormal_columns(shape: TallShape, gain: Positive, seed: Seed):
    """An orthogonal start has columns of length gain at right angles, where out is at least in."""
    weight = orthogonal(shape, gain, seed)
    return Eq(Dot(Transpose(weight), weight), gain**2 * Identity(weight))


@claim(source=MEZZADRI_2007.section("5"))
def wide_orthogonal_weights_have_orthonormal_rows(shape: WideShape, gain: Positive, seed: Seed):
    """An orthogonal start has rows of length gain at right angles, where out is at most in."""
    weight = orthogonal(shape, gain, seed)
    return Eq(Dot(weight, Transpose(weight)), gain**2 * Identity(Transpose(weight)))


@claim(source=MEZZADRI_2007.section("5"))
def orthogonal_weights_prefer_no_direction(shape: Shape, gain: Positive, seed: Seed):
    """The trace of an orthogonal start is 0 on average, as its uniform distribution asks for.

    Without the signs that make R's diagonal positive, the Q of a QR factorisation has a negative
    trace.
    """
    return Eq(Expectation(Trace(orthogonal(shape, gain, seed)), seed), 0)


@claim(source=(SOLUTIONS.section("2.1"), TECHNIQUES.section("2.2.2"), HE_2015.equation(10)))
def large_start_explodes_small_start_vanishes(seed: Seed):
    """He's start times g makes a gradient grow by g a layer, through 20 ReLU layers of 64.

    Within a tenth: it halves with g = 1/2, stays with g = 1 and doubles with g = 2. In a ReLU net
    without biases the three are one: what is measured is that He's own start keeps it.
    """
    net = Network(depth=20, width=64, inputs=64, activation="relu", start="he normal")
    growth = lambda gain: GrowthPerLayer(net.but(gain=gain), seed) / gain
    near = lambda ratio: Abs(ratio - 1) < Rational(1, 10)
    event = And(near(growth(Rational(1, 2))), near(growth(1)), near(growth(2)))
    return Probability(event, seed) > Rational(1, 2)

"""Descent: what a rate does on a quadratic, and what a step is."""

from theory.language import *


@claim(source=(SOLUTIONS.section("2.1"), RUMELHART_1986.equation(8)))
def sgd_step_is_minus_rate_times_gradient(theta: Parameters, g: Gradients, rate: Positive):
    """A step of gradient descent is minus the rate times the gradient."""
    return Eq(sgd_step(theta, g, rate, 0) - theta, -rate * g)


@claim(source=(SOLUTIONS.section("1"), RUMELHART_1986.equation(3)))
def squared_error_gradient(x: Vector, y: Vector, f: SmoothMap):
    """The gradient of ‖f(x) − y‖² by x is twice the error times the Jacobian of f."""
    error = f(x) - y
    return Eq(Gradient(Total(error**2), x), 2 * Dot(error, Jacobian(f(x), x)))


@claim(source=(ML38.section("三"), TECHNIQUES.section("2.2.2"), POLYAK_1987.section("1.4")))
def quadratic_descent_converges_below_two_over_curvature(
    n: Steps, theta: Real, rate: LearningRate, q: Contraction
):
    """At a rate of (1 + q)/λ, 1/2 < q < 1, n steps down λθ²/2 leave (−q)ⁿ of the way.

    Every step leads past the minimum. The rates further below 2/λ have claims of their own.
    """
    curvature = (1 + q) / rate
    descent = layers(lambda i, h: sgd_step(h, curvature * h, rate, 0), theta)
    return Eq(descent(n), (-q) ** n * theta)


@claim(source=(ML38.section("三"), TECHNIQUES.section("2.2.2"), POLYAK_1987.section("1.4")))
def quadratic_descent_converges_fast_near_one_over_curvature(
    n: Steps, theta: Real, rate: LearningRate, q: SmallFactor
):
    """At a rate of (1 + q)/λ, |q| < 1/2, a step down λθ²/2 leaves less than half of the way.

    At 1/λ itself, Newton's step, one is enough.
    """
    curvature = (1 + q) / rate
    descent = layers(lambda i, h: sgd_step(h, curvature * h, rate, 0), theta)
    return 2 * Abs(descent(n)) <= Abs(descent(n - 1))


@claim(source=(ML38.section("三"), TECHNIQUES.section("2.2.2"), POLYAK_1987.section("1.4")))
def quadratic_descent_does_not_turn_below_one_over_curvature(
    n: Steps, theta: Real, rate: LearningRate, q: Contraction
):
    """At a rate of (1 − q)/λ, 1/2 < q < 1, n steps down λθ²/2 leave qⁿ of the way."""
    curvature = (1 - q) / rate
    descent = layers(lambda i, h: sgd_step(h, curvature * h, rate, 0), theta)
    return Eq(descent(n), q**n * theta)


@claim(source=(ML38.section("三"), TECHNIQUES.section("2.2.2"), POLYAK_1987.section("1.4")))
def quadratic_descent_explodes_above_two_over_curvature(
    n: Steps, theta: Real, rate: LearningRate, q: GrowthRate
):
    """At a rate of (1 + q)/λ, q > 1, n steps down λθ²/2 lead to (−q)ⁿ times the start."""
    curvature = (1 + q) / rate
    descent = layers(lambda i, h: sgd_step(h, curvature * h, rate, 0), theta)
    return Eq(descent(n), (-q) ** n * theta)


@claim(source=(ML38.section("三"), IEEE_754.section("4.3.1")))
def quadratic_descent_overflows_at_step(
    n: Steps, theta: PositiveReal, rate: LearningRate, q: GrowthRate
):
    """The gradient λθ overflows after log(T / λθ₀) / log q steps at a rate of (1 + q)/λ, q > 1.

    The rate being below 1, the gradient is larger than the parameter and the first to overflow.
    """
    curvature = (1 + q) / rate
    descent = layers(lambda i, h: sgd_step(h, curvature * h, rate, 0), theta)
    steps = log(OVERFLOW_THRESHOLD / (curvature * theta)) / log(q)
    return Iff(Abs(Computed(curvature * descent(n))) < OVERFLOW_THRESHOLD, n < steps)


@claim(source=METZ_2021.section("2"))
def gradient_through_descent_vanishes_where_it_converges(
    n: Steps, theta: Real, rate: LearningRate, q: Contraction
):
    """At a rate of (1 − q)/λ, 1/2 < q < 1, n steps down λθ²/2 leave qⁿ of a gradient.

    A step is a residual layer of slope 1 − ηλ: what it leaves of the way to the minimum, it also
    leaves of the gradient of all that is learned through training, such as its start. At a rate of
    (1 + q)/λ that is −q.
    """
    curvature = (1 - q) / rate
    descent = layers(lambda i, h: sgd_step(h, curvature * h, rate, 0), theta)
    return Eq(Slope(descent(n), theta), q**n)


@claim(source=METZ_2021.section("2"))
def gradient_through_descent_explodes_where_it_does(
    n: Steps, theta: Real, rate: LearningRate, q: GrowthRate
):
    """At a rate of (1 + q)/λ, q > 1, n steps down λθ²/2 multiply a gradient by (−q)ⁿ."""
    curvature = (1 + q) / rate
    descent = layers(lambda i, h: sgd_step(h, curvature * h, rate, 0), theta)
    return Eq(Slope(descent(n), theta), (-q) ** n)


@claim(source=ML38.section("三"))
def large_rates_feed_on_themselves(n: Steps, theta: Real, rate: LearningRate, q: GrowthRate):
    """At a rate of (1 + q)/λ, q > 1, every step makes the next gradient q times as large."""
    curvature = (1 + q) / rate
    descent = layers(lambda i, h: sgd_step(h, curvature * h, rate, 0), theta)
    gradient = lambda h: Abs(Slope(curvature * h**2 / 2, h))
    return Eq(gradient(descent(n)), q * gradient(descent(n - 1)))


@claim(source=(ML38.section("三"), TECHNIQUES.section("2.2.2")))
def small_rates_need_proportionally_more_steps(
    n: Steps, theta: PositiveReal, rate: LearningRate, s: SmallRate
):
    """At a rate of s/λ, 1/8 < s < 1/2, n steps down λθ²/2 leave at least e^(−2ns) of the way.

    What counts is ns: half the rate takes twice as many steps, within a factor of 2.
    """
    curvature = s / rate
    descent = layers(lambda i, h: sgd_step(h, curvature * h, rate, 0), theta)
    return descent(n) >= exp(-2 * n * s) * theta


@claim(source=(ML38.section("三"), TECHNIQUES.section("2.2.2")))
def proportionally_more_small_steps_suffice(
    n: Steps, theta: PositiveReal, rate: LearningRate, s: SmallRate
):
    """At a rate of s/λ, 1/8 < s < 1/2, n steps down λθ²/2 leave at most e^(−ns) of the way."""
    curvature = s / rate
    descent = layers(lambda i, h: sgd_step(h, curvature * h, rate, 0), theta)
    return descent(n) <= exp(-n * s) * theta


@claim(source=KINGMA_2015.section("2.1"))
def adam_ignores_the_scale_of_gradients(
    theta: Real,
    f: Real,
    g: Real,
    rate: LearningRate,
    beta1: ForgettingRate,
    beta2: ForgettingRate,
    eps: Epsilon,
    a: Positive,
):
    """Gradients that are a times as large make Adam take the same steps once eps is a times too."""

    def second_step(f, g, eps):
        _, state = adam_step(theta, f, FreshState(theta), rate, beta1, beta2, eps, 0)
        params, _ = adam_step(theta, g, state, rate, beta1, beta2, eps, 0)
        return params

    return Eq(second_step(a * f, a * g, a * eps), second_step(f, g, eps))


@claim(source=ML38.section("三"))
def training_at_a_large_rate_feeds_on_itself(seed: Seed):
    """At a large rate weights grow and the gradients with them, at a small rate neither does.

    Ten ReLU layers of 20 at one and a half times He's start, without momentum: at rate 1 weights
    and gradients grow a hundredfold and more, in 18 of 20 runs until they overflow; at rate 1/1000
    weights grow by a hundredth at most, and gradients less than tenfold.
    """
    net = Network(depth=10, width=20, activation="relu", start="he normal", gain=Rational(3, 2))
    large = Training(rate=1, momentum=0, epochs=20)
    small = large.but(rate=Rational(1, 1000))
    grow = And(WeightGrowth(net, large, seed) > 100, GradientGrowth(net, large, seed) > 100)
    stay = And(WeightGrowth(net, small, seed) < 2, GradientGrowth(net, small, seed) < 10)
    return Probability(And(grow, stay), seed) > Rational(1, 2)


@claim(source=(CV.section("2.6"), SOLUTIONS.section("3.1"), BENGIO_2007.section("4")))
def greedy_pretraining_helps_deep_sigmoid_nets(seed: Seed):
    """Pretrained layer by layer, five sigmoid layers of 30 learn digits that they otherwise do not.

    The layers are autoencoders, as Bengio et al. have them; Hinton et al. 2006 stack restricted
    Boltzmann machines. Every layer first halves the error of reconstructing its input through a
    layer of sigmoids, by itself. Measured: accuracies of 0.74 to 0.93 against 0.10, which is
    guessing. Through a linear decoder pretraining does not help, and neither does it on the two
    circles.
    """
    net = Network(
        depth=5, width=30, inputs=64, outputs=10, activation="sigmoid", start="xavier normal"
    )
    plain = Training(data="digits", rate=Rational(1, 2), epochs=30)
    pretrained = plain.but(pretraining=50)
    fails = TestAccuracy(net, plain, seed) < Rational(1, 2)
    learns = TestAccuracy(net, pretrained, seed) > Rational(7, 10)
    reconstructs = ReconstructionRatio(net, pretrained, seed) < Rational(1, 2)
    return Probability(And(fails, learns, reconstructs), seed) > Rational(1, 2)

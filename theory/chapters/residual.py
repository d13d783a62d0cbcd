"""Residual connections: the additive one."""

from theory.language import *


@claim(source=(SOLUTIONS.section("3.5"), HE_2016.equation(5)))
def skip_connection_adds_identity(x: Vector, f: SmoothMap):
    """The Jacobian of x + f(x) is the identity plus the Jacobian of f."""
    return Eq(Jacobian(residual(x, f(x)), x), Identity(x) + Jacobian(f(x), x))


@claim(
    source=(SOLUTIONS.section("3.5"), HE_2016.equation(5)),
    corrects="residual_gradient_as_printed",
)
def residual_gradient_has_an_additive_one(n: Depth, x: Vector, f: SmoothMap, g: Vector):
    """Through n residual blocks the gradient is the upstream one times 1 + ∂/∂x of all branches."""
    h = layers(lambda i, h: residual(h, f(i, h)), x)
    loss = Total(g * h(n))
    branches = Sum(f(i, h(i - 1)), (i, 1, n))
    return Eq(Gradient(loss, x), Dot(Gradient(loss, h(n)), Identity(x) + Jacobian(branches, x)))


@refuted(
    source=SOLUTIONS.section("3.5"),
    by={"n": 1, "x": 0, "g": 1, "f": 1},
    instead="residual_gradient_has_an_additive_one",
)
def residual_gradient_as_printed(n: Depth, x: Vector, f: SmoothMap, g: Vector):
    """Through n residual blocks the gradient is the upstream one times 1 + ∂/∂x_L of all branches.

    The document differentiates the branches by the last output x_L instead of the first input. No
    branch depends on x_L, which comes after them all, so the bracket is 1 and the branches' part of
    the gradient is lost. Read as a total derivative, where the blocks can be inverted, the bracket
    is 2 − 1/J, J being the true factor: 1.5588 for three blocks of one neuron with J = 2.2667, and
    right for J = 1 alone.
    """
    h = layers(lambda i, h: residual(h, f(i, h)), x)
    loss = Total(g * h(n))
    branches = Sum(f(i, h(i - 1)), (i, 1, n))
    return Eq(Gradient(loss, x), Dot(Gradient(loss, h(n)), Identity(x) + Jacobian(branches, h(n))))


@claim(source=(SOLUTIONS.section("3.5"), HE_2016.equation(5)))
def identity_path_is_lossless(n: Depth, x: Real, w: Weights, g: PositiveReal):
    """Where the branches of n residual blocks are 0, the upstream gradient arrives bit for bit.

    Each branch is the ReLU of what is never positive. An upstream zero may change its sign on the
    way.
    """
    h = layers(lambda i, h: residual(h, relu(-((w[i] * h) ** 2))), x)
    loss = Total(g * h(n))
    return Identical(Gradient(loss, x), Gradient(loss, h(n)))


@claim(
    source=(SOLUTIONS.section("3.5"), HE_2016.equation(5)),
    corrects="residual_gradient_never_vanishes",
)
def residual_gradient_vanishes_exactly_when_a_branch_is_minus_one(n: Depth, x: Real, w: Weights):
    """Through n blocks x + wx the gradient is ∏(1 + wᵢ), which is 0 exactly where a wᵢ is -1."""
    h = layers(lambda i, h: residual(h, w[i] * h), x)
    return Eq(Gradient(h(n), x), Product(1 + w[i], (i, 1, n)))


@refuted(
    source=SOLUTIONS.section("3.5"),
    by={"n": 1, "x": 1, "w": -1},
    instead="residual_gradient_vanishes_exactly_when_a_branch_is_minus_one",
)
def residual_gradient_never_vanishes(n: Depth, x: Real, w: Weights):
    """The gradient of a residual network is never 0, as the branches cannot all be -1.

    One branch that is -1 is enough, and as it is linear, it is -1 for every sample of a batch. It
    is possible, though of probability 0 where the weights have a continuous distribution.
    """
    h = layers(lambda i, h: residual(h, w[i] * h), x)
    return Abs(Gradient(h(n), x)) > 0


@claim(source=(CV.section("2.3"), VEIT_2016.section("3")))
def residual_jacobian_sums_over_paths(n: Depth, x: Real, w: Fractions):
    """Through n blocks the gradient is a sum over all 2ⁿ paths, each through a set of branches."""
    h = layers(lambda i, h: residual(h, tanh(w[i] * h)), x)
    slope = lambda i: Slope(tanh(w[i] * h(i - 1)), h(i - 1))
    return Eq(Gradient(h(n), x), SumOverSubsets(slope(i), (i, 1, n)))


@claim(source=SOLUTIONS.section("3.5"))
def residual_gradient_hardly_ever_vanishes(seed: Seed):
    """The first of eight blocks h + relu(wh)v/√8 gets a gradient, 99 times of 100.

    Over the reals it does with probability 1: random weights that have a density make no branch of
    slope -1. Without the skips a block lets a gradient through where w is positive, half of the
    time.
    """
    net = ResidualNetwork(depth=8, width=1, branch="relu linear")
    return Probability(GradientNormRatio(net, seed) > 0, seed) > Rational(99, 100)


@claim(source=SOLUTIONS.section("3.5"))
def thousand_layer_residual_net_keeps_its_gradient(seed: Seed):
    """A thousand blocks h + relu(hW)V/√1000 keep a gradient within a factor of ten.

    A plain net of as many layers relu(hW), from the same start, keeps less than 10⁻⁹ of it.
    Measured: 1.4 to 2.0 times, against 10⁻²³ to 6·10⁻¹⁴. With weights 0.7 times He's, about as
    large as Xavier's, what is left without skips underflows to 0 in float32. Branches relu(hW)
    divided by the depth keep it as well, within a fortieth.
    """
    net = ResidualNetwork(depth=1000, width=32, branch="relu linear")
    kept = GradientNormRatio(net, seed)
    lost = GradientNormRatio(net.but(branch="none"), seed)
    event = And(kept > Rational(1, 10), kept < 10, lost < Rational(1, 10**9))
    return Probability(event, seed) > Rational(1, 2)


@claim(source=SOLUTIONS.section("3.5"))
def residual_net_with_positive_branches_explodes(seed: Seed):
    """A thousand blocks h + relu(hW)/√1000 let a gradient grow by a factor of more than 10⁵.

    The branches are never negative, so that their means add up, and those of their derivatives.
    Measured, 32 wide: 31 at depth 100, 9·10² at 250, 8·10⁶ at 1,000.
    """
    net = ResidualNetwork(depth=1000, width=32, branch="relu")
    return Probability(GradientNormRatio(net, seed) > 10**5, seed) > Rational(1, 2)

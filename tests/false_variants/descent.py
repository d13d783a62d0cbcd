"""Descent: true laws with one thing wrong."""

from sympy import Abs, Eq, Rational, exp, log

from tests.false_variants.variant import REFUTED, false
from theory.calculus import (
    OVERFLOW_THRESHOLD,
    Computed,
    Dot,
    FreshState,
    Gradient,
    Iff,
    Jacobian,
    Slope,
    Total,
    layers,
)
from theory.domains import (
    Contraction,
    Epsilon,
    ForgettingRate,
    Gradients,
    GrowthRate,
    LearningRate,
    Parameters,
    Positive,
    PositiveReal,
    Real,
    SmallRate,
    SmoothMap,
    Steps,
    Vector,
)
from theory.heads import adam_step, sgd_step


def descent(theta, rate, curvature):
    return layers(lambda i, h: sgd_step(h, curvature * h, rate, 0), theta)


@false(REFUTED)
def sgd_step_climbs(theta: Parameters, g: Gradients, rate: Positive):
    """The sign."""
    return Eq(sgd_step(theta, g, rate, 0) - theta, rate * g)


@false(REFUTED)
def sgd_step_has_a_decay(theta: Parameters, g: Gradients, rate: Positive):
    """A decay that nobody asked for."""
    return Eq(sgd_step(theta, g, rate, 1) - theta, -rate * g)


@false(REFUTED)
def squared_error_gradient_without_a_two(x: Vector, y: Vector, f: SmoothMap):
    """The gradient of half the squared error."""
    error = f(x) - y
    return Eq(Gradient(Total(error**2), x), Dot(error, Jacobian(f(x), x)))


@false(REFUTED)
def descent_converges_on_one_side(n: Steps, theta: Real, rate: LearningRate, q: Contraction):
    """Beyond 1/λ every step lands on the other side."""
    return Eq(descent(theta, rate, (1 + q) / rate)(n), q**n * theta)


@false(REFUTED)
def descent_explodes_a_step_late(n: Steps, theta: Real, rate: LearningRate, q: GrowthRate):
    """One factor too few."""
    return Eq(descent(theta, rate, (1 + q) / rate)(n), (-q) ** (n - 1) * theta)


@false(REFUTED)
def parameters_overflow_with_their_gradients(
    n: Steps, theta: PositiveReal, rate: LearningRate, q: GrowthRate
):
    """The curvature forgotten: the parameter is smaller than its gradient."""
    curvature = (1 + q) / rate
    gradient = Computed(curvature * descent(theta, rate, curvature)(n))
    steps = log(OVERFLOW_THRESHOLD / theta) / log(q)
    return Iff(Abs(gradient) < OVERFLOW_THRESHOLD, n < steps)


@false(REFUTED)
def gradients_grow_by_one_more(n: Steps, theta: Real, rate: LearningRate, q: GrowthRate):
    """1 + q for q."""
    curvature = (1 + q) / rate
    at = descent(theta, rate, curvature)
    now, before = (Abs(Slope(curvature * h**2 / 2, h)) for h in (at(n), at(n - 1)))
    return Eq(now, (1 + q) * before)


@false(REFUTED)
def small_rates_leave_more(n: Steps, theta: PositiveReal, rate: LearningRate, s: SmallRate):
    """e⁻ⁿˢ is what they leave at most."""
    return descent(theta, rate, s / rate)(n) >= exp(-n * s) * theta


@false(REFUTED)
def small_rates_leave_less(n: Steps, theta: PositiveReal, rate: LearningRate, s: SmallRate):
    """e⁻²ⁿˢ is what they leave at least."""
    return descent(theta, rate, s / rate)(n) <= exp(-2 * n * s) * theta


@false(REFUTED)
def small_rates_leave_it_on_either_side(n: Steps, theta: Real, rate: LearningRate, s: SmallRate):
    """From below the minimum the bound is one from above."""
    return descent(theta, rate, s / rate)(n) >= exp(-2 * n * s) * theta


@false(REFUTED)
def any_rate_leaves_some(n: Steps, theta: PositiveReal, rate: LearningRate, q: GrowthRate):
    """Layers that fall: from a large start the first step ends below 0, the second far above."""
    return descent(theta, rate, (1 + q) / rate)(n) >= -q * theta


@false(REFUTED)
def adam_ignores_the_scale_of_gradients_alone(
    theta: Real,
    g: Real,
    rate: LearningRate,
    beta1: ForgettingRate,
    beta2: ForgettingRate,
    eps: Epsilon,
    a: Positive,
):
    """eps is not scaled."""
    start = FreshState(theta)
    scaled, _ = adam_step(theta, a * g, start, rate, beta1, beta2, eps, 0)
    plain, _ = adam_step(theta, g, start, rate, beta1, beta2, eps, 0)
    return Eq(scaled, plain)


@false(REFUTED)
def adam_steps_by_the_sign(
    theta: Real, g: Real, rate: LearningRate, beta1: ForgettingRate, beta2: ForgettingRate
):
    """The first step is the rate times g / (|g| + eps), and no sign."""
    stepped, _ = adam_step(theta, g, FreshState(theta), rate, beta1, beta2, Rational(1, 8), 0)
    return Abs(stepped - theta) >= rate

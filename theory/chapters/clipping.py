"""Clipping: what it bounds, what it keeps, and what is mistaken for it."""

from theory.language import *


@claim(source=(CV.section("2.4"), SOLUTIONS.section("3.2"), PASCANU_2013.section("3.2")))
def norm_clipping_bounds_the_norm(g: Gradients, c: ClippingLimit):
    """Gradients that are clipped to norm c have a norm of at most c."""
    return Norm(clip_by_norm(g, c)) <= c


@claim(source=(CV.section("2.4"), SOLUTIONS.section("3.2"), PASCANU_2013.section("3.2")))
def norm_clipping_keeps_direction(g: Gradients, c: ClippingLimit):
    """Gradients clipped by their norm point where they pointed: clip(g)·‖g‖ = ‖clip(g)‖·g."""
    clipped = clip_by_norm(g, c)
    return Eq(clipped * Norm(g), Norm(clipped) * g)


@claim(source=(CV.section("2.4"), PASCANU_2013.section("3.2")))
def norm_clipping_leaves_half_of_the_limit(g: Gradients, c: ClippingLimit):
    """A clipped gradient has at least half of the smaller of its norm and c: none is lost.

    Exactly it has all of it; a half is far more than any rounding takes. Where the squares overflow
    c/‖g‖ is 0, and so is the gradient: of (3, 4)·2⁶⁶ in float32, clipped to 1, nothing is left.
    """
    return 2 * Norm(clip_by_norm(g, c)) * Larger(Norm(g), c) >= c * Norm(g)


@claim(source=(SOLUTIONS.section("3.2"), PASCANU_2013.section("3.2")))
def norm_clipping_is_identity_inside_the_ball(g: Gradients, c: ClippingLimit):
    """Gradients with a norm of at most c are left as they are, bit for bit, by clipping to 2c.

    Every gradient of norm c or less is its own clip to c, which is what is clipped again. At 2c
    itself nobody can say: a norm that is rounded up may pass its limit.
    """
    inside = clip_by_norm(g, c)
    return Identical(clip_by_norm(inside, 2 * c), inside)


@claim(source=(CV.section("2.4"), PASCANU_2013.section("3.2")))
def norm_clipping_takes_the_norm_of_all_gradients_together(g: Gradients):
    """The norm that clipping compares is that of all gradients as one vector."""
    return Eq(global_norm(g), Norm(g))


@claim(source=(CV.section("2.4"), PASCANU_2013.section("3.2")))
def norm_clipping_does_not_depend_on_grouping(g: Gradients, c: ClippingLimit):
    """However the entries are grouped into arrays, norm clipping delivers the same."""
    return Eq(clip_by_norm(Joined(g), c), clip_by_norm(g, c))


@claim(source=(CV.section("2.4"), IEEE_754.section("6.2.3")))
def norm_clipping_passes_nan_on(g: Gradients, c: ClippingLimit):
    """A gradient with NaN in it has no norm, and all of its clip is NaN, not a healthy step."""
    return SpreadsNaN(clip_by_norm(g, c), g)


@claim(source=(CV.section("2.4"), TECHNIQUES.section("3.2")))
def value_clipping_bounds_each_entry(g: Gradients, c: ClippingLimit):
    """Gradients that are clipped to values of c have no entry beyond c."""
    return Abs(clip_by_value(g, c)) <= c


@claim(source=(CV.section("2.4"), IEEE_754.section("6.2.3")))
def value_clipping_passes_nan_on(g: Gradients, c: ClippingLimit):
    """An entry that is NaN stays NaN when it is clipped, and is not cut to one of the limits."""
    return PassesNaN(clip_by_value(g, c), g)


@claim(
    source=(CV.section("2.4"), TECHNIQUES.section("3.2"), GOODFELLOW_2016.section("10.11.1")),
    corrects="value_clipping_keeps_the_direction",
)
def value_clipping_turns_by_less_than_a_right_angle(g: Gradients, c: ClippingLimit):
    """Clipped by value, a gradient can turn, but never away: ⟨g, cut(g)⟩ ≥ ‖cut(g)‖²."""
    clipped = clip_by_value(g, c)
    return Total(g * clipped) >= Norm(clipped) ** 2


@refuted(
    source=(CV.section("2.4"), TECHNIQUES.section("3.2")),
    by={"g": (1, 3), "c": 2},
    instead="value_clipping_turns_by_less_than_a_right_angle",
)
def value_clipping_keeps_the_direction(g: Gradients, c: ClippingLimit):
    """Gradients that are clipped by value point where they pointed.

    (1, 3) clipped at 2 is (1, 2): what is cut off is the large entries alone.
    """
    clipped = clip_by_value(g, c)
    return Eq(clipped * Norm(g), Norm(clipped) * g)


@claim(source=(TECHNIQUES.section("3.2"), PASCANU_2013.section("3.2")))
def clipped_step_is_bounded(p: Parameters, g: Gradients, c: ClippingLimit, lr: Positive):
    """A step along gradients that are clipped to norm c is no longer than the rate times c."""
    return Norm(sgd_step(p, clip_by_norm(g, c), lr, 0) - p) <= lr * c


@claim(source=TECHNIQUES.section("3.2"), corrects="sign_step_is_gradient_clipping")
def sign_step_is_never_shorter_than_a_clipped_one(g: Gradients, c: ClippingLimit):
    """No entry of a gradient clipped to values of c is longer than c times its sign.

    A step by the sign is bounded as a clipped one is, and longer where the gradient is small.
    """
    return Abs(clip_by_value(g, c)) <= c * Abs(sign(g))


@refuted(
    source=TECHNIQUES.section("3.2"),
    by={"g": "1/4", "c": 1},
    instead="sign_step_is_never_shorter_than_a_clipped_one",
)
def sign_step_is_gradient_clipping(g: Gradients, c: ClippingLimit):
    """The clipped gradient is its sign times the limit.

    What the document steps along. It enlarges every entry that is smaller than the limit.
    """
    return Eq(clip_by_value(g, c), c * sign(g))


@claim(source=TECHNIQUES.section("3.2"), corrects="gradient_formula_as_printed")
def loss_gradient_is_a_product_along_the_chain(x: Real, w: Real, b: Real):
    """∂ℓ/∂θ = ∂ℓ/∂z·∂z/∂θ for a parameter θ = w of z = wx + b, here with ℓ = sigmoid(z)."""
    z = x * w + b
    return Eq(Slope(sigmoid(z), w), Slope(sigmoid(z), z) * Slope(z, w))


@refuted(
    source=TECHNIQUES.section("3.2"),
    by={"x": 1, "w": 1, "b": 0},
    instead="loss_gradient_is_a_product_along_the_chain",
)
def gradient_formula_as_printed(x: Real, w: Real, b: Real):
    """∂ℓ/∂θ = ∂ℓ/∂θ·∂θ/∂θ·∂θ/∂x for a parameter θ = w and an input x.

    No parameter depends on the input, so that the last factor, and with it the product, is 0.
    """
    loss = sigmoid(x * w + b)
    return Eq(Slope(loss, w), Slope(loss, w) * Slope(w, w) * Slope(w, x))


@claim(source=(CV.section("2.4"), PASCANU_2013.section("3.2")))
def clipping_saves_an_exploding_run(seed: Seed):
    """A run whose gradients overflow learns the two circles once their norm is clipped to 1/10.

    Ten ReLU layers of 20 at one and a half times He's start and a rate of 1/10: without clipping 18
    of 20 runs overflow and none learns, with it all learn. Clipped to 1, 13 do.
    """
    net = Network(depth=10, width=20, activation="relu", start="he normal", gain=Rational(3, 2))
    free = Training(rate=Rational(1, 10), epochs=100)
    clipped = free.but(clip=Rational(1, 10))
    overflows = FirstNonfiniteStep(net, free, seed) < oo
    learns = TestAccuracy(net, clipped, seed) >= Rational(3, 4)
    return Probability(And(overflows, learns), seed) > Rational(1, 2)

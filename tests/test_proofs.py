"""The proof reading: what the book's claims are over the reals, and how that is known."""

from collections.abc import Callable
from typing import Any, ClassVar

import pytest
from sympy import (
    Abs,
    Eq,
    Integer,
    Product,
    Rational,
    Sum,
    erf,
    exp,
    log,
    sqrt,
    tanh as tanh_function,
)

from theory.book import CLAIMS
from theory.calculus import (
    Computed,
    Diagonal,
    Dot,
    Gradient,
    Identity,
    Iff,
    Jacobian,
    Slope,
    i,
    layers,
)
from theory.claim import Claim, Standing, apart, claim, refuted
from theory.domains import (
    Biases,
    Coefficient,
    Depth,
    Features,
    Positive,
    PositiveReal,
    Real,
    SmoothMap,
    Vector,
    WeightMatrix,
    Weights,
)
from theory.heads import Elementwise, linear, relu, residual, sigmoid, tanh
from theory.proof import Outcome, prove
from theory.proving import balls
from theory.sources import Document

NOTES = Document("Notes", "Further statements").section("1")
BOOK = {entry.name: entry for entry in CLAIMS}

# By which method each claim is known, as words that its method has to hold.
METHODS = {
    "sigmoid_slope_at_most_a_quarter": "polynomial in s = sigmoid(x) on (0, 1), by root isolation",
    "sigmoid_slope_is_positive": "polynomial in s = sigmoid(x) on (0, 1), by root isolation",
    "leaky_relu_is_the_larger_of_kx_and_x": "exact identity (7 cases",
    "sigmoid_slope_decays_exponentially": "Arb branch and bound on x in (-oo, 0)",
    "silu_slope_at_most_1_09984": "Arb branch and bound on x in (-oo, oo)",
    "gelu_slope_at_most_1_12891": "Arb branch and bound on x in (-oo, oo)",
    "gelu_tanh_slope_at_most_1_129": "Arb branch and bound on x in (-oo, oo)",
    "mish_slope_at_most_1_0885": "Arb branch and bound on x in (-oo, oo)",
    "gelu_slope_goes_from_zero_to_one": "limits at both ends, by Gruntz's algorithm",
    "elu_slope_is_value_plus_alpha": "exact identity",
    "elu_slope_at_most_one_or_alpha": "exact signs of all factors",
    "leaky_relu_is_always_the_larger_of_kx_and_x": "at x=1, k=2: left 1, right 2",
    "chain_bias_gradient_is_a_product": "for every n, by induction: base n = 1",
    "sigmoid_chain_gradient_shrinks_geometrically": "the factor by which the bound grows",
    "layer_gradient_is_a_product_of_jacobians": "for every n, by induction: base n = 1",
    "relu_chain_gradient_is_the_product_of_its_weights": "by induction (positive at every depth)",
    "factors_above_one_explode": "is at least the factor by which the bound grows",
    "gradient_norm_is_at_most_the_product_of_largest_singular_values": "the singular value of a "
    "product is at most the product of theirs",
    "relu_jacobian_is_a_masked_weight_product": "for every n, by induction: base n = 1",
    "residual_jacobian_sums_over_paths": "for every n, by induction: base n = 1",
    "identity_path_is_lossless": "for every n, by induction: base n = 1",
    "gradient_through_descent_vanishes_where_it_converges": "for every n, by induction: base n = 1",
    "relu_cannot_explode_or_vanish": "n=20, x=1, w=1/2: left 1/1048576, right 1",
    "norm_clipping_bounds_the_norm": "exact signs",
    "repeated_factor_overflows_at_depth": "for every n: both statements are one",
    "repeated_factor_overflows_at_depth_when_iterated": "for every n: both statements are one",
    "repeated_factor_underflows_at_depth": "for every n: both statements are one",
    "repeated_factor_never_reaches_zero": "on an arbitrary network (positive at every depth)",
    "repeated_factor_keeps_shrinking": "on an arbitrary network (positive at every depth)",
    "he_keeps_relu_second_moment": "Gaussian moments: exact identity",
    "he_scales_a_transposed_layer_by_the_fans": "exact moments of independent weights",
    "xavier_scales_linear_variance_by_the_fans": "exact moments of independent weights",
    "he_uniform_weights_have_variance_two_over_fan_in": "exact moments of independent weights",
    "truncated_normal_weights_have_less_variance": "exact moments of independent weights",
    "orthogonal_weights_have_orthonormal_columns": "exact identity",
    "orthogonal_weights_prefer_no_direction": "a row of normals and its negative are as likely",
    "xavier_keeps_linear_variance": "at x=1, shape=(2, 1): left 2/3, right 1",
    "batch_norm_ignores_shift_and_scale": "exact identity",
    "batch_norm_weight_gradient_scales_inversely": "exact identity",
    "skip_connection_adds_identity": "exact identity",
    "residual_gradient_has_an_additive_one": "for every n, by induction: base n = 1",
    "residual_gradient_as_printed": "n=1, x=0, g=1, f=1: left 2, right 1",
}
# Claims that no method decides, with the reason.
OPEN: dict[str, str] = {
    "gradient_norm_is_at_least_the_product_of_smallest_singular_values": "bounded box",
    # The norm of the clipped gradients is c, or theirs: no method divides by a norm.
    "norm_clipping_leaves_half_of_the_limit": "bounded box",
    # It follows from a parabola below the slope and the mean of y², which no method joins.
    "batch_norm_keeps_inputs_out_of_saturation": "bounded box",
    # Chebyshev's inequality adds up a case for each entry.
    "batch_norm_leaves_few_values_far_out": "",
}
# Claims that are known at the first depths only.
SHALLOW = {"orthogonal_linear_layers_keep_the_gradient_norm": 3}
EXPECTED = {Standing.TRUE: Outcome.PROVED, Standing.REFUTED: Outcome.REFUTED}


@pytest.mark.parametrize("name", BOOK)
def test_a_claim_is_what_it_says_of_itself(name: str) -> None:
    entry = BOOK[name]
    proof = prove(entry)
    expected = Outcome.OPEN if name in OPEN else EXPECTED[entry.standing]
    if entry.is_measured or entry.is_timed or entry.is_of_nan:
        expected = Outcome.MEASURED
    assert proof.outcome is expected, str(proof)
    assert OPEN.get(name, "") in proof.reason
    assert METHODS.get(name, "") in proof.method
    assert proof.n_at_most == SHALLOW.get(name)


def test_every_open_claim_and_every_method_is_about_a_claim_of_the_book() -> None:
    assert (OPEN.keys() | METHODS.keys()) <= BOOK.keys()


def test_a_proof_names_the_sizes_that_it_covers() -> None:
    proof = prove(BOOK["layer_gradient_is_a_product_of_jacobians"])
    assert proof.widths == "rows of 2, layers of 3 and 2 units in turn"
    assert prove(BOOK["sigmoid_slope_is_positive"]).widths == ""


def test_every_witness_is_evaluated_and_the_first_is_handed_over() -> None:
    proof = prove(BOOK["relu_cannot_explode_or_vanish"])
    assert proof.witness == {"n": 20, "x": 1, "w": 2, "left": 2**20, "right": 1}
    assert "w=2: left 1048576" in proof.method
    assert "w=1/2: left 1/1048576" in proof.method


# -- statements that are not in the book, or not yet -----------------------------------------


class Silu(Elementwise):
    """x times its sigmoid."""

    parameters: ClassVar[tuple[str, ...]] = ("x",)

    @classmethod
    def definition(cls, x: Any) -> Any:
        return x / (1 + exp(-x))


class Gelu(Elementwise):
    """x times the normal distribution function."""

    parameters: ClassVar[tuple[str, ...]] = ("x",)

    @classmethod
    def definition(cls, x: Any) -> Any:
        return x * (1 + erf(x / sqrt(2))) / 2


class Softplus(Elementwise):
    """The smooth ReLU."""

    parameters: ClassVar[tuple[str, ...]] = ("x",)

    @classmethod
    def definition(cls, x: Any) -> Any:
        return log(1 + exp(x))


class Mish(Elementwise):
    """x times the tanh of its softplus."""

    parameters: ClassVar[tuple[str, ...]] = ("x",)

    @classmethod
    def definition(cls, x: Any) -> Any:
        return x * tanh_function(log(1 + exp(x)))


class DepthFromZero(Depth):
    """A depth that may be 0."""

    low = Integer(0)
    assumptions: ClassVar[dict[str, bool]] = {"integer": True, "nonnegative": True}


class Bounded(Real):
    """A number between -2 and 2."""

    low, high = Integer(-2), Integer(2)


FURTHER: dict[str, tuple[Claim, str]] = {}


def true(method: str, **options: Any) -> Callable[[Any], Claim]:
    """Build a true claim apart from the book, with words that the method has to hold."""

    def enter(function: Any) -> Claim:
        with apart():
            entry = claim(source=NOTES, **options)(function)
        FURTHER[entry.name] = entry, method
        return entry

    return enter


@true("Arb")
def gelu_is_never_steeper_than_1_129(x: Real):
    """A bound that a maximum near the square root of 2 comes close to."""
    return Abs(Slope(Gelu(x), x)) <= Rational(1129, 1000)


@true("Arb")
def silu_is_never_steeper_than_1_0999(x: Real):
    """Likewise for SiLU, near 2.4."""
    return Abs(Slope(Silu(x), x)) <= Rational(10999, 10000)


@true("Arb")
def mish_is_never_steeper_than_1_09(x: Real):
    """Likewise for Mish."""
    return Abs(Slope(Mish(x), x)) <= Rational(109, 100)


@true("exact identity")
def softplus_slope_is_the_sigmoid(x: Real):
    """The derivative of a logarithm."""
    return Eq(Slope(Softplus(x), x), sigmoid(x))


@true("Arb")
def softplus_is_larger_than_relu(x: Real):
    """The difference shrinks to 0 on both sides."""
    return Softplus(x) > relu(x)


@true("Arb", attained_at={"x": 0})
def exponential_is_above_its_tangent(x: Real):
    """A contact of second order on the whole line."""
    return exp(x) >= 1 + x


@true("Arb", attained_at={"x": 0})
def tanh_is_at_most_x_on_the_right(x: PositiveReal):
    """A contact of third order at an open end."""
    return tanh(x) < x


@true("Arb")
def product_of_two_sigmoids_is_below_0_8(x: Bounded, y: Bounded):
    """A box of two variables."""
    return sigmoid(x) * sigmoid(y) + x * y / 100 < Rational(9, 10)


@true("exact identity")
def layer_jacobian_is_slope_times_weight(x: Vector, W: WeightMatrix, b: Features):
    """Rows and columns of different number."""
    z = linear(x, W, b)
    return Eq(Jacobian(tanh(z), x), Dot(Diagonal(Slope(tanh(z), z)), W))


@true("the factor by which the bound grows")
def recurrent_gradient_is_bounded_by_powers_of_its_weight(
    n: Depth, x: Real, w: Coefficient, u: Biases
):
    """One weight for all steps."""
    h = layers(lambda i, h: tanh(w * h + u[i]), x)
    return Abs(Gradient(h(n), x)) <= Abs(w) ** n


@true("the factor by which the bound grows")
def sigmoid_chain_gradient_is_at_most_a_product(n: Depth, x: Real, w: Weights, b: Biases):
    """The product of the weights' own bounds instead of a power of the largest."""
    a = layers(lambda i, h: sigmoid(w[i] * h + b[i]), x)
    return Abs(Gradient(a(n), x)) <= Product(Abs(w[i]) / 4, (i, 1, n))


@true("for every n, by induction")
def linear_recurrence_gradient_is_a_power(n: Depth, x: Real, w: Coefficient):
    """A power of the depth itself."""
    h = layers(lambda i, h: w * h, x)
    return Eq(Gradient(h(n), x), w**n)


@true("for n <= 2 only")
def gradient_from_no_layer_on(n: DepthFromZero, x: Real, w: Coefficient):
    """No argument about every depth starts at 0."""
    h = layers(lambda i, h: w * h, x)
    return Eq(Gradient(h(n), x), w**n)


@true("same truth in all")
def relu_is_positive_where_its_input_is(x: Real, k: Positive):
    """An equivalence of two comparisons."""
    return Iff(relu(k * x) > 0, x > 0)


@true("for n <= 3 only")
def gradient_of_a_branch_that_keeps_its_input(n: Depth, x: Vector, f: SmoothMap):
    """Every layer sees the first input again."""
    h = layers(lambda i, h: x + f(i, h), x)
    return Eq(Jacobian(h(n), x), Identity(x) + Jacobian(f(n, h(n - 1)), x))


@true("for n <= 3 only")
def linear_chain_is_a_product(n: Depth, x: Real, w: Weights):
    """Nothing here looks at the value of a network as an induction."""
    a = layers(lambda i, h: w[i] * h, x)
    return Eq(Computed(a(n)), x * Product(w[i], (i, 1, n)))


@pytest.mark.parametrize("name", FURTHER)
def test_a_further_statement_is_proved(name: str) -> None:
    entry, method = FURTHER[name]
    proof = prove(entry)
    assert proof.outcome is Outcome.PROVED, str(proof)
    assert method in proof.method


def test_what_is_only_written_out_says_up_to_which_depth() -> None:
    assert prove(FURTHER["linear_chain_is_a_product"][0]).n_at_most == 3


def test_without_flint_what_needs_balls_is_open(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(balls, "find_spec", lambda name: None)
    proof = prove(FURTHER["gelu_is_never_steeper_than_1_129"][0])
    assert proof.outcome is Outcome.OPEN
    assert "python-flint is not installed: pip install 'backproof[proof]'" in proof.reason
    assert prove(BOOK["sigmoid_slope_at_most_a_quarter"]).outcome is Outcome.PROVED


def test_the_printed_residual_gradient_is_false_in_its_other_reading_too() -> None:
    # Along the path the first input is a function of the last output: a factor T through the blocks
    # is then printed as 1 + (T - 1)/T, which is 1.5588 where T is 2.2667.
    with apart():

        @claim(source=NOTES)
        def residual_gradient_along_the_path(n: Depth, x: Real, w: Weights):
            """The branches differentiated by the last output, as a function of the first input."""
            h = layers(lambda i, h: residual(h, tanh(w[i] * h)), x)
            branches = Sum(tanh(w[i] * h(i - 1)), (i, 1, n))
            return Eq(Gradient(h(n), x), 1 + Gradient(branches, x) / Gradient(h(n), x))

    proof = prove(residual_gradient_along_the_path)
    assert proof.outcome is Outcome.REFUTED
    assert proof.witness is not None
    factor = proof.witness["left"]
    assert proof.witness["right"].equals(2 - 1 / factor)


def test_a_witness_that_breaks_nothing_leaves_the_claim_open() -> None:
    with apart():

        @refuted(source=NOTES, by={"x": 0}, instead="sigmoid_slope_is_positive")
        def sigmoid_slope_is_a_quarter(x: Real):
            """True at the witness alone."""
            return Eq(Slope(sigmoid(x), x), Rational(1, 4))

    proof = prove(sigmoid_slope_is_a_quarter)
    assert proof.outcome is Outcome.OPEN
    assert "does not break the claim" in proof.reason

"""Residual connections: true laws with one thing wrong."""

from sympy import Eq, Product, Sum

from tests.false_variants.variant import REFUTED, false
from theory.calculus import (
    Dot,
    Gradient,
    Identical,
    Identity,
    Jacobian,
    Slope,
    Total,
    i,
    layers,
)
from theory.domains import (
    Depth,
    Fractions,
    PositiveReal,
    Real,
    SmoothMap,
    Vector,
    Weights,
)
from theory.heads import (
    residual,
    tanh,
)


@false(REFUTED)
def skip_connection_subtracts_identity(x: Vector, f: SmoothMap):
    """A sign error in front of the branch."""
    return Eq(Jacobian(residual(x, f(x)), x), Identity(x) - Jacobian(f(x), x))


@false(REFUTED)
def skip_connection_adds_nothing(x: Vector, f: SmoothMap):
    """The identity forgotten."""
    return Eq(Jacobian(residual(x, f(x)), x), Jacobian(f(x), x))


def _residual(n, x, f, g, bracket):
    h = layers(lambda i, h: residual(h, f(i, h)), x)
    loss = Total(g * h(n))
    return Eq(Gradient(loss, x), Dot(Gradient(loss, h(n)), bracket(h)))


@false(REFUTED)
def residual_gradient_without_the_one(n: Depth, x: Vector, f: SmoothMap, g: Vector):
    """The additive one forgotten."""
    return _residual(n, x, f, g, lambda h: Jacobian(Sum(f(i, h(i - 1)), (i, 1, n)), x))


@false(REFUTED)
def residual_gradient_without_the_last_branch(n: Depth, x: Vector, f: SmoothMap, g: Vector):
    """One branch too few."""
    return _residual(
        n, x, f, g, lambda h: Identity(x) + Jacobian(Sum(f(i, h(i - 1)), (i, 1, n - 1)), x)
    )


@false(REFUTED)
def residual_gradient_without_the_first_branch(n: Depth, x: Vector, f: SmoothMap, g: Vector):
    """One branch too few at the other end."""
    return _residual(
        n, x, f, g, lambda h: Identity(x) + Jacobian(Sum(f(i, h(i - 1)), (i, 2, n)), x)
    )


@false(REFUTED)
def residual_gradient_with_branches_of_the_input(n: Depth, x: Vector, f: SmoothMap, g: Vector):
    """Every branch taken at the first input; true at n = 1."""
    return _residual(n, x, f, g, lambda h: Identity(x) + Jacobian(Sum(f(i, x), (i, 1, n)), x))


@false(REFUTED)
def residual_gradient_by_the_last_output(n: Depth, x: Vector, f: SmoothMap, g: Vector):
    """The document's reading: the branches differentiated by the last output."""
    return _residual(
        n, x, f, g, lambda h: Identity(x) + Jacobian(Sum(f(i, h(i - 1)), (i, 1, n)), h(n))
    )


@false(REFUTED)
def identity_path_is_lossless_without_the_relu(n: Depth, x: Real, w: Weights, g: PositiveReal):
    """Branches that are not 0."""
    h = layers(lambda i, h: residual(h, -((w[i] * h) ** 2)), x)
    loss = Total(g * h(n))
    return Identical(Gradient(loss, x), Gradient(loss, h(n)))


@false(REFUTED)
def residual_gradient_is_one_plus_the_product(n: Depth, x: Real, w: Weights):
    """The 1 outside the product."""
    h = layers(lambda i, h: residual(h, w[i] * h), x)
    return Eq(Gradient(h(n), x), 1 + Product(w[i], (i, 1, n)))


@false(REFUTED)
def residual_jacobian_sums_over_single_branches(n: Depth, x: Real, w: Fractions):
    """Only the paths through one branch at a time."""
    h = layers(lambda i, h: residual(h, tanh(w[i] * h)), x)
    branches = Sum(Slope(tanh(w[i] * h(i - 1)), h(i - 1)), (i, 1, n))
    return Eq(Gradient(h(n), x), 1 + branches)

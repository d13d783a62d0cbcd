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
    the gradient is lost.
    """
    h = layers(lambda i, h: residual(h, f(i, h)), x)
    loss = Total(g * h(n))
    branches = Sum(f(i, h(i - 1)), (i, 1, n))
    return Eq(Gradient(loss, x), Dot(Gradient(loss, h(n)), Identity(x) + Jacobian(branches, h(n))))

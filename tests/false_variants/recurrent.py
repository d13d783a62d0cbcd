"""Recurrence: true laws with one thing wrong."""

from sympy import Eq, Product, Rational, log

from tests.false_variants.variant import OPEN, REFUTED, false
from theory.calculus import (
    UNDERFLOW_THRESHOLD,
    Diagonal,
    Dot,
    Exactly,
    Gradient,
    Iff,
    Jacobian,
    LargestSingularValue,
    OrderedProduct,
    Part,
    Slope,
    SmallestSingularValue,
    Total,
    Transpose,
    k,
    layers,
)
from theory.domains import (
    Depth,
    Features,
    GateBiases,
    GateMatrix,
    ResetGateBiases,
    ResetGateMatrix,
    ShrinkingFactor,
    SquareMatrix,
    Vector,
    Vectors,
)
from theory.heads import gru_cell, lstm_cell, power, rnn_cell, sigmoid


def states(x, h0, W, b):
    return layers(lambda t, h: rnn_cell(x[t], h, W, W, b, b), h0)


@false(REFUTED)
def rnn_gradient_scales_columns(T: Depth, x: Vectors, h0: Vector, W: SquareMatrix, b: Features):
    """The slopes on the other side of the weight."""
    h = states(x, h0, W, b)
    steps = OrderedProduct(Dot(W, Diagonal(1 - h(k) ** 2)), (k, T, 1))
    return Eq(Jacobian(h(T), h0), steps)


@false(OPEN)
def rnn_gradient_is_bounded_a_step_too_well(
    T: Depth, x: Vectors, h0: Vector, W: SquareMatrix, b: Features
):
    """One factor too many."""
    h = states(x, h0, W, b)
    bound = LargestSingularValue(W) ** (T + 1)
    return LargestSingularValue(Jacobian(h(T), h0)) <= bound


@false(REFUTED)
def rnn_gradient_is_bounded_by_the_smallest_singular_value(
    T: Depth, x: Vectors, h0: Vector, W: SquareMatrix, b: Features
):
    """The other end of the spectrum."""
    h = states(x, h0, W, b)
    return LargestSingularValue(Jacobian(h(T), h0)) <= SmallestSingularValue(W) ** T


@false(OPEN)
def rnn_gradient_is_bounded_by_half(T: Depth, x: Vectors, h0: Vector, W: SquareMatrix, b: Features):
    """The slope of tanh is 1 at most, not 1/2."""
    h = states(x, h0, W, b)
    bound = (LargestSingularValue(W) / 2) ** T
    return LargestSingularValue(Jacobian(h(T), h0)) <= bound


@false(REFUTED)
def a_large_singular_value_suffices_for_explosion(
    T: Depth, x: Vectors, h0: Vector, W: SquareMatrix, b: Features
):
    """It is necessary; saturated units pass nothing."""
    h = states(x, h0, W, b)
    return LargestSingularValue(Jacobian(h(T), h0)) >= LargestSingularValue(W) ** T


@false(REFUTED)
def lstm_cell_path_is_the_input_gate(
    T: Depth,
    x: Vectors,
    h: Vectors,
    c0: Vector,
    U: GateMatrix,
    W: GateMatrix,
    b: GateBiases,
    g: Vector,
):
    """The gates in another order."""

    def step(t, c):
        _, c = lstm_cell(x[t], h[t], c, U, W, b, b)
        return c

    c = layers(step, c0)
    z = Dot(x[k], Transpose(U)) + Dot(h[k], Transpose(W)) + b + b
    i = Exactly(sigmoid(Part(z, 1, 4)))
    loss = Total(g * c(T))
    return Eq(Gradient(loss, c0), Gradient(loss, c(T)) * Product(i, (k, 1, T)))


@false(REFUTED)
def lstm_output_path_passes_one_gate(
    x: Vector, h: Vector, c: Vector, U: GateMatrix, W: GateMatrix, b: GateBiases
):
    """The output gate and its tanh forgotten."""
    h1, _ = lstm_cell(x, h, c, U, W, b, b)
    z = Dot(x, Transpose(U)) + Dot(h, Transpose(W)) + b + b
    return Eq(Slope(h1, c), Exactly(sigmoid(Part(z, 2, 4))))


@false(REFUTED)
def lstm_output_stays_below_one_half(
    x: Vector, h: Vector, c: Vector, U: GateMatrix, W: GateMatrix, b: GateBiases
):
    """Half of the range."""
    h1, _ = lstm_cell(x, h, c, U, W, b, b)
    return h1 <= Rational(1, 2)


@false(REFUTED)
def gru_state_stays_below_one(
    x: Vector, h: Vector, U: ResetGateMatrix, W: ResetGateMatrix, b: ResetGateBiases
):
    """A state that starts above 1 comes down, and not at once."""
    return gru_cell(x, h, U, W, b, b) <= 1


@false(OPEN)
def twenty_steps_underflow_a_step_late(q: ShrinkingFactor):
    """The root of another order."""
    return Iff(power(q, 20) > UNDERFLOW_THRESHOLD, 21 * log(q) > log(UNDERFLOW_THRESHOLD))

"""Recurrence: what time does to a gradient, and what gates do about it."""

from theory.language import *


@claim(source=(RECTIFIER.section("1"), PASCANU_2013.equation(5)))
def rnn_gradient_is_a_product_over_time(
    T: Depth, x: Vectors, h0: Vector, U: SquareMatrix, W: SquareMatrix, b: Features, a: Features
):
    """∂h_T/∂h_0 is the product of diag(1 − h_t²) W over all T steps, with the same W in each."""
    h = layers(lambda t, h: rnn_cell(x[t], h, U, W, b, a), h0)
    steps = OrderedProduct(Dot(Diagonal(1 - h(k) ** 2), W), (k, T, 1))
    return Eq(Jacobian(h(T), h0), steps)


@claim(source=(SOLUTIONS.section("3.6"), PASCANU_2013.section("2")))
def rnn_bias_gradient_adds_up_the_rows(
    x: Batch, h: Batch, U: SquareMatrix, W: SquareMatrix, b: Features, a: Features
):
    """A recurrent cell's bias gets the slopes 1 − y² of all rows of a batch, added up.

    Stated for the sum of the outputs as loss.
    """
    y = rnn_cell(x, h, U, W, b, a)
    return Eq(Gradient(Total(y), b), ColumnTotal(1 - y**2))


@claim(
    source=(RECTIFIER.section("1"), PASCANU_2013.section("2.1")),
    attained_at={"T": 7, "x": 0, "h0": 0, "U": 0, "W": Rational(195, 128), "b": 0, "a": 0},
)
def rnn_gradient_bound(
    T: Depth, x: Vectors, h0: Vector, U: SquareMatrix, W: SquareMatrix, b: Features, a: Features
):
    """Over T steps an RNN stretches a gradient by at most the Tth power of σ_max(W).

    The slope of tanh is at most 1. A largest singular value below 1 is sufficient for vanishing,
    one above 1 necessary for explosion, and not sufficient: saturated units pass nothing. Equality
    where a state of zeros stays so: there a product that is rounded up breaks the bound.
    """
    h = layers(lambda t, h: rnn_cell(x[t], h, U, W, b, a), h0)
    return LargestSingularValue(Jacobian(h(T), h0)) <= LargestSingularValue(W) ** T


@claim(source=(RECTIFIER.section("1"), IEEE_754.section("4.3.1")))
def two_hundred_steps_underflow(q: ShrinkingFactor):
    """Two hundred steps with a factor q underflow exactly where q ≤ T^(1/200), T the threshold.

    That is q ≤ 0.917 in float16, 0.629 in bfloat16, 0.595 in float32 and 0.024 in float64; for four
    hundred steps 0.958, 0.793, 0.771 and 0.155. Rounded after every step, as backpropagation does,
    the product never gets there for q > 1/2: it stalls near 1/(2(1 − q))
    times the smallest subnormal.
    """
    return Iff(power(q, 200) > UNDERFLOW_THRESHOLD, 200 * log(q) > log(UNDERFLOW_THRESHOLD))


@claim(
    source=(CV.section("2.5"), SOLUTIONS.section("3.6"), GERS_2000.section("3.1")),
    corrects="lstm_cannot_vanish",
)
def lstm_cell_path_is_the_forget_gate(
    T: Depth,
    x: Vectors,
    h: Vectors,
    c0: Vector,
    U: GateMatrix,
    W: GateMatrix,
    b: GateBiases,
    a: GateBiases,
    g: Vector,
):
    """Along the cells, the gradient after T steps is the upstream one times all forget gates f_t.

    The direct path: ∂c_t/∂c_{t−1} = f_t, with the states h_t, through which gates look at the past,
    held. Correctly rounded, a gate is 1 from a sum of 8.3 (float16), 6.25 (bfloat16), 17.3
    (float32) and 37.4 (float64) on; from there the gradient passes the step bit for bit.
    """

    def step(t, c):
        _, c = lstm_cell(x[t], h[t], c, U, W, b, a)
        return c

    c = layers(step, c0)
    z = lambda t: Dot(x[t], Transpose(U)) + Dot(h[t], Transpose(W)) + b + a
    f = lambda t: Exactly(sigmoid(Part(z(t), 2, 4)))
    loss = Total(g * c(T))
    return Eq(Gradient(loss, c0), Gradient(loss, c(T)) * Product(f(k), (k, 1, T)))


@claim(source=(SOLUTIONS.section("3.6"), GERS_2000.section("3.2")))
def lstm_output_path_passes_two_gates(
    x: InputBatch, h: Batch, c: Batch, U: InputGates, W: GateMatrix, b: GateBiases, a: GateBiases
):
    """The gradient of the output by the cell before passes the output and the forget gate.

    ∂h'/∂c = o (1 − tanh²c') f: what leaves the cell path meets a tanh again.
    """
    h1, c1 = lstm_cell(x, h, c, U, W, b, a)
    z = Dot(x, Transpose(U)) + Dot(h, Transpose(W)) + b + a
    f, o = (Exactly(sigmoid(Part(z, gate, 4))) for gate in (2, 4))
    return Eq(Slope(h1, c), o * (1 - Exactly(tanh(c1)) ** 2) * f)


@claim(source=(SOLUTIONS.section("3.6"), GERS_2000.section("3.2")))
def lstm_cell_gradient_adds_up_both_outputs(
    x: InputBatch,
    h: Batch,
    c: Batch,
    U: InputGates,
    W: GateMatrix,
    b: GateBiases,
    a: GateBiases,
    g: Batch,
    k: Batch,
):
    """What arrives by the output, g, and along the cells, k, leaves as (g o (1 − tanh²c') + k) f.

    That is every step of training but the last, where nothing comes along the cells.
    """
    h1, c1 = lstm_cell(x, h, c, U, W, b, a)
    z = Dot(x, Transpose(U)) + Dot(h, Transpose(W)) + b + a
    f, o = (Exactly(sigmoid(Part(z, gate, 4))) for gate in (2, 4))
    loss = Total(g * h1 + k * c1)
    return Eq(Gradient(loss, c), (g * o * (1 - Exactly(tanh(c1)) ** 2) + k) * f)


@claim(source=(CV.section("2.5"), GERS_2000.section("3.1")))
def lstm_gates_lie_in_unit_interval(x: Real):
    """An LSTM's gates are sigmoids: none is ever fully open, 1, or fully closed, 0.

    Stated of the sigmoid itself. In floats a gate reaches 1 from a sum of 6 (bfloat16) to 37
    (float64) on, and 0 far out on the other side; the ledger holds the first inputs.
    """
    return Abs(sigmoid(x) - Rational(1, 2)) < Rational(1, 2)


@claim(source=(CV.section("2.5"), GERS_2000.section("3.1")))
def lstm_gates_never_close(x: Real):
    """However negative the sum that goes into it, a gate lets something through.

    Stated of the sigmoid itself. In floats a gate closes where that underflows: there the cell
    forgets everything.
    """
    return sigmoid(x) > 0


@claim(source=(SOLUTIONS.section("3.6"), GERS_2000.section("3.1")))
def lstm_output_stays_below_one(
    x: Vector, h: Vector, c: Vector, U: GateMatrix, W: GateMatrix, b: GateBiases, a: GateBiases
):
    """Whatever an LSTM's cell holds, its output lies strictly between −1 and 1.

    In floats it reaches them: an open gate and the tanh of a large cell both round to 1.
    """
    h1, _ = lstm_cell(x, h, c, U, W, b, a)
    return Abs(h1) < 1


@refuted(
    source=(CV.section("2.5"), SOLUTIONS.section("3.6")),
    by={"T": 20, "x": 0, "h": 0, "c0": 0, "U": 0, "W": 0, "b": 0, "a": 0, "g": 1},
    instead="lstm_cell_path_is_the_forget_gate",
)
def lstm_cannot_vanish(
    T: Depth,
    x: Vectors,
    h: Vectors,
    c0: Vector,
    U: GateMatrix,
    W: GateMatrix,
    b: GateBiases,
    a: GateBiases,
    g: Vector,
):
    """However many steps, an LSTM's cells keep at least a thousandth of the gradient.

    They would with forget gates of 1. Gates of ½, as weights and biases of zeros make them, let 2⁻ᵀ
    of it through: after 20 steps a millionth.
    """

    def step(t, c):
        _, c = lstm_cell(x[t], h[t], c, U, W, b, a)
        return c

    c = layers(step, c0)
    loss = Total(g * c(T))
    return Abs(Gradient(loss, c0)) >= Abs(Gradient(loss, c(T))) / 1000


@claim(source=CHO_2014.equation(7))
def gru_state_never_outgrows_its_past(
    x: Vector,
    h: Vector,
    U: ResetGateMatrix,
    W: ResetGateMatrix,
    b: ResetGateBiases,
    a: ResetGateBiases,
):
    """A GRU's state lies between the one before and a tanh, and never rises above both h and 1.

    Nor does it fall below both h and −1, which is the same with all signs turned.
    """
    return gru_cell(x, h, U, W, b, a) <= Larger(h, 1)


@claim(source=CHO_2014.equation("7-8"))
def gru_candidate_bias_gradient_adds_up_the_rows(
    x: InputBatch,
    h: Batch,
    U: ResetInputGates,
    W: ResetGateMatrix,
    b: ResetGateBiases,
    a: ResetGateBiases,
):
    """The bias of a GRU's candidate n gets the slopes (1 − z)(1 − n²) of all rows, added up.

    Stated for the sum of the outputs as loss.
    """
    from_x, from_h = Dot(x, Transpose(U)) + b, Dot(h, Transpose(W)) + a
    r, z = (Exactly(sigmoid(Part(from_x + from_h, gate, 3))) for gate in (1, 2))
    n = Exactly(tanh(Part(from_x, 3, 3) + r * Part(from_h, 3, 3)))
    gradient = Gradient(Total(gru_cell(x, h, U, W, b, a)), b)
    return Eq(Part(gradient, 3, 3), ColumnTotal((1 - z) * (1 - n**2)))


@claim(source=CHO_2014.equation("5-8"))
def gru_gradient_takes_four_paths(
    x: Vector,
    h: Vector,
    U: ResetGateMatrix,
    W: ResetGateMatrix,
    b: ResetGateBiases,
    a: ResetGateBiases,
):
    """A GRU's Jacobian is diag(z), the direct path, plus those through n, r and z.

    Where z is 1 the direct path alone is left, and loses nothing.
    """
    from_x, from_h = Dot(x, Transpose(U)) + b, Dot(h, Transpose(W)) + a
    r, z = (Exactly(sigmoid(Part(from_x + from_h, gate, 3))) for gate in (1, 2))
    n = Exactly(tanh(Part(from_x, 3, 3) + r * Part(from_h, 3, 3)))
    W_r, W_z, W_n = (Transpose(Part(Transpose(W), gate, 3)) for gate in (1, 2, 3))
    reset = Dot(Diagonal(r), W_n) + Dot(Diagonal(Part(from_h, 3, 3) * r * (1 - r)), W_r)
    through_n = Dot(Diagonal((1 - z) * (1 - n**2)), reset)
    through_z = Dot(Diagonal((h - n) * z * (1 - z)), W_z)
    return Eq(Jacobian(gru_cell(x, h, U, W, b, a), h), Diagonal(z) + through_n + through_z)


@claim(source=(SOLUTIONS.section("3.6"), HOCHREITER_1997.section("1")))
def lstm_keeps_more_gradient_than_rnn(seed: Seed):
    """Over 200 steps an LSTM of forget bias 1 keeps 10²⁰ times the gradient of a tanh network.

    That is the gradient by the first input over that by the last. Measured at a framework's start,
    64 wide: 6·10⁻¹⁴ in the median, against what underflows to 0 in float32, so that both have lost
    it. With a forget bias of 0 the LSTM keeps 10⁻⁴⁰; from a bias of 3 on the gradient grows.
    """
    kept = lambda cell: GradientNormRatio(RecurrentNetwork(cell=cell, forget_bias=1), seed)
    return Probability(kept("lstm") > 10**20 * kept("tanh"), seed) > Rational(1, 2)

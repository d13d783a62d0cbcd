"""The balls of recurrent cells contain every honest way to compute them, and no way that is wrong.

As in tests/honest.py, whose draws and notion of honesty these are.
"""

import numpy as np
import pytest
import torch
from hypothesis import given, settings, strategies as st

from checks.formats import FLOAT32, FLOAT64
from checks.implementations.numpy_textbook import NUMPY_TEXTBOOK
from checks.rules import RULES, pulled
from tests.honest import (
    EVERY,
    SEEDS,
    SIGMOIDS,
    WIDELY,
    assert_honest,
    contract,
    draws,
    exact_points,
    flushing,
    in_order,
    nudged,
    outside,
    points,
    products,
    wide,
)

FEWER = settings(max_examples=max(settings().max_examples // 10, 3))
GATES = {"rnn_cell": 1, "lstm_cell": 4, "gru_cell": 3}
CELLS = pytest.mark.parametrize("cell", GATES)
ROWS, WIDTH = st.integers(1, 3), st.integers(1, 4)

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")


def operands(cell, fmt, seed, rows, width):
    """x, h, c where there is one, the weights and the biases."""
    wide_gates = GATES[cell] * width
    states = 3 if cell == "lstm_cell" else 2
    shapes = [(rows, width)] * states + [(wide_gates, width)] * 2 + [(wide_gates,)] * 2
    return [draws(fmt, seed + place, shape) for place, shape in enumerate(shapes)]


# -- honest cells, all in the working format ------------------------------------------------------

SUMS = {
    "two layers": lambda x, w, b, h, v, a: (x @ w.T + b) + (h @ v.T + a),
    "from the biases on": lambda x, w, b, h, v, a: in_order(
        products(np.hstack([x, h]), np.hstack([w, v])), a + b
    ),
    "backwards": lambda x, w, b, h, v, a: (
        in_order(products(np.hstack([h, x])[:, ::-1], np.hstack([v, w])[:, ::-1]), b) + a
    ),
}
SIGMOID = {"stable": "nudged", "naive": "naive and nudged", "growing": "by the growing exponential"}
# In which order the factors of a gradient are multiplied.
ORDERS = {
    "forward": lambda *factors: in_order_of(factors),
    "backward": lambda *factors: in_order_of(factors[::-1]),
    "slope first": lambda first, *rest: first * in_order_of(rest[::-1]),
}


def in_order_of(factors):
    total = factors[0]
    for factor in factors[1:]:
        total = total * factor
    return total


def rnn(way, x, h, w_ih, w_hh, b_ih, b_hh):
    return np.tanh(SUMS[way](x, w_ih, b_ih, h, w_hh, b_hh))


def lstm_gates(way, sigmoid, seed, x, h, w_ih, w_hh, b_ih, b_hh):
    i, f, g, o = np.split(SUMS[way](x, w_ih, b_ih, h, w_hh, b_hh), 4, axis=1)
    squash = SIGMOIDS[SIGMOID[sigmoid]]
    return squash(i, seed), squash(f, seed), nudged(np.tanh(g), seed), squash(o, seed)


def fused(a, b, c):
    """a b + c, rounded once."""
    double = np.longdouble if a.dtype == np.float64 else np.float64
    return (a.astype(double) * b.astype(double) + c.astype(double)).astype(a.dtype)


CELL_SUMS = {
    "two products": lambda i, f, g, c: f * c + i * g,
    "fused": lambda i, f, g, c: fused(f, c, i * g),
    "fused the other way": lambda i, f, g, c: fused(i, g, f * c),
}
STATES = {
    "mixed": lambda z, n, h: (1 - z) * n + z * h,
    "moved from n": lambda z, n, h: n + z * (h - n),
    "moved from h": lambda z, n, h: h + (1 - z) * (n - h),
}


def gru_parts(way, sigmoid, seed, x, h, w_ih, w_hh, b_ih, b_hh):
    from_x, from_h = x @ w_ih.T + b_ih, h @ w_hh.T + b_hh
    width = h.shape[1]
    gates = SUMS[way](
        x, w_ih[: 2 * width], b_ih[: 2 * width], h, w_hh[: 2 * width], b_hh[: 2 * width]
    )
    r, z = (SIGMOIDS[SIGMOID[sigmoid]](part, seed) for part in np.split(gates, 2, axis=1))
    reset = r * from_h[:, 2 * width :]
    among = in_order(products(x, w_ih[2 * width :]), reset) + b_ih[2 * width :]
    n = np.tanh(from_x[:, 2 * width :] + reset if way == "two layers" else among)
    return r, z, n, from_h[:, 2 * width :]


# -- forward --------------------------------------------------------------------------------------


@EVERY
@pytest.mark.parametrize("way", SUMS)
@FEWER
@given(seed=SEEDS, rows=ROWS, width=WIDTH)
def test_a_plain_cell_may_sum_in_any_order(fmt, way, seed, rows, width):
    arrays = operands("rnn_cell", fmt, seed, rows, width)
    ball = contract(fmt).forward("rnn_cell", *points(fmt, *arrays))
    assert_honest(fmt, ball, rnn(way, *(wide(fmt, part) for part in arrays)))


@EVERY
@pytest.mark.parametrize("way", SUMS)
@pytest.mark.parametrize("cell_sum", CELL_SUMS)
@FEWER
@given(seed=SEEDS, rows=ROWS, width=WIDTH, sigmoid=st.sampled_from(sorted(SIGMOID)))
def test_an_lstm_may_be_computed_in_any_usual_way(fmt, way, cell_sum, seed, rows, width, sigmoid):
    arrays = operands("lstm_cell", fmt, seed, rows, width)
    x, h, c, *layers = (wide(fmt, part) for part in arrays)
    i, f, g, o = lstm_gates(way, sigmoid, seed, x, h, *layers)
    cell = CELL_SUMS[cell_sum](i, f, g, c)
    given_points = points(fmt, *arrays)
    assert_honest(fmt, contract(fmt).forward("lstm_cell.c", *given_points), cell)
    assert_honest(fmt, contract(fmt).forward("lstm_cell.h", *given_points), o * np.tanh(cell))


@EVERY
@pytest.mark.parametrize("way", SUMS)
@pytest.mark.parametrize("state", STATES)
@FEWER
@given(seed=SEEDS, rows=ROWS, width=WIDTH, sigmoid=st.sampled_from(sorted(SIGMOID)))
def test_a_gru_may_be_computed_in_any_usual_way(fmt, way, state, seed, rows, width, sigmoid):
    arrays = operands("gru_cell", fmt, seed, rows, width)
    x, h, *layers = (wide(fmt, part) for part in arrays)
    _, z, n, _ = gru_parts(way, sigmoid, seed, x, h, *layers)
    ball = contract(fmt).forward("gru_cell", *points(fmt, *arrays))
    assert_honest(fmt, ball, STATES[state](z, n, h))


# -- backward -------------------------------------------------------------------------------------


def both_ways(grad, x, h, w_ih, w_hh):
    """The gradients of x, h, both weights and both biases."""
    bias = in_order(grad.T, 0 * grad[0])
    return grad @ w_ih, grad @ w_hh, grad.T @ x, grad.T @ h, bias, bias


def assert_all_honest(fmt, balls, gradients):
    for ball, gradient in zip(balls, gradients, strict=True):
        assert_honest(fmt, ball, gradient)


def nearest(fmt, values):
    return fmt.nearest(values.astype(np.float64))


@EVERY
@pytest.mark.parametrize("slope", ["stored", "again"])
@FEWER
@given(seed=SEEDS, rows=ROWS, width=WIDTH)
def test_a_plain_cells_slope_may_come_from_the_stored_output(fmt, slope, seed, rows, width):
    arrays, grad = operands("rnn_cell", fmt, seed, rows, width), draws(fmt, seed, (rows, width))
    x, h, w_ih, w_hh, *_ = wides = [wide(fmt, part) for part in arrays]
    y = rnn("two layers", *wides)
    stored = nearest(fmt, y)
    y = wide(fmt, stored) if slope == "stored" else y
    balls = contract(fmt).backward("rnn_cell", *points(fmt, *arrays, stored, grad))
    assert_all_honest(fmt, balls, both_ways(wide(fmt, grad) * (1 - y * y), x, h, w_ih, w_hh))


@EVERY
@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("output", ["h", "c", "h from the stored cell"])
@FEWER
@given(seed=SEEDS, rows=ROWS, width=WIDTH, sigmoid=st.sampled_from(sorted(SIGMOID)))
def test_an_lstms_gradient_may_be_multiplied_in_any_order(
    fmt, order, output, seed, rows, width, sigmoid
):
    arrays, grad = operands("lstm_cell", fmt, seed, rows, width), draws(fmt, seed, (rows, width))
    x, h, c, w_ih, w_hh, *biases = (wide(fmt, part) for part in arrays)
    i, f, g, o = lstm_gates("two layers", sigmoid, seed, x, h, w_ih, w_hh, *biases)
    cell = f * c + i * g
    stored = nearest(fmt, cell if output == "c" else o * np.tanh(cell))
    if output == "h from the stored cell":
        cell = wide(fmt, nearest(fmt, cell))
    up, t = wide(fmt, grad), np.tanh(cell)
    down = [up] if output == "c" else [up, o, 1 - t * t]
    multiply = ORDERS[order]
    sums = [
        multiply(*down, g, i, 1 - i),
        multiply(*down, c, f, 1 - f),
        multiply(*down, i, 1 - g * g),
        0 * up if output == "c" else multiply(up, t, o, 1 - o),
    ]
    x_grad, h_grad, *layers = both_ways(np.hstack(sums), x, h, w_ih, w_hh)
    balls = contract(fmt).backward(f"lstm_cell.{output[0]}", *points(fmt, *arrays, stored, grad))
    assert_all_honest(fmt, balls, (x_grad, h_grad, multiply(*down, f), *layers))


@EVERY
@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("state", ["mixed", "moved"])
@FEWER
@given(seed=SEEDS, rows=ROWS, width=WIDTH, sigmoid=st.sampled_from(sorted(SIGMOID)))
def test_a_grus_gradient_may_be_multiplied_in_any_order(
    fmt, order, state, seed, rows, width, sigmoid
):
    arrays, grad = operands("gru_cell", fmt, seed, rows, width), draws(fmt, seed, (rows, width))
    x, h, w_ih, w_hh, *biases = (wide(fmt, part) for part in arrays)
    r, z, n, from_h = gru_parts("two layers", sigmoid, seed, x, h, w_ih, w_hh, *biases)
    up, multiply = wide(fmt, grad), ORDERS[order]
    kept = multiply(up, 1 - z) if state == "mixed" else up - up * z
    to_z = multiply(up, h - n, z, 1 - z) if state == "mixed" else (up * h - up * n) * z * (1 - z)
    to_n = multiply(kept, 1 - n * n)
    to_r = multiply(to_n, from_h, r, 1 - r)
    to_x, to_h = np.hstack([to_r, to_z, to_n]), np.hstack([to_r, to_z, to_n * r])
    x_grad, _, w_ih_grad, _, b_ih_grad, _ = both_ways(to_x, x, h, w_ih, w_hh)
    _, through, _, w_hh_grad, _, b_hh_grad = both_ways(to_h, x, h, w_ih, w_hh)
    gradients = (x_grad, through + up * z, w_ih_grad, w_hh_grad, b_ih_grad, b_hh_grad)
    stored = nearest(fmt, (1 - z) * n + z * h)
    balls = contract(fmt).backward("gru_cell", *points(fmt, *arrays, stored, grad))
    assert_all_honest(fmt, balls, gradients)


# -- tightness ------------------------------------------------------------------------------------


@WIDELY
@pytest.mark.parametrize("operation", ["rnn_cell", "lstm_cell.h", "lstm_cell.c", "gru_cell"])
@pytest.mark.parametrize("sign", [-1, 1])
def test_outputs_and_gradients_that_are_two_percent_off_fall_out(fmt, operation, sign):
    # Around a stored output the enclosure of bfloat16 is up to 1.2 % wide.
    wrong, rng = 1 + sign * (0.1 if fmt.precision == 8 else 0.02), np.random.default_rng(4)
    cell = operation.partition(".")[0]
    # Halved, so that few units saturate: there 1 − y² from a stored y near 1 says little.
    shapes = [part.shape for part in operands(cell, fmt, 0, 8, 3)]
    arrays = [fmt.nearest(rng.normal(size=shape) / 2) for shape in shapes]
    rules, given_points = contract(fmt), points(fmt, *arrays)
    ball = rules.forward(operation, *given_points)
    assert outside(ball, fmt.nearest(ball.center * wrong)).mean() > 0.9
    stored, grad = (
        points(fmt, part)[0]
        for part in (fmt.nearest(ball.center), fmt.nearest(rng.normal(size=(8, 3))))
    )
    moved = [
        outside(back, fmt.nearest(back.center * wrong))[back.center != 0]
        for back in rules.backward(operation, *given_points, stored, grad)
    ]
    assert np.concatenate(moved).mean() > 0.75  # the others are sums of what cancels


# -- the exact reading ----------------------------------------------------------------------------

TORCH = {
    "rnn_cell": torch.rnn_tanh_cell,
    "lstm_cell.h": lambda x, h, c, *layers: torch.lstm_cell(x, (h, c), *layers)[0],
    "lstm_cell.c": lambda x, h, c, *layers: torch.lstm_cell(x, (h, c), *layers)[1],
    "gru_cell": torch.gru_cell,
}


@pytest.mark.parametrize("operation", TORCH)
@pytest.mark.parametrize("fmt", [FLOAT32, FLOAT64], ids=str)
def test_the_exact_reading_is_torchs_in_double_precision(operation, fmt):
    rng = np.random.default_rng(7)
    shapes = [part.shape for part in operands(operation.partition(".")[0], fmt, 0, 3, 4)]
    arrays = [rng.normal(size=shape).astype(fmt.dtype) for shape in shapes]
    grad = rng.normal(size=(3, 4)).astype(fmt.dtype)
    tensors = [torch.from_numpy(part.astype(np.float64)).requires_grad_() for part in arrays]
    output = TORCH[operation](*tensors)
    torch_grads = torch.autograd.grad(
        output, tensors, torch.from_numpy(grad.astype(np.float64)), allow_unused=True
    )
    ar, balls = exact_points(fmt, *arrays, grad)
    *given_points, up = balls

    def exactly(name, *parts):
        return RULES[name].forward(ar, *parts)

    forward = exactly(operation, *given_points)
    backward = pulled(exactly, operation, ar, *given_points, forward, up)
    for ball, tensor in zip((forward, *backward), (output, *torch_grads), strict=True):
        expected = tensor.detach().numpy()
        # One function is within 2⁻⁴⁶, and no gradient goes through more than sixteen of them.
        assert ball.rad.max() < 2.0**-42
        assert np.abs(ball.center - expected).max() < 2.0**-42


# -- devices that flush, gates that saturate ------------------------------------------------------


@CELLS
@FEWER
@given(seed=SEEDS, tiny=st.integers(0, 5))
def test_what_a_flushing_device_computes_is_enclosed(cell, seed, tiny):
    rng, rules = np.random.default_rng(seed), contract(FLOAT32, flushes=True)
    arrays = [
        rng.normal(size=part.shape).astype(np.float32) for part in operands(cell, FLOAT32, 0, 2, 3)
    ]
    arrays[tiny] = np.ldexp(arrays[tiny], rng.integers(-130, -120, arrays[tiny].shape))
    with flushing():
        computed = NUMPY_TEXTBOOK.functions[cell](*arrays)
    balls = [rules.arithmetic.point(part) for part in arrays]
    if cell != "lstm_cell":
        assert_honest(FLOAT32, rules.forward(cell, *balls), computed)
        return
    for name, value in zip("hc", computed, strict=True):
        assert_honest(FLOAT32, rules.forward(f"{cell}.{name}", *balls), value)


@WIDELY
def test_a_saturated_forget_gate_passes_the_gradient_bit_for_bit(fmt):
    rng = np.random.default_rng(5)
    x, h, c, *layers = (
        fmt.nearest(rng.normal(size=p.shape)) for p in operands("lstm_cell", fmt, 0, 2, 3)
    )
    layers[2][3:6] = 64  # the forget gates' bias
    grads = [fmt.nearest(0 * rng.normal(size=(2, 3))), fmt.nearest(rng.normal(size=(2, 3)))]
    outputs = NUMPY_TEXTBOOK.functions["lstm_cell"](x, h, c, *layers)
    _, _, c_grad, *_ = NUMPY_TEXTBOOK.functions["lstm_cell_backward"](
        tuple(grads), x, h, c, *layers, outputs
    )
    assert c_grad.tobytes() == grads[1].tobytes()

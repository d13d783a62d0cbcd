"""Recurrent cells: wrong ways to compute them."""

import numpy as np

from checks.implementations.numpy_textbook import recurrent
from checks.implementations.numpy_textbook.widening import wide
from tests.mutants.mutant import FULL, HALF, NUMPY, TORCH, mutant, textbook

RNN = ("rnn_gradient_is_a_product_over_time", "rnn_gradient_bound")
CELL_PATH = ("lstm_cell_path_is_the_forget_gate", "lstm_cannot_vanish")
OUTPUT = ("lstm_output_path_passes_two_gates", "lstm_output_stays_below_one")
GRU = ("gru_gradient_takes_four_paths", "gru_state_never_outgrows_its_past")
STEPS = ("two_hundred_steps_underflow",)
GATE_VALUES = ("lstm_gates_lie_in_unit_interval", "lstm_gates_never_close")


@mutant(NUMPY, "power", STEPS)
def power_stops_a_factor_short(base, exponent):
    """qⁿ⁻¹."""
    return textbook.power(base, exponent - 1)


@mutant(NUMPY, "sigmoid", GATE_VALUES)
def sigmoid_is_a_hard_one(x):
    """A line between 0 and 1, as old recurrent layers had for their gates."""
    return np.clip(wide(x) / 5 + 0.5, 0, 1).astype(x.dtype)


@mutant(NUMPY, "rnn_cell", RNN)
def rnn_forgets_a_bias(x, h, w_ih, w_hh, b_ih, b_hh):
    """One bias for both layers, where the weights come with two."""
    return textbook.rnn_cell(x, h, w_ih, w_hh, b_ih, 0 * b_hh)


@mutant(NUMPY, "rnn_cell", RNN, HALF)
def rnn_rounds_what_goes_into_its_tanh(x, h, w_ih, w_hh, b_ih, b_hh):
    """Two layers of a 16-bit format, each rounded, and their sum."""
    layers = textbook.linear(x, w_ih, b_ih) + textbook.linear(h, w_hh, b_hh)
    return np.tanh(wide(layers)).astype(x.dtype)


@mutant(NUMPY, "rnn_cell_backward", RNN)
def rnn_backward_forgets_its_slope(grad, *operands):
    """The weights alone, as in a linear recurrence."""
    return textbook.rnn_cell_backward(grad, *operands[:-1], 0 * operands[-1])


@mutant(NUMPY, "rnn_cell_backward", ("rnn_bias_gradient_adds_up_the_rows",))
def rnn_backward_averages_its_bias_over_the_rows(grad, *operands):
    """The mean over the batch instead of the sum."""
    *others, b_ih, b_hh = textbook.rnn_cell_backward(grad, *operands)
    return *others, b_ih / grad.dtype.type(len(grad)), b_hh


@mutant(TORCH, "rnn_cell", RNN, FULL)
def rnn_detaches_its_state(x, h, w_ih, w_hh, b_ih, b_hh):
    """Truncated after a single step: nothing is sent back in time."""
    return TORCH.functions["rnn_cell"](x, h.detach(), w_ih, w_hh, b_ih, b_hh)


@mutant(NUMPY, "lstm_cell", CELL_PATH + OUTPUT)
def lstm_orders_its_gates_otherwise(x, h, c, *layers):
    """The weights are read in the order i f o g, which other libraries store them in."""
    parts = (np.split(layer, 4) for layer in layers)
    return textbook.lstm_cell(x, h, c, *(np.concatenate([i, f, o, g]) for i, f, g, o in parts))


@mutant(NUMPY, "lstm_cell", CELL_PATH)
def lstm_never_forgets(x, h, c, *layers):
    """c' = c + i g, the cell of 1997."""
    i, _, g, o = recurrent._gates(x, h, *layers)
    cell = wide(c) + i * g
    return (o * np.tanh(cell)).astype(x.dtype), cell.astype(x.dtype)


@mutant(NUMPY, "lstm_cell", OUTPUT)
def lstm_shows_the_old_cell(x, h, c, *layers):
    """h' = o tanh(c)."""
    *_, o = recurrent._gates(x, h, *layers)
    return (o * np.tanh(wide(c))).astype(x.dtype), textbook.lstm_cell(x, h, c, *layers)[1]


@mutant(NUMPY, "lstm_cell", OUTPUT, HALF)
def lstm_rounds_its_gates(x, h, c, *layers):
    """Every gate is stored in 16 bits before it is used."""
    i, f, g, o = (wide(gate.astype(x.dtype)) for gate in recurrent._gates(x, h, *layers))
    cell = f * wide(c) + i * g
    return (o * np.tanh(cell)).astype(x.dtype), cell.astype(x.dtype)


@mutant(NUMPY, "lstm_cell_backward", CELL_PATH)
def lstm_backward_sends_the_gradient_past_the_gate(grads, *operands):
    """∂c'/∂c = 1, the constant error carousel, where there is a forget gate."""
    x_grad, h_grad, _, *rest = textbook.lstm_cell_backward(grads, *operands)
    return x_grad, h_grad, grads[1], *rest


@mutant(NUMPY, "lstm_cell_backward", ("lstm_cell_gradient_adds_up_both_outputs",))
def lstm_backward_takes_one_of_two_gradients(grads, *operands):
    """What arrives by the output is left out where anything arrives along the cells."""
    h_grad, c_grad = grads
    return textbook.lstm_cell_backward((0 * h_grad if c_grad.any() else h_grad, c_grad), *operands)


@mutant(NUMPY, "lstm_cell_backward", OUTPUT[:1])
def lstm_backward_forgets_the_output(grads, *operands):
    """Only the gradient of the cell comes back, not that of the output."""
    return textbook.lstm_cell_backward((0 * grads[0], grads[1]), *operands)


@mutant(NUMPY, "gru_cell", GRU)
def gru_resets_before_the_linear_map(x, h, w_ih, w_hh, b_ih, b_hh):
    """W(r h) for r (W h), which is Cho's unit and not that of the weights' library.

    Reported as microsoft/onnxscript#2852.
    """
    r, z, _, _ = recurrent._unit(x, h, w_ih, w_hh, b_ih, b_hh)
    d = 2 * h.shape[1]
    from_h = (r * wide(h)) @ wide(w_hh[d:]).T + wide(b_hh[d:])
    n = np.tanh(wide(x) @ wide(w_ih[d:]).T + wide(b_ih[d:]) + from_h)
    return ((1 - z) * n + z * wide(h)).astype(x.dtype)


@mutant(NUMPY, "gru_cell", GRU)
def gru_updates_where_it_should_keep(x, h, *layers):
    """z n + (1 − z) h."""
    _, z, n, _ = recurrent._unit(x, h, *layers)
    return (z * n + (1 - z) * wide(h)).astype(x.dtype)


@mutant(NUMPY, "gru_cell_backward", GRU[:1])
def gru_backward_forgets_the_direct_path(grad, *operands):
    """Through the gates and the candidate alone."""
    x_grad, h_grad, *rest = textbook.gru_cell_backward(grad, *operands)
    _, z, _, _ = recurrent._unit(*operands[:-1])
    return x_grad, (wide(h_grad) - wide(grad) * z).astype(h_grad.dtype), *rest


GRU_BATCH = ("gru_candidate_bias_gradient_adds_up_the_rows",)


@mutant(NUMPY, "gru_cell", GRU_BATCH)
def gru_splits_its_gates_along_the_rows(x, h, w_ih, w_hh, b_ih, b_hh):
    """Sums that are read as (3, m, d): right for one row, and other units' numbers for more."""
    from_x, from_h = (
        (wide(part) @ wide(weight).T + wide(bias)).reshape(3, *h.shape)
        for part, weight, bias in ((x, w_ih, b_ih), (h, w_hh, b_hh))
    )
    r, z = (1 / (1 + np.exp(-(from_x[gate] + from_h[gate]))) for gate in (0, 1))
    n = np.tanh(from_x[2] + r * from_h[2])
    return ((1 - z) * n + z * wide(h)).astype(x.dtype)


@mutant(NUMPY, "gru_cell_backward", GRU_BATCH)
def gru_backward_averages_the_biases_over_the_rows(grad, *operands):
    """Mean for sum."""
    *parts, b_ih_grad, b_hh_grad = textbook.gru_cell_backward(grad, *operands)
    rows = len(grad)
    means = ((wide(part) / rows).astype(part.dtype) for part in (b_ih_grad, b_hh_grad))
    return *parts, *means


@mutant(NUMPY, "lstm_cell", ("lstm_output_path_passes_two_gates",), (*HALF, "float32"))
def lstm_forgets_the_past_of_late_rows(x, h, c, *layers):
    """The state of rows past the hundredth is read as 0. Reported as pytorch/pytorch#177834."""
    late = np.arange(len(h))[:, np.newaxis] >= 100
    return textbook.lstm_cell(x, np.where(late, 0, h).astype(h.dtype), c, *layers)


@mutant(NUMPY, "gru_cell", GRU_BATCH, (*HALF, "float32"))
def gru_computes_whole_blocks_of_rows(x, h, *layers):
    """Rows after the last whole block of 64 keep their state, where a batch has such a block."""
    whole = len(x) // 64 * 64 or len(x)
    return np.concatenate([textbook.gru_cell(x[:whole], h[:whole], *layers), h[whole:]])


@mutant(NUMPY, "gru_cell", GRU_BATCH)
def gru_has_as_many_units_as_inputs(x, h, w_ih, w_hh, b_ih, b_hh):
    """The width of the inputs is taken for that of the state, where the weights allow it."""
    d = min(x.shape[1], h.shape[1])
    gates = [part.reshape(3, -1)[:, :d].reshape(-1) for part in (b_ih, b_hh)]
    to_h = w_hh.reshape(3, -1, h.shape[1])[:, :d, :d].reshape(-1, d)
    to_x = w_ih.reshape(3, -1, x.shape[1])[:, :d].reshape(-1, x.shape[1])
    y = h.copy()
    y[:, :d] = textbook.gru_cell(x, h[:, :d], to_x, to_h, *gates)
    return y

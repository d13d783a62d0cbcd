"""Recurrent cells: right and unusual ways to compute them."""

import numpy as np
import torch

from checks.implementations.numpy_textbook import recurrent
from checks.implementations.numpy_textbook.widening import wide
from tests.variants.variant import NUMPY, TORCH, double, variant, working


@variant(NUMPY, "rnn_cell")
def rnn_in_one_product(x, h, w_ih, w_hh, b_ih, b_hh):
    """Input and state side by side, as fused kernels hold them."""
    rows = np.concatenate([wide(h), wide(x)], axis=1)
    weights = np.concatenate([wide(w_hh), wide(w_ih)], axis=1)
    return np.tanh(rows @ weights.T + (wide(b_ih) + wide(b_hh))).astype(x.dtype)


@variant(NUMPY, "rnn_cell_backward")
def rnn_backward_computes_its_output_again(grad, *operands):
    *arguments, _ = operands
    x, h, w_ih, w_hh, b_ih, b_hh = arguments
    y = np.tanh(recurrent._sum(x, w_ih, b_ih) + recurrent._sum(h, w_hh, b_hh))
    return recurrent._both_ways(wide(grad) * (1 - y) * (1 + y), *arguments)


@variant(TORCH, "lstm_cell")
def lstm_in_double_precision(x, h, c, *layers):
    state = torch.lstm_cell(x.double(), (h.double(), c.double()), *(p.double() for p in layers))
    return tuple(part.to(x.dtype) for part in state)


@variant(TORCH, "lstm_cell")
def lstm_in_the_working_format(x, h, c, *layers):
    state = torch.lstm_cell(working(x), (working(h), working(c)), *map(working, layers))
    return tuple(part.to(x.dtype) for part in state)


@variant(NUMPY, "lstm_cell", ("float16", "bfloat16", "float32"))
def lstm_with_fused_multiply_add(x, h, c, *layers):
    """The cell's products enter its sum unrounded; float64 stands for the unit's inner width."""
    i, f, g, o = recurrent._gates(x, h, *layers)
    cell = (double(f) * double(c) + double(i * g)).astype(f.dtype)
    return (o * np.tanh(cell)).astype(x.dtype), cell.astype(x.dtype)


@variant(NUMPY, "lstm_cell_backward")
def lstm_backward_reads_the_stored_cell(grads, *operands):
    """tanh of the new cell as it was stored, and the slopes first."""
    x, h, c, *layers, (_, stored) = operands
    i, f, g, o = recurrent._gates(x, h, *layers)
    h_grad, c_grad = map(wide, grads)
    squashed = np.tanh(wide(stored))
    cell = (1 - squashed) * (1 + squashed) * o * h_grad + c_grad
    sums = [
        i * (1 - i) * g * cell,
        f * (1 - f) * wide(c) * cell,
        (1 - g) * (1 + g) * i * cell,
        o * (1 - o) * squashed * h_grad,
    ]
    x_grad, h_grad, *rest = recurrent._both_ways(np.concatenate(sums, axis=1), x, h, *layers)
    return x_grad, h_grad, (f * cell).astype(c.dtype), *rest


@variant(TORCH, "gru_cell", limits=("gru_state_never_outgrows_its_past",))
def gru_in_double_precision(x, h, *layers):
    return torch.gru_cell(x.double(), h.double(), *(part.double() for part in layers)).to(x.dtype)


@variant(NUMPY, "gru_cell", limits=("gru_state_never_outgrows_its_past",))
def gru_moves_from_its_candidate(x, h, *layers):
    """n + z (h − n)."""
    _, z, n, _ = recurrent._unit(x, h, *layers)
    return (n + z * (wide(h) - n)).astype(x.dtype)

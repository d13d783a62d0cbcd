"""Recurrent cells: one step in time, with weights as torch stores them."""

from types import MappingProxyType
from typing import Any

from sympy import Matrix

from theory.heads.activations import sigmoid, tanh
from theory.heads.kinds import ImplementationHead, Several
from theory.sources import CHO_2014, GERS_2000, GOODFELLOW_2016


class rnn_cell(ImplementationHead):
    """tanh(x · w_ihᵀ + b_ih + h · w_hhᵀ + b_hh)."""

    parameters = ("x", "h", "w_ih", "w_hh", "b_ih", "b_hh")
    shapes = (
        "x (batch, in), h (batch, hidden), w_ih (hidden, in), w_hh (hidden, hidden), "
        "b_ih and b_hh (hidden,) -> (batch, hidden)"
    )
    source = GOODFELLOW_2016.equation("10.9")
    shaped_like = "h"

    @classmethod
    def definition(cls, x: Any, h: Any, w_ih: Any, w_hh: Any, b_ih: Any, b_hh: Any) -> Any:
        """The input and the previous state, through one tanh."""
        return _affine(x, w_ih, b_ih, h, w_hh, b_hh).applyfunc(tanh)


class lstm_cell(Several):
    """c' = f * c + i * g and h' = o * tanh(c'), with sigmoids i, f, o and a tanh g as gates.

    The gates stand in this order, i f g o, one below the other in the weights and biases.
    """

    parameters = ("x", "h", "c", "w_ih", "w_hh", "b_ih", "b_hh")
    shapes = (
        "x (batch, in), h and c (batch, hidden), w_ih (4 hidden, in), w_hh (4 hidden, hidden), "
        "b_ih and b_hh (4 hidden,) -> h' and c' (batch, hidden)"
    )
    source = GERS_2000.section("3.1")
    outputs = MappingProxyType({"h": "h", "c": "c"})

    @classmethod
    def definition(cls, x: Any, h: Any, c: Any, w_ih: Any, w_hh: Any, b_ih: Any, b_hh: Any) -> Any:
        """The cell with a forget gate and without peepholes."""
        i, f, g, o = _parts(_affine(x, w_ih, b_ih, h, w_hh, b_hh), 4)
        i, f, o = (gate.applyfunc(sigmoid) for gate in (i, f, o))
        kept, written = _times(f, c), _times(i, g.applyfunc(tanh))
        cell = kept + written
        return _times(o, cell.applyfunc(tanh)), cell


class gru_cell(ImplementationHead):
    """(1 - z) * n + z * h with n = tanh(x's part + r * h's part), and sigmoids r and z as gates.

    The parts stand in the order r z n. The reset gate r is applied behind h's linear map, bias
    included, as in torch and cuDNN; in Cho et al. it is applied before.
    """

    parameters = ("x", "h", "w_ih", "w_hh", "b_ih", "b_hh")
    shapes = (
        "x (batch, in), h (batch, hidden), w_ih (3 hidden, in), w_hh (3 hidden, hidden), "
        "b_ih and b_hh (3 hidden,) -> (batch, hidden)"
    )
    source = CHO_2014.equation("5-8")
    shaped_like = "h"

    @classmethod
    def definition(cls, x: Any, h: Any, w_ih: Any, w_hh: Any, b_ih: Any, b_hh: Any) -> Any:
        """The gated unit, its reset gate behind the linear map."""
        from_x, from_h = (
            _parts(_linear(*layer), 3) for layer in ((x, w_ih, b_ih), (h, w_hh, b_hh))
        )
        r, z = ((from_x[k] + from_h[k]).applyfunc(sigmoid) for k in (0, 1))
        n = (from_x[2] + _times(r, from_h[2])).applyfunc(tanh)
        return n + _times(z, h - n)


def _linear(x: Any, weight: Any, bias: Any) -> Any:
    product = x * weight.T
    return Matrix(*product.shape, lambda r, c: product[r, c] + bias[c])


def _affine(x: Any, w_ih: Any, b_ih: Any, h: Any, w_hh: Any, b_hh: Any) -> Any:
    """What goes into the gates."""
    return _linear(x, w_ih, b_ih) + _linear(h, w_hh, b_hh)


def _parts(z: Any, count: int) -> list[Any]:
    """Equal parts of every row, from left to right."""
    width = z.cols // count
    return [z[:, k * width : (k + 1) * width] for k in range(count)]


def _times(a: Any, b: Any) -> Any:
    """The product entry by entry."""
    return a.multiply_elementwise(b)

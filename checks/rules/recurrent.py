"""Rules for recurrent cells: gates in the working format, each output rounded once."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from checks.enclosures import Arithmetic, Ball, gamma, hull
from checks.rules import activations
from checks.rules.rule import Contributions, Rule

_SIGMOID, _TANH = (activations.RULES[name] for name in ("sigmoid", "tanh"))
# A gradient of a gate is a product of at most seven numbers.
_PRODUCTS = 6


def _beside(*balls: Ball) -> Ball:
    """Arrays next to each other, column by column."""
    return Ball(
        np.concatenate([ball.mid for ball in balls], axis=1),
        np.concatenate([ball.rad for ball in balls], axis=1),
    )


def _columns(z: Ball, count: int) -> list[Ball]:
    """Equal parts of every row, from left to right."""
    return [z.map(lambda part, k=k: np.split(part, count, axis=1)[k]) for k in range(count)]


def _affine(ar: Arithmetic, layers: Sequence[tuple[Ball, Ball]], biases: Sequence[Ball]) -> Ball:
    """The sum of all x wᵀ and all biases, its terms in any order: a bias is a product with 1."""
    ones = ar.point(np.ones((layers[0][0].shape[0], len(biases))))
    columns = [bias.map(lambda part: part[:, None]) for bias in biases]
    rows = _beside(*(x for x, _ in layers), ones)
    weights = _beside(*(weight for _, weight in layers), *columns)
    return ar.dot(rows, weights.map(np.transpose))


def _affine_backward(ar: Arithmetic, x: Ball, weight: Ball, grad: Ball) -> tuple[Ball, Ball, Ball]:
    """The gradients of x, the weight and the bias."""
    columns = grad.map(np.transpose)
    return ar.dot(grad, weight), ar.dot(columns, x), ar.sum(grad, axis=0)


def _slope(rule: Rule, ar: Arithmetic, z: Ball, output: Ball, grad: Ball) -> Ball:
    """A gradient times the slope of an activation."""
    assert rule.backward is not None
    (result,) = rule.backward(ar, z, output, grad)
    assert result is not None
    return ar.widened(result, _overflow(z))


def _activated(rule: Rule, ar: Arithmetic, z: Ball) -> Ball:
    """An activation of a sum that may have overflowed on its way."""
    return ar.widened(rule.forward(ar, z), _overflow(z))


def _overflow(z: Ball) -> Any:
    """Infinite where a sum may be the difference of two infinities: no gate bounds a NaN."""
    return np.where(np.isfinite(z.rad), 0.0, np.inf)


def _lost(ar: Arithmetic, *factors: Any) -> Any:
    """What a product may lose that underflows, or overflows, at another place in another order.

    There it is multiplied by what comes after: by these factors, all others being at most 1.
    """
    if ar.is_exact:
        return 0.0
    with np.errstate(over="ignore"):
        largest = np.prod([np.maximum(size, 1) for size in factors], axis=0)
        return np.where(largest <= ar.ceiling, _PRODUCTS * ar.tiny * largest, np.inf)


def _repeated(lost: Any, count: int) -> Any:
    """The same for each of several gates next to each other."""
    return np.tile(lost, count) if np.ndim(lost) else lost


# -- the plain cell -------------------------------------------------------------------------------


def _rnn_sum(
    ar: Arithmetic, x: Ball, h: Ball, w_ih: Ball, w_hh: Ball, b_ih: Ball, b_hh: Ball
) -> Ball:
    return _affine(ar, [(x, w_ih), (h, w_hh)], [b_ih, b_hh])


def _rnn(ar: Arithmetic, *arguments: Ball) -> Ball:
    return _activated(_TANH, ar, _rnn_sum(ar, *arguments))


def _rnn_backward(ar: Arithmetic, *operands: Ball) -> Contributions:
    *arguments, output, grad = operands
    z = _rnn_sum(ar, *arguments)
    # The slope 1 − y² comes from the stored output, or from one that is computed again.
    stored, again = (_slope(_TANH, ar, z, y, grad) for y in (output, _activated(_TANH, ar, z)))
    return _both_ways(ar, arguments, hull(stored.mid, stored, again))


def _both_ways(ar: Arithmetic, arguments: Sequence[Ball], grad: Ball) -> tuple[Ball, ...]:
    """The gradients of x, h, both weights and both biases, of which one sum is made."""
    x, h, w_ih, w_hh, *_ = arguments
    x_grad, w_ih_grad, bias_grad = _affine_backward(ar, x, w_ih, grad)
    h_grad, w_hh_grad, _ = _affine_backward(ar, h, w_hh, grad)
    return x_grad, h_grad, w_ih_grad, w_hh_grad, bias_grad, bias_grad


# -- the LSTM -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Gates:
    """The sums that go into the gates, and what comes out of them, in the order i f g o."""

    sums: list[Ball]
    values: list[Ball]

    @classmethod
    def of(cls, ar: Arithmetic, x: Ball, h: Ball, c: Ball, *layers: Ball) -> "_Gates":
        sums = _columns(_rnn_sum(ar, x, h, *layers), 4)
        rules = (_SIGMOID, _SIGMOID, _TANH, _SIGMOID)
        return cls(sums, [_activated(rule, ar, z) for rule, z in zip(rules, sums, strict=True)])

    def cell(self, ar: Arithmetic, c: Ball) -> Ball:
        """f c + i g."""
        i, f, g, _ = self.values
        return ar.add(ar.multiply(f, c), ar.multiply(i, g))


def _lstm_c(ar: Arithmetic, x: Ball, h: Ball, c: Ball, *layers: Ball) -> Ball:
    return _Gates.of(ar, x, h, c, *layers).cell(ar, c)


def _lstm_h(ar: Arithmetic, x: Ball, h: Ball, c: Ball, *layers: Ball) -> Ball:
    gates = _Gates.of(ar, x, h, c, *layers)
    return ar.multiply(gates.values[3], _activated(_TANH, ar, gates.cell(ar, c)))


def _lstm_c_backward(ar: Arithmetic, *operands: Any) -> Contributions:
    *arguments, _, grad = operands
    gates = _Gates.of(ar, *arguments)
    # The outputs share this backward pass: their gradient, a zero, is multiplied by their gate.
    shared = _overflow(gates.sums[3]) + _overflow(gates.cell(ar, arguments[2]))
    out = ar.widened(ar.point(np.zeros(grad.shape)), shared)
    return _through_the_cell(ar, arguments, gates, ar.widened(grad, shared), out, grad.magnitude)


def _lstm_h_backward(ar: Arithmetic, *operands: Any) -> Contributions:
    *arguments, output, grad = operands
    gates = _Gates.of(ar, *arguments)
    *_, o = gates.values
    # The new cell as it was stored; its enclosure holds the one that is computed again, too.
    cell = output("c")
    squashed = _activated(_TANH, ar, cell)
    cell_grad = _slope(_TANH, ar, cell, squashed, ar.multiply(grad, o))
    out = _slope(_SIGMOID, ar, gates.sums[3], o, ar.multiply(grad, squashed))
    return _through_the_cell(ar, arguments, gates, cell_grad, out, grad.magnitude)


def _through_the_cell(
    ar: Arithmetic, arguments: Sequence[Ball], gates: _Gates, grad: Ball, out: Ball, upstream: Any
) -> Contributions:
    """From the gradients of the new cell and of the sum that goes into the output gate."""
    x, h, c, *layers = arguments
    i, f, g, _ = gates.values
    z_i, z_f, z_g, _ = gates.sums
    sums = _beside(
        _slope(_SIGMOID, ar, z_i, i, ar.multiply(grad, g)),
        _slope(_SIGMOID, ar, z_f, f, ar.multiply(grad, c)),
        _slope(_TANH, ar, z_g, g, ar.multiply(grad, i)),
        out,
    )
    lost = _lost(ar, upstream, c.magnitude)
    x_grad, h_grad, *layers_grad = _both_ways(
        ar, (x, h, *layers), ar.widened(sums, _repeated(lost, 4))
    )
    return x_grad, h_grad, ar.widened(ar.multiply(grad, f), lost), *layers_grad


# -- the GRU --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Unit:
    """A GRU's gates r and z and its candidate n, each with the sum that goes into it."""

    sums: tuple[Ball, Ball, Ball]
    r: Ball
    z: Ball
    n: Ball
    from_h: Ball  # h's part of the candidate, before it is reset

    @classmethod
    def of(
        cls, ar: Arithmetic, x: Ball, h: Ball, w_ih: Ball, w_hh: Ball, b_ih: Ball, b_hh: Ball
    ) -> "_Unit":
        width = h.shape[1]
        of_gates, of_n = (
            [part.map(lambda rows, span=span: rows[span]) for part in (w_ih, w_hh, b_ih, b_hh)]
            for span in (slice(0, 2 * width), slice(2 * width, None))
        )
        z_r, z_z = _columns(_rnn_sum(ar, x, h, *of_gates), 2)
        w_in, w_hn, b_in, b_hn = of_n
        from_h = _affine(ar, [(h, w_hn)], [b_hn])
        r, z = (_activated(_SIGMOID, ar, part) for part in (z_r, z_z))
        reset = ar.multiply(r, from_h)
        # What is reset may be added anywhere among x's terms: it is one term more, a zero here.
        from_x = _affine(ar, [(x, w_in)], [b_in, b_in.map(np.zeros_like)])
        reset = ar.widened(reset, gamma(x.shape[1] + 1, ar.unit) * reset.magnitude)
        z_n = ar.add(from_x, reset)
        return cls((z_r, z_z, z_n), r, z, _activated(_TANH, ar, z_n), from_h)

    def kept(self, ar: Arithmetic) -> Ball:
        """1 − z, from z or from the sum that goes into it."""
        direct = _activated(_SIGMOID, ar, ar.negative(self.sums[1]))
        if ar.is_exact:
            return direct
        from_z = ar.subtract(ar.number(Fraction(1)), self.z)
        # A gradient g of 1 − z may be computed as g − g z, which rounds g z too.
        return hull(direct.mid, direct, ar.widened(from_z, ar.unit))


def _gru(ar: Arithmetic, x: Ball, h: Ball, *layers: Ball) -> Ball:
    unit = _Unit.of(ar, x, h, *layers)
    result = ar.add(ar.multiply(unit.kept(ar), unit.n), ar.multiply(unit.z, h))
    # n + z (h − n) rounds at the size of h and n.
    size = h.magnitude + unit.n.magnitude
    return ar.widened(result, gamma(3, ar.unit) * size + 2 * ar.tiny)


def _gru_backward(ar: Arithmetic, *operands: Ball) -> Contributions:
    x, h, w_ih, w_hh, b_ih, b_hh, _, grad = operands
    unit = _Unit.of(ar, x, h, w_ih, w_hh, b_ih, b_hh)
    z_r, z_z, z_n = unit.sums
    # g (h − n), or g h − g n.
    size = h.magnitude + unit.n.magnitude
    apart = ar.widened(ar.subtract(h, unit.n), gamma(2, ar.unit) * size)
    to_n = _slope(_TANH, ar, z_n, unit.n, ar.multiply(grad, unit.kept(ar)))
    to_r = _slope(_SIGMOID, ar, z_r, unit.r, ar.multiply(to_n, unit.from_h))
    to_z = _slope(_SIGMOID, ar, z_z, unit.z, ar.multiply(grad, apart))
    lost = _lost(ar, grad.magnitude, np.maximum(unit.from_h.magnitude, size))
    to_x, to_h = (
        ar.widened(_beside(to_r, to_z, part), _repeated(lost, 3))
        for part in (to_n, ar.multiply(to_n, unit.r))
    )
    x_grad, w_ih_grad, b_ih_grad = _affine_backward(ar, x, w_ih, to_x)
    through, w_hh_grad, b_hh_grad = _affine_backward(ar, h, w_hh, to_h)
    kept = ar.multiply(grad, unit.z)
    with np.errstate(over="ignore", invalid="ignore"):
        # What is kept may be added anywhere among the terms of the product.
        more = ar.unit * (to_h.magnitude @ w_hh.magnitude)
        more = more + gamma(to_h.shape[1], ar.unit) * kept.magnitude
    h_grad = ar.widened(ar.add(through, kept), more)
    return x_grad, h_grad, w_ih_grad, w_hh_grad, b_ih_grad, b_hh_grad


RULES = {
    "rnn_cell": Rule(_rnn, _rnn_backward),
    "lstm_cell.h": Rule(_lstm_h, _lstm_h_backward),
    "lstm_cell.c": Rule(_lstm_c, _lstm_c_backward),
    "gru_cell": Rule(_gru, _gru_backward),
}

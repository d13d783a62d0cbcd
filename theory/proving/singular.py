"""Induction on the depth for the largest singular value of a Jacobian.

Theory of operation. The Jacobian of depth N + 1 by the network's start is that of the peeled layer
times that of depth N, and the largest singular value of a product is at most the product of theirs.
So it is enough that the layer's is at most the factor by which the bound grows, s·σ_max(W). It is,
where the layer's Jacobian is W, every row or every column of it scaled by a number from −s to s.
"""

from typing import Any

from sympy import Le, Matrix, MatrixBase, Mul, S

from theory.calculus import Iterated, Jacobian, LargestSingularValue
from theory.proving.bounds import bound_factor
from theory.proving.depth import LAYERS, Setting, layers_named, the_network
from theory.proving.errors import OutOfReachError
from theory.proving.peeling import N
from theory.proving.relations import settle, upper_bound


def by_singular_values(formula: Any, n: Any) -> str:
    """Prove σ_max(∂h(n)/∂h(0)) <= R(n) for every n >= 1. Raises OutOfReachError."""
    value, bound = upper_bound(formula)
    if not (isinstance(value, LargestSingularValue) and isinstance(value.args[0], Jacobian)):
        raise OutOfReachError("what is bounded is not the largest singular value of a Jacobian")
    top, start = value.args[0].args
    network = the_network(formula, n)
    body, h, layer, given, _ = network.args
    if top != Iterated(*network.args[:4], n) or start != given or body.has(start):
        raise OutOfReachError("the Jacobian is not that of the network's top by its start alone")
    if layers_named(formula):
        raise OutOfReachError("the formula names a layer by its number")
    for parity in LAYERS:
        setting = Setting(formula, parity, least=1)
        first = Jacobian(body.xreplace({layer: S.One, h: given}), given)
        _settle_layer(setting, first, bound.xreplace({n: S.One}).doit())
        below = Iterated(*network.args[:4], N)
        peeled = Jacobian(body.xreplace({layer: N + 1, h: below}), below)
        how = _settle_layer(setting, peeled, bound_factor(setting, bound, n))
    return (
        "for every n, by induction: base n = 1, and the singular value of a product is at most the "
        f"product of theirs; the peeled layer is the weight, its rows or columns scaled: {how}"
    )


def _settle_layer(setting: Setting, jacobian: Any, factor: Any) -> str:
    """Show that a layer's largest singular value is at most s·σ_max(W). The value says how."""
    parts = Mul.make_args(factor)
    weights = [part.args[0] for part in parts if isinstance(part, LargestSingularValue)]
    if len(weights) != 1:
        raise OutOfReachError("the bound does not grow by a number times one σ_max(W)")
    scale = Mul(*(part for part in parts if not isinstance(part, LargestSingularValue)))

    def magnitudes_and_scale() -> tuple[Any, Any]:
        reading, field = setting.reading(), setting.field
        matrix, weight = reading.value(jacobian), reading.value(weights[0])
        scales = _scales(field, matrix, weight)
        return Matrix([field.sign(one) * one for one in scales]), reading.value(scale)

    return settle(Le, magnitudes_and_scale, setting.field, setting.facts)


def _scales(field: Any, matrix: Any, weight: Any) -> list[Any]:
    """The numbers that scale the rows of a weight, or else its columns, to a matrix."""
    if isinstance(matrix, MatrixBase) and matrix.shape == getattr(weight, "shape", None):
        for scaled, whole in ((matrix, weight), (matrix.T, weight.T)):
            rows = range(scaled.rows)
            scales = [field.normal(scaled[r, 0] / whole[r, 0]) for r in rows]
            if all(
                field.is_zero(scaled[r, c] - scales[r] * whole[r, c])
                for r in rows
                for c in range(scaled.cols)
            ):
                return scales
    raise OutOfReachError("the layer's Jacobian is no weight with its rows or columns scaled")

"""Rules for initialisers that cannot draw every number: the nearest thing that they can draw.

A rule takes the arguments of the head and what was drawn. Read exactly, it delivers the nearest
weight that the head over the reals can deliver; as an enclosure, all that lies within the roundings
of one. Independent normals have no rule: any number may be drawn.
"""

from fractions import Fraction
from functools import cache
from typing import Any

import numpy as np
from sympy import Integer, Rational

from checks.accuracy import ORTHOGONALITY
from checks.enclosures import Arithmetic, Ball, gamma
from checks.formats import FLOAT32, FLOAT64, FORMATS, Format
from checks.rules.rule import Rule, closed_form
from theory import heads

# A quotient, its root, the gain, its rounding into the format, the product with what the generator
# delivers and a sum with the lower bound.
ROUNDINGS = 6


@cache
def entry(head: Any, shape: tuple[int, ...], *numbers: Fraction) -> Any:
    """The distribution of every weight of an initialiser, over the reals."""
    kernel = int(np.prod(shape[2:]))
    fans = Integer(shape[1] * kernel), Integer(shape[0] * kernel)
    return head.entry(*fans, *map(Rational, numbers))


def _between(head: Any) -> Rule:
    """Weights that lie between two bounds."""

    def forward(ar: Arithmetic, shape: tuple[int, ...], *others: Any) -> Ball:
        *numbers, _, drawn = others
        low, high = (closed_form(ar, end) for end in entry(head, shape, *numbers).support)
        below, above = drawn.center < low.center, drawn.center > high.center
        mid = np.where(below, low.mid, np.where(above, high.mid, drawn.mid))
        largest = max(float(low.magnitude), float(high.magnitude))
        error = largest * gamma(ROUNDINGS, _unit(ar, drawn)) + ar.tiny
        outside = np.where(below | above, error, 0.0)
        return Ball(mid, drawn.rad + np.maximum(low.rad, high.rad) + outside)

    return Rule(forward)


def _orthogonal(
    ar: Arithmetic, shape: tuple[int, ...], gain: Fraction, seed: Fraction, drawn: Ball
) -> Ball:
    matrix = drawn.center.reshape(shape[0], -1)
    if not np.isfinite(matrix).all():
        return ar.point(np.zeros(shape))  # which no infinity is near
    columns = _orthonormal(ar, matrix if matrix.shape[0] >= matrix.shape[1] else matrix.T)
    weight = ar.multiply(columns, ar.number(gain))
    if not ar.is_exact:
        # No orthogonal weight is nearer than the nearest, so this is as far as the one was that was
        # factorised and then stored: all its entries together, wherever the projection puts them.
        fmt = format_of(matrix)
        stored = gamma(2, fmt.unit_roundoff) * np.abs(matrix) + fmt.smallest_subnormal
        factorised = float(gain) * ORTHOGONALITY * max(matrix.shape) * _unit(ar, drawn)
        weight = ar.widened(weight, float(np.linalg.norm(stored)) + factorised)
    return weight.map(lambda part: (part if part.shape == matrix.shape else part.T).reshape(shape))


def _orthonormal(ar: Arithmetic, matrix: Any) -> Ball:
    """Balls that hold a matrix with orthonormal columns, the nearest to a given one."""
    exactly = Arithmetic.exact(wide=ar.wide)
    left, _, right = np.linalg.svd(matrix, full_matrices=False)
    columns, one = exactly.point(left @ right).mid, np.eye(matrix.shape[1])
    for _ in range(3):  # Newton and Schulz: what is missing is squared each time, from 2⁻⁴⁵ on
        columns = columns @ (3 * one - columns.T @ columns) / 2
    unit = Ball(columns, np.zeros(matrix.shape))
    gram = exactly.dot(unit.map(np.transpose), unit)
    # A singular value σ is no further from 1 than σ², and so is some matrix whose are all 1.
    missing = exactly.subtract(gram, exactly.point(one)).magnitude
    return exactly.widened(unit, float(np.linalg.norm(missing)) * (1 + 2.0**-40))


def format_of(weight: Any) -> Format:
    """The coarsest format that holds all of a weight.

    An initialiser is not told in which format its weight will be stored, and may draw in another.
    """

    def fits(fmt: Format) -> bool:
        few = np.ravel(weight)[:8]  # which nearly always say no
        return np.array_equal(fmt.nearest(few), few) and np.array_equal(fmt.nearest(weight), weight)

    fitting = filter(fits, FORMATS.values())
    return max(fitting, key=lambda fmt: fmt.unit_roundoff, default=FLOAT64)


def _unit(ar: Arithmetic, drawn: Ball) -> float:
    """The working format, or float32 where that is what the weight was drawn in."""
    if ar.is_exact:
        return 0.0
    return max(ar.unit, min(format_of(drawn.center).unit_roundoff, FLOAT32.unit_roundoff))


RULES = {
    "he_uniform": _between(heads.he_uniform),
    "xavier_uniform": _between(heads.xavier_uniform),
    "truncated_normal": _between(heads.truncated_normal),
    "orthogonal": Rule(_orthogonal),
}

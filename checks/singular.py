"""Enclosures of singular values, certified by what a computed decomposition leaves over.

Theory of operation. NumPy's A ≈ U S Vᵀ is only a guess. Multiplying by a matrix whose columns are
orthonormal but for δ = ‖UᵀU − I‖ changes every singular value by a factor between √(1 − δ) and
√(1 + δ), and adding a matrix changes it by no more than the norm of that matrix (Weyl; Horn &
Johnson 1991, §3.3). So each σ(A) lies within s·(δ_U + δ_V) + ‖A − U S Vᵀ‖ of the computed s. The
Frobenius norm bounds every norm above, and is evaluated in balls.
"""

from typing import Any

import numpy as np

from checks.enclosures import DOUBLE_TINY, DOUBLE_UNIT, Arithmetic, Ball

# Below this the square roots above are within their first-order bounds: √(1 ± δ) = 1 ± δ at most.
_LARGEST_DEFECT = 0.5


def largest_singular_value(ar: Arithmetic, matrix: Ball) -> Ball:
    """The largest singular value of all matrices in a ball."""
    return _singular_value(ar, matrix, 0)


def smallest_singular_value(ar: Arithmetic, matrix: Ball) -> Ball:
    """The smallest singular value, of as many as the shorter side is long."""
    return _singular_value(ar, matrix, -1)


def _singular_value(ar: Arithmetic, matrix: Ball, place: int) -> Ball:
    if matrix.mid.size == 1:
        return ar.absolute(matrix.map(lambda part: part.reshape(())))
    center, rad = matrix.center, matrix.rad
    if ar.wide:  # whose nearest doubles are an ulp away
        rad = rad + np.abs(center) * DOUBLE_UNIT + DOUBLE_TINY
    noise = _frobenius(Ball(np.zeros(center.shape), rad))
    scale = _power_of_two(center)
    if not np.isfinite(noise) or scale is None:
        return Ball(ar.point(np.array(0.0)).mid, np.array(np.inf))
    value, error = _certified(np.ldexp(center, -scale), place)
    with np.errstate(over="ignore"):
        # Scaling down may have lost entries that are subnormal; each loses less than one of them.
        lost = center.size * DOUBLE_TINY
        rad = (np.ldexp(error + lost, scale) + noise + DOUBLE_TINY) * (1 + 8 * DOUBLE_UNIT)
    return ar.widened(ar.point(np.array(np.ldexp(value, scale))), rad)


def _power_of_two(values: Any) -> int | None:
    """The exponent that brings the largest entry to the size of 1; None where one is not finite."""
    largest = float(np.max(np.abs(values)))
    return int(np.frexp(largest)[1]) if np.isfinite(largest) else None


def _certified(matrix: Any, place: int) -> tuple[float, float]:
    """A singular value, and how far off it is at most."""
    exact = Arithmetic.exact(wide=False)
    u, s, vt = (exact.point(part) for part in np.linalg.svd(matrix, full_matrices=False))
    rest = exact.subtract(exact.point(matrix), exact.dot(exact.multiply(u, s), vt))
    defects = [_frobenius(_defect(exact, factor)) for factor in (u.map(np.transpose), vt)]
    if max(defects) > _LARGEST_DEFECT:
        return 0.0, np.inf
    value = float(s.center[place])
    return value, (value * sum(defects) + _frobenius(rest)) * (1 + 8 * DOUBLE_UNIT)


def _defect(exact: Arithmetic, rows: Ball) -> Ball:
    """How far rows are from orthonormal."""
    gram = exact.dot(rows, rows.map(np.transpose))
    return exact.subtract(gram, exact.point(np.eye(rows.shape[0])))


def _frobenius(ball: Ball) -> float:
    """An upper bound of the Frobenius norm of everything in a ball."""
    size = ball.magnitude
    largest = float(np.max(size, initial=0.0))
    if largest == 0 or not np.isfinite(largest):
        return largest
    scaled = size / largest
    roundings = 1 + (scaled.size + 4) * DOUBLE_UNIT
    return float(largest * np.sqrt(np.sum(scaled * scaled)) * roundings)

"""Rules for normalisation."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from checks import reference
from checks.accuracy import RECIPROCAL_ROOT, units
from checks.enclosures import Arithmetic, Ball, gamma
from checks.rules.rule import Contributions, Rule


@dataclass(frozen=True)
class _Moments:
    """A batch's centred values and reciprocal standard deviation, and the error of the mean."""

    centred: Ball
    mean_error: Any
    inverse_std: Ball


def _moments(ar: Arithmetic, x: Ball, eps: Fraction) -> _Moments:
    """Mean, variance and 1/√(v + eps) of every column.

    The deviations from the true mean sum to zero, so an error e of the mean changes the sum of
    squares by m·e² and not by a term of first order: that is why two passes are accurate however
    far the mean lies from zero.
    """
    exact = Arithmetic.exact(wide=ar.wide)
    mean = ar.mean(x, axis=0)
    centred = exact.subtract(x, exact.mean(x, axis=0))
    computed = ar.subtract(x, mean)
    squares = exact.mean(exact.multiply(centred, centred), axis=0)
    count = x.shape[0]
    with np.errstate(over="ignore", invalid="ignore"):
        size = squares.magnitude + mean.rad**2
        # Two roundings a difference count twice when squared; then the square, the sum, the mean.
        error = mean.rad**2 + size * gamma(count + 5, ar.unit) + count * ar.tiny
        # Merging halves squares the distance of their means, which is up to twice the whole sum.
        outside = ~(2 * size * count <= ar.ceiling)
    variance = ar.widened(squares, np.where(outside, np.inf, error if ar.unit else 0.0))
    return _Moments(computed, mean.rad, _inverse_root(ar, ar.add(variance, ar.number(eps))))


def _inverse_root(ar: Arithmetic, v: Ball) -> Ball:
    """1/√v with relative errors: |(1 + r)^(−1/2) − 1| ≤ |r| / (2(1 − |r|)^(3/2))."""
    root = reference.sqrt(v.mid)
    mid = 1 / root
    with np.errstate(all="ignore"):
        relative = v.rad / v.center
        spread = np.where(relative < 1, relative / (2 * (1 - relative) ** 1.5), np.inf)
        rad = np.abs(reference.approximate(mid)) * spread
    return ar.rounded(mid, np.where(v.rad == 0, 0.0, rad), units(RECIPROCAL_ROOT))


def _batch_norm(ar: Arithmetic, x: Ball, gamma_: Ball, beta: Ball, eps: Fraction) -> Ball:
    moments = _moments(ar, x, eps)
    scale = ar.multiply(gamma_, moments.inverse_std)
    scaled = ar.multiply(moments.centred, scale)
    result = ar.add(ar.reordered(scaled, gamma_, moments.inverse_std), beta)
    if ar.is_exact:
        return result
    # Frameworks also evaluate x·α + (β − mean·α) with α = γ/√(v + eps): three roundings at the size
    # of x·α and mean·α instead of at the size of their difference.
    mean_size = ar.mean(x, axis=0).magnitude
    with np.errstate(over="ignore", invalid="ignore"):
        affine = 3 * ar.unit * (x.magnitude + mean_size) * scale.magnitude
        affine = affine + 2 * ar.unit * beta.magnitude
        largest = (x.magnitude + mean_size) * scale.magnitude + beta.magnitude
    return ar.widened(result, np.where(largest <= ar.ceiling, affine, np.inf))


def _batch_norm_backward(
    ar: Arithmetic, x: Ball, gamma_: Ball, beta: Ball, eps: Fraction, output: Ball, grad: Ball
) -> Contributions:
    moments = _moments(ar, x, eps)
    normalised = ar.multiply(moments.centred, moments.inverse_std)
    count = x.shape[0]
    beta_grad = ar.sum(grad, axis=0)
    gamma_grad = ar.sum(ar.multiply(grad, normalised), axis=0)
    along = ar.multiply(normalised, ar.shared(gamma_grad, count))
    centred = ar.subtract(ar.subtract(grad, ar.shared(beta_grad, count)), along)
    scale = ar.multiply(gamma_, moments.inverse_std)
    if not ar.is_exact:
        # γr/m · (m·g − Σg − x̂·Σgx̂): m·g is rounded, and the scale twice more.
        centred = ar.widened(centred, ar.unit * grad.magnitude)
        scale = ar.rounded(scale.mid, scale.rad, 2.0)
    x_grad = ar.reordered(ar.multiply(scale, centred), gamma_, moments.inverse_std)
    if ar.is_exact:
        return x_grad, gamma_grad, beta_grad, None
    # γr · (g − Σg/m − (x − μ)·Σg(x − μ)·r²/m): what underflows before r is scaled up by it, and
    # what underflows in γr/m by the bracket.
    with np.errstate(over="ignore", invalid="ignore"):
        upward = np.maximum(moments.inverse_std.magnitude, 1.0)
        onward = np.maximum(gamma_.magnitude, 1.0) * upward
        size = np.maximum(normalised.magnitude, 1.0)
        project = np.sum(grad.magnitude * moments.centred.magnitude, axis=0)
        bracket = count * grad.magnitude + np.sum(grad.magnitude, axis=0)
        bracket = bracket + normalised.magnitude * project * upward
        lost = ar.tiny * (8 * size * upward**2 * onward + 3 * bracket)
        # The largest intermediate results, which may overflow.
        largest = np.maximum(project * upward**2, bracket * onward)
    x_grad = ar.widened(x_grad, np.where(largest <= ar.ceiling, lost, np.inf))
    lost = (count + 1) * ar.tiny * upward[0]
    gamma_grad = ar.widened(gamma_grad, np.where(project <= ar.ceiling, lost, np.inf))
    return x_grad, gamma_grad, beta_grad, None


RULES = {"batch_norm": Rule(_batch_norm, _batch_norm_backward)}

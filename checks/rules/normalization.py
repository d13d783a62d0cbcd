"""Rules for normalisation, over the rows of a batch (axis 0) or the features of a row (axis 1)."""

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from checks import reference
from checks.accuracy import RECIPROCAL_ROOT, units
from checks.enclosures import Arithmetic, Ball, gamma, hull
from checks.rules.rule import Contributions, Rule


@dataclass(frozen=True)
class _Moments:
    """The mean, the values less the mean, and the variance, along an axis that is kept."""

    mean: Ball
    centred: Ball
    variance: Ball


def _moments(ar: Arithmetic, x: Ball, axis: int = 0, less: int = 0) -> _Moments:
    """Mean and variance, the sum of squares being divided by `less` less than the count.

    The deviations from the true mean sum to zero, so an error e of the mean changes the sum of
    squares by m·e² and not by a term of first order: that is why two passes are accurate however
    far the mean lies from zero. With means that are updated on the way, `_updated_squares`, it is.
    """
    exact = Arithmetic.exact(wide=ar.wide)
    count = x.shape[axis]
    mean = ar.mean(x, axis=axis)
    if ar.unit and count > 1:
        mean = _updated_mean(ar, mean, x, axis)
    centred = exact.subtract(x, exact.mean(x, axis=axis))
    computed = ar.subtract(x, mean)
    total = exact.sum(exact.multiply(centred, centred), axis=axis, keepdims=True)
    squares = exact.shared(total, count - less)
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        shift = mean.rad**2 * count / (count - less)
        size = squares.magnitude + shift
        # Two roundings a difference count twice when squared; then the square, the sum, the mean,
        # and three more where the variance of one count is made from that of the other.
        error = size * gamma(count + 5 + 3 * less, ar.unit) + count * ar.tiny
        error = error + np.maximum(shift, _updated_squares(ar, x, axis, size, less))
        # Merging halves squares the distance of their means, which is up to twice the whole sum.
        outside = ~(2 * size * count <= ar.ceiling)
    variance = ar.widened(squares, np.where(outside, np.inf, error if ar.unit else 0.0))
    return _Moments(mean, computed, variance)


def _updated_mean(ar: Arithmetic, mean: Ball, x: Ball, axis: int) -> Ball:
    """The mean of m numbers, or one that was updated number by number, or merged from halves.

    The k-th update rounds the mean once and its step (x − M)/k twice, at sizes that add up to
    u·mean|x|·(m + 1 + 2H(m − 1)), the harmonic number being at most 1 + log m. A merge rounds four
    times at the size of both means, which makes 4u·mean|x| at each of the levels.
    """
    count = x.shape[axis]
    with np.errstate(over="ignore", invalid="ignore"):
        size = np.mean(x.magnitude, axis=axis, keepdims=True)
        off = gamma(max(count + 3 + 2 * math.log(count), 4 * _levels(count)), ar.unit) * size
        return Ball(mean.mid, np.maximum(mean.rad, off + 2 * count * ar.tiny))


def _updated_squares(ar: Arithmetic, x: Ball, axis: int, size: Any, less: int) -> Any:
    """How far off the mean square is where it is made from means that are updated on the way.

    These are off by e ≤ u(m + 9)/2·max|x|, or by 4u·max|x| a level where halves are merged. A term
    then moves by 2|δ|e + e². The squares of all updates δ sum to at most 2S, S being the sum of
    squares, and those of all merges on all levels to at most S: by Cauchy and Schwarz, all terms
    together move by 2e·√(S·m·max(2, levels)), which is of first order (Chan, Golub and LeVeque
    1983, table 1), and by m·e² a level.
    """
    count, levels = x.shape[axis], _levels(x.shape[axis])
    roundings = max((count + 9) / 2, 4 * levels) if count > 1 else 0.0
    off = gamma(roundings, ar.unit) * np.max(x.magnitude, axis=axis, keepdims=True, initial=0.0)
    off = off + 2 * (count - 1) * ar.tiny
    share = count / (count - less)
    return 2 * off * np.sqrt(size * share * max(2, levels)) + max(1, levels) * share * off**2


def _levels(count: int) -> int:
    """How often so many rows are halved until one is left."""
    return (count - 1).bit_length()


def _inverse_root(ar: Arithmetic, v: Ball) -> Ball:
    """1/√v with relative errors: |(1 + r)^(−1/2) − 1| ≤ |r| / (2(1 − |r|)^(3/2))."""
    root = reference.sqrt(v.mid)
    mid = 1 / root
    with np.errstate(all="ignore"):
        relative = v.rad / v.center
        spread = np.where(relative < 1, relative / (2 * (1 - relative) ** 1.5), np.inf)
        rad = np.abs(reference.approximate(mid)) * spread
    return ar.rounded(mid, np.where(v.rad == 0, 0.0, rad), units(RECIPROCAL_ROOT))


def _inverse_std(ar: Arithmetic, variance: Ball, eps: Fraction) -> Ball:
    return _inverse_root(ar, ar.add(variance, ar.number(eps)))


def _scaled(
    ar: Arithmetic, x: Ball, mean: Ball, centred: Ball, inverse: Ball, gamma_: Ball, beta: Ball
) -> Ball:
    """γ·(x − μ)·r + β, in any order and as an affine map of x."""
    scale = ar.multiply(gamma_, inverse)
    product = ar.multiply(centred, scale)
    result = ar.add(ar.reordered(product, gamma_, inverse), beta)
    if ar.is_exact:
        return result
    # Frameworks also evaluate x·α + (β − mean·α) with α = γ/√(v + eps): three roundings at the size
    # of x·α and mean·α instead of at the size of their difference.
    with np.errstate(over="ignore", invalid="ignore"):
        sizes = x.magnitude + mean.magnitude
        affine = 3 * ar.unit * sizes * scale.magnitude
        affine = affine + 2 * ar.unit * beta.magnitude
        largest = sizes * scale.magnitude + beta.magnitude
        either = np.maximum(gamma_.magnitude, inverse.magnitude)
        largest = np.maximum(largest, centred.magnitude * either)
    return ar.widened(result, np.where(largest <= ar.ceiling, affine, np.inf))


# -- over the rows of a batch ---------------------------------------------------------------------


def _batch_norm(ar: Arithmetic, x: Ball, gamma_: Ball, beta: Ball, eps: Fraction) -> Ball:
    moments = _moments(ar, x)
    inverse = _inverse_std(ar, moments.variance, eps)
    return _scaled(ar, x, moments.mean, moments.centred, inverse, gamma_, beta)


def _batch_norm_backward(
    ar: Arithmetic, x: Ball, gamma_: Ball, beta: Ball, eps: Fraction, output: Ball, grad: Ball
) -> Contributions:
    moments = _moments(ar, x)
    inverse = _inverse_std(ar, moments.variance, eps)
    normalised = ar.multiply(moments.centred, inverse)
    count = x.shape[0]
    beta_grad = ar.sum(grad, axis=0)
    gamma_grad = ar.sum(ar.multiply(grad, normalised), axis=0)
    along = ar.multiply(normalised, ar.shared(gamma_grad, count))
    centred = ar.subtract(ar.subtract(grad, ar.shared(beta_grad, count)), along)
    scale = ar.multiply(gamma_, inverse)
    if not ar.is_exact:
        # γr/m · (m·g − Σg − x̂·Σgx̂): m·g is rounded, and the scale twice more.
        centred = ar.widened(centred, ar.unit * grad.magnitude)
        scale = ar.rounded(scale.mid, scale.rad, 2.0)
    x_grad = ar.reordered(ar.multiply(scale, centred), gamma_, inverse)
    if ar.is_exact:
        return x_grad, gamma_grad, beta_grad, None
    # γr · (g − Σg/m − (x − μ)·Σg(x − μ)·r²/m): what underflows before r is scaled up by it, and
    # what underflows in γr/m by the bracket.
    with np.errstate(over="ignore", invalid="ignore"):
        upward = np.maximum(inverse.magnitude, 1.0)
        onward = np.maximum(gamma_.magnitude, 1.0) * upward
        size = np.maximum(normalised.magnitude, 1.0)
        project = np.sum(grad.magnitude * moments.centred.magnitude, axis=0)
        bracket = count * grad.magnitude + np.sum(grad.magnitude, axis=0)
        bracket = bracket + normalised.magnitude * project * upward
        lost = ar.tiny * (8 * size * upward**2 * onward + 3 * bracket)
        # The largest intermediate results, which may overflow.
        largest = np.maximum(project * upward**2, bracket * onward)
    x_grad = ar.widened(x_grad, np.where(largest <= ar.ceiling, lost, np.inf))
    return x_grad, _lowered(ar, gamma_grad, project, inverse, count), beta_grad, None


def _lowered(ar: Arithmetic, weight: Ball, project: Any, inverse: Ball, count: int) -> Ball:
    """Σg(x − μ) · r instead of Σg·x̂: what underflows before r is scaled up by it."""
    with np.errstate(over="ignore", invalid="ignore"):
        lost = (count + 1) * ar.tiny * np.maximum(inverse.magnitude, 1.0).reshape(weight.shape)
    return ar.widened(weight, np.where(project <= ar.ceiling, lost, np.inf))


def _batch_norm_eval(
    ar: Arithmetic, x: Ball, mean: Ball, var: Ball, gamma_: Ball, beta: Ball, eps: Fraction
) -> Ball:
    inverse = _inverse_std(ar, var, eps)
    return _scaled(ar, x, mean, ar.subtract(x, mean), inverse, gamma_, beta)


def _batch_norm_eval_backward(
    ar: Arithmetic,
    x: Ball,
    mean: Ball,
    var: Ball,
    gamma_: Ball,
    beta: Ball,
    eps: Fraction,
    output: Ball,
    grad: Ball,
) -> Contributions:
    inverse, centred = _inverse_std(ar, var, eps), ar.subtract(x, mean)
    scale = ar.multiply(gamma_, inverse)
    x_grad = ar.reordered(ar.multiply(grad, scale), gamma_, inverse)
    gamma_grad = ar.sum(ar.multiply(grad, ar.multiply(centred, inverse)), axis=0)
    beta_grad = ar.sum(grad, axis=0)
    if not ar.is_exact:
        with np.errstate(over="ignore", invalid="ignore"):
            project = np.sum(grad.magnitude * centred.magnitude, axis=0)
            largest = grad.magnitude * np.maximum(gamma_.magnitude, inverse.magnitude)
        # g·γ·r in any order.
        x_grad = ar.widened(x_grad, np.where(largest <= ar.ceiling, 0.0, np.inf))
        gamma_grad = _lowered(ar, gamma_grad, project, inverse, x.shape[0])
    return x_grad, None, None, gamma_grad, beta_grad, None


def _running_mean(ar: Arithmetic, mean: Ball, var: Ball, x: Ball, momentum: Fraction) -> Ball:
    return _blended(ar, mean, _moments(ar, x).mean, momentum)


def _running_var(ar: Arithmetic, mean: Ball, var: Ball, x: Ball, momentum: Fraction) -> Ball:
    return _blended(ar, var, _moments(ar, x, less=1).variance, momentum)


def _blended(ar: Arithmetic, old: Ball, batch: Ball, momentum: Fraction) -> Ball:
    """(1 − q)·old + q·new, or old + q·(new − old)."""
    new = batch.map(lambda part: part.reshape(old.shape))
    share = ar.number(momentum)
    kept = ar.multiply(ar.subtract(ar.number(Fraction(1)), share), old)
    together = ar.add(kept, ar.multiply(share, new))
    if ar.is_exact:
        return together
    stepped = ar.add(old, ar.multiply(share, ar.subtract(new, old)))
    return hull(together.mid, together, stepped)


# -- over the features of a row -------------------------------------------------------------------


def _layer_norm(ar: Arithmetic, x: Ball, gamma_: Ball, beta: Ball, eps: Fraction) -> Ball:
    moments = _moments(ar, x, axis=1)
    inverse = _inverse_std(ar, moments.variance, eps)
    return _scaled(ar, x, moments.mean, moments.centred, inverse, gamma_, beta)


def _layer_norm_backward(
    ar: Arithmetic, x: Ball, gamma_: Ball, beta: Ball, eps: Fraction, output: Ball, grad: Ball
) -> Contributions:
    moments = _moments(ar, x, axis=1)
    inverse = _inverse_std(ar, moments.variance, eps)
    normalised = ar.multiply(moments.centred, inverse)
    x_grad = _row_gradient(ar, normalised, inverse, ar.multiply(grad, gamma_), less_mean=True)
    gamma_grad = _column_weight(ar, grad, moments.centred, normalised, inverse)
    beta_grad = ar.sum(grad, axis=0)
    if not ar.is_exact:
        x_grad = _uncentred(ar, x_grad, x, moments.mean, inverse, ar.multiply(grad, gamma_))
        gamma_grad = _uncentred_weight(ar, gamma_grad, grad, x, moments.mean, inverse)
    return x_grad, gamma_grad, beta_grad, None


def _rms_norm(ar: Arithmetic, x: Ball, gamma_: Ball, eps: Fraction) -> Ball:
    inverse = _inverse_rms(ar, x, eps)
    result = ar.reordered(ar.multiply(ar.multiply(x, inverse), gamma_), gamma_, inverse, x)
    with np.errstate(over="ignore", invalid="ignore"):
        largest = gamma_.magnitude * np.maximum(x.magnitude, inverse.magnitude)
    return ar.widened(result, np.where(largest <= ar.ceiling, 0.0, np.inf))


def _inverse_rms(ar: Arithmetic, x: Ball, eps: Fraction) -> Ball:
    return _inverse_std(ar, ar.mean(ar.multiply(x, x), axis=1), eps)


def _rms_norm_backward(
    ar: Arithmetic, x: Ball, gamma_: Ball, eps: Fraction, output: Ball, grad: Ball
) -> Contributions:
    inverse = _inverse_rms(ar, x, eps)
    normalised = ar.multiply(x, inverse)
    x_grad = _row_gradient(ar, normalised, inverse, ar.multiply(grad, gamma_), less_mean=False)
    return x_grad, _column_weight(ar, grad, x, normalised, inverse), None


def _row_gradient(
    ar: Arithmetic, normalised: Ball, inverse: Ball, scaled: Ball, *, less_mean: bool
) -> Ball:
    """r·(h − mean h − x̂·mean(h·x̂)) along each row, h being the gradient times γ."""
    count = normalised.shape[1]
    product = ar.multiply(scaled, normalised)
    along = ar.multiply(normalised, ar.mean(product, axis=1))
    rest = ar.subtract(scaled, along)
    if less_mean:
        rest = ar.subtract(rest, ar.mean(scaled, axis=1))
    if ar.is_exact:
        return ar.multiply(rest, inverse)
    with np.errstate(over="ignore", invalid="ignore"):
        # (d·h − Σh − x̂·Σhx̂)·r/d, and the projection with r³: three roundings more of each term.
        total = np.sum(scaled.magnitude, axis=1, keepdims=True) / count
        rest = ar.widened(rest, 3 * ar.unit * (scaled.magnitude + total + along.magnitude))
        # What underflows before r, or is divided by d, is scaled up by it as often as it occurs.
        upward = np.maximum(inverse.magnitude, 1.0)
        size = np.maximum(normalised.magnitude, 1.0)
        lost = ar.tiny * 8 * (count + 1) * size * upward**3
        projected = np.sum(product.magnitude, axis=1, keepdims=True)
        largest = count * (scaled.magnitude + total + along.magnitude + projected) * upward**2
    result = ar.widened(ar.reordered(ar.multiply(rest, inverse), inverse), lost)
    return ar.widened(result, np.where(largest <= ar.ceiling, 0.0, np.inf))


def _column_weight(
    ar: Arithmetic, grad: Ball, centred: Ball, normalised: Ball, inverse: Ball
) -> Ball:
    """Σ grad·x̂ over the rows, r being another one in each."""
    weight = ar.sum(ar.multiply(grad, normalised), axis=0)
    if ar.is_exact:
        return weight
    with np.errstate(over="ignore", invalid="ignore"):
        product = grad.magnitude * centred.magnitude
        # (grad·(x − μ))·r, or grad·r·(x − μ): one rounding more, and underflow that r scales up.
        onward = np.maximum(inverse.magnitude, 1.0) + np.maximum(centred.magnitude, 1.0)
        more = np.sum(ar.unit * product * inverse.magnitude + ar.tiny * onward, axis=0)
        largest = np.max(np.maximum(product, grad.magnitude * inverse.magnitude), axis=0)
    return ar.widened(weight, np.where(largest <= ar.ceiling, more, np.inf))


def _uncentred(
    ar: Arithmetic, x_grad: Ball, x: Ball, mean: Ball, inverse: Ball, scaled: Ball
) -> Ball:
    """r·h + b·x + c with b = (μΣh − Σhx)·r³/d and c = −bμ − Σh·r/d, as torch computes it.

    Its sums are taken of x and not of x − μ, so that they cancel where the mean is large.
    """
    count = x.shape[1]
    with np.errstate(over="ignore", invalid="ignore"):
        total = np.sum(scaled.magnitude, axis=1, keepdims=True)
        sums = np.sum(scaled.magnitude * x.magnitude, axis=1, keepdims=True)
        sums = sums + mean.magnitude * total
        r, reach = inverse.magnitude, x.magnitude + mean.magnitude
        cube = r**3 / count
        spread = (np.abs(ar.subtract(x, mean).center) + ar.subtract(x, mean).rad) * cube
        error = gamma(count + 5, ar.unit) * sums * spread
        # b and c are rounded at the size of b·x and b·μ, whatever these cancel to.
        error = error + 8 * ar.unit * sums * cube * reach
        error = error + 8 * ar.unit * r * (total / count + scaled.magnitude)
        lost = ar.tiny * 8 * (count + 1) * np.maximum(cube, 1.0) * np.maximum(reach, 1.0)
        largest = np.maximum(sums * np.maximum(cube, 1.0), sums * cube * reach)
    return ar.widened(x_grad, np.where(largest <= ar.ceiling, error + lost, np.inf))


def _uncentred_weight(
    ar: Arithmetic, weight: Ball, grad: Ball, x: Ball, mean: Ball, inverse: Ball
) -> Ball:
    """Σ grad·(x·r − μ·r), as torch computes it: rounded at the size of x·r and μ·r."""
    with np.errstate(over="ignore", invalid="ignore"):
        size = grad.magnitude * (x.magnitude + mean.magnitude) * inverse.magnitude
        error = gamma(x.shape[0] + 4, ar.unit) * np.sum(size, axis=0)
        largest = np.sum(size, axis=0)
    return ar.widened(weight, np.where(largest <= ar.ceiling, error, np.inf))


RULES = {
    "batch_norm": Rule(_batch_norm, _batch_norm_backward),
    "batch_norm_eval": Rule(_batch_norm_eval, _batch_norm_eval_backward),
    "batch_norm_running.mean": Rule(_running_mean),
    "batch_norm_running.var": Rule(_running_var),
    "layer_norm": Rule(_layer_norm, _layer_norm_backward),
    "rms_norm": Rule(_rms_norm, _rms_norm_backward),
}

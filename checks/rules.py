"""One rule for each operation: its value and its backward pass, in ball arithmetic.

A rule is the numerical theory of a head. `forward` encloses every honest evaluation in the working
format; `backward` encloses the gradient of each array argument, given the output that was stored.
With the exact arithmetic the same rules are the reference, and rounded once they are `ideal`.

The usual method is inside. Where frameworks take a slope from the saved output, y(1 − y), the ball
is the hull of that and of the true slope, so that saturation is enclosed instead of excused. Where
a naive evaluation overflows on the way (exp(−x) in the sigmoid, the sum of squares in a norm), the
hull reaches to what it then delivers, and the exact value stays the midpoint.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from checks import reference
from checks.accuracy import ELEMENTARY, POWER, RECIPROCAL_ROOT, units
from checks.enclosures import DOUBLE_UNIT, Arithmetic, Ball, broadcast, gamma, hull

Value = Any  # a Ball; a list of them for the gradients of several arrays; a number
Operands = Sequence[Value]
Contributions = tuple[Ball | None, ...]


@dataclass(frozen=True)
class Rule:
    """The two readings of an operation. Operands are balls, numbers stay Fractions."""

    forward: Callable[..., Any]
    backward: Callable[..., Contributions] | None = None


def _ball(ar: Arithmetic, operand: Value) -> Ball:
    """An operand as a ball; numbers are read in the working format."""
    return ar.number(operand) if isinstance(operand, Fraction) else operand


def _unbroadcast(ar: Arithmetic, ball: Ball, like: Value) -> Ball | None:
    """A gradient summed down to the shape of the operand that was broadcast."""
    if isinstance(like, Fraction):
        return None
    extra = len(ball.shape) - len(like.shape)
    shape = (1,) * extra + like.shape
    axes = tuple(
        axis
        for axis, size in enumerate(shape)
        if axis < extra or (size == 1 and ball.shape[axis] != 1)
    )
    if not axes:
        return ball
    return ar.sum(ball, axis=axes, keepdims=True).map(lambda part: part.reshape(like.shape))


# -- arithmetic of the array library ------------------------------------------------------------


def _add(ar: Arithmetic, a: Value, b: Value) -> Ball:
    return ar.add(_ball(ar, a), _ball(ar, b))


def _add_backward(ar: Arithmetic, a: Value, b: Value, output: Ball, grad: Ball) -> Contributions:
    return _unbroadcast(ar, grad, a), _unbroadcast(ar, grad, b)


def _mul(ar: Arithmetic, a: Value, b: Value) -> Ball:
    return ar.multiply(_ball(ar, a), _ball(ar, b))


def _mul_backward(ar: Arithmetic, a: Value, b: Value, output: Ball, grad: Ball) -> Contributions:
    return tuple(
        None
        if isinstance(one, Fraction)
        else _unbroadcast(ar, ar.multiply(grad, _ball(ar, other)), one)
        for one, other in ((a, b), (b, a))
    )


def _raise(ar: Arithmetic, base: Ball, exponent: Fraction) -> Ball:
    return ar.power(base, int(exponent), units(POWER))


def _raise_backward(
    ar: Arithmetic, base: Ball, exponent: Fraction, output: Ball, grad: Ball
) -> Contributions:
    slope = ar.multiply(ar.number(exponent), ar.power(base, int(exponent) - 1, units(POWER)))
    return ar.multiply(grad, slope), None


def _total(ar: Arithmetic, x: Ball) -> Ball:
    return ar.sum(x)


def _total_backward(ar: Arithmetic, x: Ball, output: Ball, grad: Ball) -> Contributions:
    return (grad.map(lambda part: np.broadcast_to(part, x.shape)),)


def _constant(ar: Arithmetic, value: Fraction) -> Ball:
    return ar.number(value)


def _zeros(ar: Arithmetic, like: Value) -> Ball:
    rows = like[0] if isinstance(like, tuple) else like.shape[0]
    return ar.point(np.zeros(rows))


# -- activations --------------------------------------------------------------------------------


def _sigmoid(ar: Arithmetic, x: Ball) -> Ball:
    y, slope = _sigmoid_and_slope(ar, x)
    # 1 / (1 + e): the exponential's error, the addition and the division.
    result = ar.function(y, x.rad, slope, units(ELEMENTARY) + 2)
    return _or_zero_beyond(ar, result, x.rad - x.center)


def _or_zero_beyond(ar: Arithmetic, ball: Ball, power: Any) -> Ball:
    """Zero too where the exponential of `power`, which a naive evaluation divides by, overflows."""
    if ar.is_exact:
        return ball
    with np.errstate(over="ignore"):
        # The exponential may be larger by its own ulps; 2⁻⁴⁰ covers the rounding of the power.
        largest = np.exp(power) * (1 + gamma(units(ELEMENTARY), ar.unit) + 2.0**-40)
        overflows = ~(largest < ar.ceiling)
    return ar.widened(ball, np.where(overflows, np.abs(ball.center), 0.0))


def _sigmoid_and_slope(ar: Arithmetic, x: Ball) -> tuple[Any, Any]:
    """The value at the midpoint, and the steepest slope in the ball."""
    tail = reference.exp(-np.abs(x.mid))
    positive = np.asarray(x.mid > 0, dtype=bool)
    y = np.where(positive, tail * 0 + 1, tail) / (1 + tail)
    nearest = np.exp(-_nearest_to_zero(x))
    # The slope falls with |x|; rounded up by the two roundings of its evaluation in doubles.
    return y, nearest / (1 + nearest) ** 2 * (1 + 2.0**-50)


def _nearest_to_zero(x: Ball) -> Any:
    """The smallest magnitude in each ball; zero where the ball is unbounded or its center lost."""
    with np.errstate(invalid="ignore"):
        return np.nan_to_num(np.maximum(np.abs(x.center) - x.rad, 0.0), nan=0.0, posinf=np.inf)


def _sigmoid_backward(ar: Arithmetic, x: Ball, output: Ball, grad: Ball) -> Contributions:
    tail = reference.exp(-np.abs(x.mid))
    mid = tail / ((1 + tail) * (1 + tail))
    _, steepest = _sigmoid_and_slope(ar, x)
    # |σ''| = σ'·|1 − 2σ| never exceeds σ'.
    direct = ar.function(mid, x.rad, steepest, units(ELEMENTARY) + 3)
    # σ(x)·σ(−x) divides by the exponential of |x|, as σ itself does by that of −x.
    direct = _or_zero_beyond(ar, direct, x.magnitude)
    slope = _or_from_output(ar, direct, _complement_product(ar, output))
    one = ar.number(Fraction(1))  # y and 1 − y, or e/(1 + e) and 1/(1 + e), are no larger
    return (ar.reordered(ar.multiply(grad, slope), one, one),)


def _complement_product(ar: Arithmetic, y: Ball) -> Ball:
    """y(1 − y)."""
    return ar.multiply(y, ar.subtract(ar.number(Fraction(1)), y))


def _or_from_output(ar: Arithmetic, direct: Ball, from_output: Ball) -> Ball:
    """The slope by either method; exactly, there is only the true one."""
    return direct if ar.is_exact else hull(direct.mid, direct, from_output)


def _tanh(ar: Arithmetic, x: Ball) -> Ball:
    return ar.function(reference.tanh(x.mid), x.rad, _tanh_steepest(x), units(ELEMENTARY))


def _tanh_steepest(x: Ball) -> Any:
    nearest = np.tanh(_nearest_to_zero(x) * (1 - 2.0**-50))
    return np.minimum((1 - nearest) * (1 + nearest) * (1 + 2.0**-50), 1.0) + 2.0**-50


def _tanh_backward(ar: Arithmetic, x: Ball, output: Ball, grad: Ball) -> Contributions:
    tail = reference.exp(-2 * np.abs(x.mid))
    mid = 4 * tail / ((1 + tail) * (1 + tail))
    # |tanh''| = 2·tanh'·|tanh| never exceeds 2·tanh'.
    direct = ar.function(mid, x.rad, 2 * _tanh_steepest(x), units(ELEMENTARY) + 5)
    from_output = ar.subtract(ar.number(Fraction(1)), ar.multiply(output, output))
    slope = _or_from_output(ar, direct, from_output)
    two = ar.number(Fraction(2))  # 1 + y and 1 − y are no larger
    return (ar.reordered(ar.multiply(grad, slope), two, two),)


def _leaky_relu(ar: Arithmetic, x: Ball, slope: Fraction) -> Ball:
    scaled = ar.multiply(ar.number(slope), x)
    return _by_sign(x, x, scaled)


def _leaky_relu_backward(
    ar: Arithmetic, x: Ball, slope: Fraction, output: Ball, grad: Ball
) -> Contributions:
    return (_by_sign(x, grad, ar.multiply(ar.number(slope), grad)), None)


def _relu(ar: Arithmetic, x: Ball) -> Ball:
    return _by_sign(x, x, ar.point(np.zeros(x.shape)))


def _relu_backward(ar: Arithmetic, x: Ball, output: Ball, grad: Ball) -> Contributions:
    return (_by_sign(x, grad, ar.point(np.zeros(x.shape))),)


def _by_sign(x: Ball, positive: Ball, otherwise: Ball) -> Ball:
    """One ball where x > 0 and the other elsewhere; both where the ball of x holds a zero.

    A NaN takes either branch or passes itself on: max(NaN, 0) is NaN, NaN > 0 is false.
    """
    x, positive, otherwise = broadcast(x, positive, otherwise)
    right = np.asarray(x.mid > 0, dtype=bool)
    mid = np.where(right, positive.mid, otherwise.mid)
    rad = np.where(right, positive.rad, otherwise.rad)
    kink = (x.rad > 0) & (np.abs(x.center) <= x.rad)
    rad = np.where(kink, hull(mid, positive, otherwise).rad, rad)
    return Ball(mid, np.where(np.isnan(x.center), np.inf, rad))


# -- layers -------------------------------------------------------------------------------------


def _linear(ar: Arithmetic, x: Ball, weight: Ball, bias: Ball) -> Ball:
    # n products and the bias are n + 1 terms in any order: an accumulator may start from the bias.
    # The last of the n additions rounds the result. Before it a product passes through at most
    # n − 1 others, which γₙ covers with its own rounding, and the bias through as many: γₙ₋₁.
    earlier = gamma(x.shape[-1] - 1, ar.unit)
    product = ar.dot(x, weight.map(np.transpose))
    return ar.add(product, ar.widened(bias, earlier * bias.magnitude))


def _linear_backward(
    ar: Arithmetic, x: Ball, weight: Ball, bias: Ball, output: Ball, grad: Ball
) -> Contributions:
    return (
        ar.dot(grad, weight),
        ar.dot(grad.map(np.transpose), x),
        ar.sum(grad, axis=0),
    )


def _residual(ar: Arithmetic, x: Ball, branch: Ball) -> Ball:
    return ar.add(x, branch)


def _residual_backward(
    ar: Arithmetic, x: Ball, branch: Ball, output: Ball, grad: Ball
) -> Contributions:
    return grad, grad


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


# -- gradients and the rest ---------------------------------------------------------------------


def _clip_by_norm(ar: Arithmetic, grads: list[Ball], max_norm: Fraction) -> list[Ball]:
    factor = _clipping_factor(ar, grads, max_norm)
    return [ar.multiply(grad, factor) for grad in grads]


def _clipping_factor(ar: Arithmetic, grads: list[Ball], max_norm: Fraction) -> Ball:
    """min(1, c/‖g‖), where the sum of squares may also overflow, or vanish, on the way."""
    flat = [part.map(np.ravel) for part in grads]
    joined = Ball(
        np.concatenate([part.mid for part in flat]), np.concatenate([part.rad for part in flat])
    )
    norm, limit = ar.norm(joined), ar.number(max_norm)
    factor = _at_most_one(ar.divide(limit, norm))
    if ar.is_exact or not np.isfinite(joined.magnitude).all():
        return factor
    smallest_limit, mid = limit.center - limit.rad, factor.center
    if smallest_limit <= 0:  # 0/0, where the norm vanishes too
        return ar.widened(factor, np.inf)
    if np.isfinite(norm.rad):  # from 0 to its largest: the factor from c by that to 1
        with np.errstate(divide="ignore"):
            smallest = np.minimum(smallest_limit / norm.magnitude * (1 - 4 * ar.unit), 1.0)
        rad = np.maximum(1 - mid, mid - smallest)
    else:  # it may overflow, and c by an infinity is 0
        rad = mid
    rad = rad + 16 * DOUBLE_UNIT * mid  # the roundings of these lines
    return Ball(factor.mid, np.fmin(factor.rad, rad))


def _at_most_one(factor: Ball) -> Ball:
    """min(1, factor): exact, and never further from 1 than the factor was."""
    mid = np.where(np.asarray(factor.mid < 1, dtype=bool), factor.mid, factor.mid * 0 + 1)
    with np.errstate(invalid="ignore"):
        inside = factor.center - factor.rad >= 1
    beyond = np.isposinf(factor.center)
    return Ball(np.where(beyond, 1.0, mid), np.where(inside | beyond, 0.0, factor.rad))


def _power(ar: Arithmetic, base: Ball, exponent: Fraction) -> Ball:
    return ar.power(base, int(exponent), units(POWER))


RULES: dict[str, Rule] = {
    "add": Rule(_add, _add_backward),
    "mul": Rule(_mul, _mul_backward),
    "raise": Rule(_raise, _raise_backward),
    "total": Rule(_total, _total_backward),
    "constant": Rule(_constant),
    "zeros": Rule(_zeros),
    "sigmoid": Rule(_sigmoid, _sigmoid_backward),
    "tanh": Rule(_tanh, _tanh_backward),
    "relu": Rule(_relu, _relu_backward),
    "leaky_relu": Rule(_leaky_relu, _leaky_relu_backward),
    "linear": Rule(_linear, _linear_backward),
    "residual": Rule(_residual, _residual_backward),
    "batch_norm": Rule(_batch_norm, _batch_norm_backward),
    "clip_by_norm": Rule(_clip_by_norm),
    "power": Rule(_power, _raise_backward),
}

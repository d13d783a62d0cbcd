"""What is computed in a wrong way falls out of the ball."""

from fractions import Fraction

import numpy as np
import pytest

from checks.formats import BFLOAT16, FLOAT16, FLOAT32, FLOAT64
from tests.honest import SHORT, WIDELY, contract, in_order, outside, points, wide

# What is computed here overflows, vanishes and turns into NaN on purpose.
pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")


@SHORT
@pytest.mark.parametrize("head", ["sigmoid", "tanh"])
@pytest.mark.parametrize("off", [-4, 4])
def test_four_steps_beside_the_nearest_number_no_activation_is_right(fmt, head, off):
    x = fmt.all_finite()
    ball = contract(fmt).forward(head, *points(fmt, x))
    ordinals = fmt.ordinals(fmt.nearest(ball.center)) + off
    # A naive sigmoid may be zero where its exponential overflows, and then anything up to there.
    tight = ball.rad < np.abs(ball.center)
    tight |= np.abs(ball.center) < fmt.smallest_normal * fmt.unit_roundoff
    wrong = outside(ball, fmt.from_ordinals(ordinals))
    assert wrong[tight].all()
    assert tight.mean() > 0.99


@SHORT
@pytest.mark.parametrize("head", ["sigmoid", "tanh"])
def test_every_activation_of_a_short_format_is_enclosed_by_one_ulp(fmt, head):
    ball = contract(fmt).forward(head, *points(fmt, fmt.all_finite()))
    normal = (np.abs(ball.center) > fmt.smallest_normal) & (ball.rad < np.abs(ball.center))
    assert (ball.rad <= fmt.ulp(ball.magnitude) * (1 + 2.0**-8))[normal].all()
    assert normal.mean() > 0.5


@WIDELY
def test_one_operation_is_enclosed_by_one_rounding(fmt):
    rng, ar = np.random.default_rng(8), contract(fmt).arithmetic
    a, b = (ar.point(rng.uniform(1, 2, 500).astype(fmt.work.dtype).astype(float)) for _ in "ab")
    u = fmt.work.unit_roundoff
    for ball in (ar.add(a, b), ar.multiply(a, b), ar.divide(a, b), ar.sqrt(a)):
        assert (ball.rad <= u * np.abs(ball.center) * (1 + 2.0**-20)).all()


@pytest.mark.parametrize("sign", [-1, 1])
@WIDELY
def test_gradients_that_are_one_percent_off_fall_out(fmt, sign):
    # The ulp of bfloat16 is up to 0.8 %, and its saved outputs are off by half of that.
    wrong = 1 + sign * (0.05 if fmt is BFLOAT16 else 0.01)
    rng, rules = np.random.default_rng(9), contract(fmt)
    x, w, f, g = (fmt.nearest(rng.normal(size=shape)) for shape in [(16, 3), (3, 3), 3, (16, 3)])
    operands = {
        "sigmoid": (x, fmt.nearest(rules.forward("sigmoid", *points(fmt, x)).center)),
        "tanh": (x, fmt.nearest(rules.forward("tanh", *points(fmt, x)).center)),
        "linear": (x, w, f, g),
        "residual": (x, g, g),
        "batch_norm": (x, f, f, Fraction(1, 1000), x),
    }
    for head, arrays in operands.items():
        for ball in rules.backward(head, *points(fmt, *arrays, g)):
            if ball is not None:
                share = outside(ball, fmt.nearest(ball.center * wrong)).mean()
                assert share > 0.9, head  # the others are small, and sums of what cancels


def normalised(x, mean, variance, eps=1e-5):
    return (x - mean) / np.sqrt(variance + x.dtype.type(eps))


def assert_falls_out(fmt, x, values, share=0.5):
    one, zero = np.ones(x.shape[1]), np.zeros(x.shape[1])
    ball = contract(fmt).forward("batch_norm", *points(fmt, x, one, zero, Fraction(1, 100_000)))
    assert outside(ball, fmt.nearest(values.astype(np.float64))).mean() > share


def test_a_mean_that_is_accumulated_in_half_precision_falls_out():
    x = (np.random.default_rng(10).normal(size=(64, 50)) + 10).astype(np.float16)
    mean = in_order(x.T, 0 * x[0]) / np.float16(64)
    assert_falls_out(FLOAT16, x, normalised(wide(FLOAT16, x), mean, wide(FLOAT16, x).var(axis=0)))


@pytest.mark.parametrize(("fmt", "offset"), [(FLOAT32, 1000), (FLOAT64, 1e7)], ids=str)
def test_a_variance_in_one_pass_falls_out_where_the_mean_is_large(fmt, offset):
    x = (np.random.default_rng(11).normal(size=(16, 50)) + offset).astype(fmt.dtype)
    mean = x.mean(axis=0)
    assert_falls_out(fmt, x, normalised(x, mean, (x * x).mean(axis=0) - mean * mean))


@WIDELY
def test_a_variance_divided_by_one_less_falls_out(fmt):
    x = fmt.nearest(np.random.default_rng(12).normal(size=(16, 50)))
    w = wide(fmt, x)
    assert_falls_out(fmt, x, normalised(w, w.mean(axis=0), w.var(axis=0, ddof=1)))


@WIDELY
def test_an_epsilon_outside_the_root_falls_out(fmt):
    x = fmt.nearest(np.random.default_rng(13).normal(size=(16, 50)) / 32)
    w = wide(fmt, x)
    assert_falls_out(fmt, x, (w - w.mean(axis=0)) / (w.std(axis=0) + fmt.work.dtype(1e-5)))


@WIDELY
def test_clipping_each_gradient_by_its_own_norm_falls_out(fmt):
    grads = [fmt.nearest(np.array([3.0, 4.0])), fmt.nearest(np.array([5.0]))]
    balls = contract(fmt).forward("clip_by_norm", points(fmt, *grads), Fraction(1))
    for ball, own in zip(balls, ([0.6, 0.8], [1.0]), strict=True):
        assert outside(ball, fmt.nearest(np.array(own))).all()

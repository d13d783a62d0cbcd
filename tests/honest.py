"""Honest ways to compute a head, for the tests of its rule.

Honest is what reads the stored numbers, works in the working format in any order and by any of the
usual formulas, and rounds each result once, to either neighbour.
"""

from contextlib import contextmanager
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
import torch
from hypothesis import settings, strategies as st

from checks.contract import Contract
from checks.formats import BFLOAT16, FLOAT16, FORMATS

SHORT = pytest.mark.parametrize("fmt", [FLOAT16, BFLOAT16], ids=str)


# An implementation may state that it works in half precision throughout.
HALF = replace(FLOAT16, name="float16 throughout", working="float16")

EVERY = pytest.mark.parametrize("fmt", [*FORMATS.values(), HALF], ids=str)

WIDELY = pytest.mark.parametrize("fmt", FORMATS.values(), ids=str)

SEEDS = st.integers(0, 2**32 - 1)


# An example holds dozens of numbers, and there are hundreds of tests.
FEWER = settings(max_examples=max(settings().max_examples // 5, 4))


def contract(fmt, *, flushes=False):
    return Contract(FLOAT16 if fmt is HALF else fmt, fmt.work, {}, flushes)


def points(fmt, *arrays):
    ar = contract(fmt).arithmetic
    return [a if isinstance(a, Fraction) else ar.point(a.astype(np.float64)) for a in arrays]


def wide(fmt, values):
    return values.astype(fmt.work.dtype)


def stored(fmt, values):
    """The one rounding at the end: to nearest, and to either neighbour in 16 bits."""
    if fmt.bits > 16:
        return [values]
    doubles = values.astype(np.float64)
    nearest = fmt.nearest(doubles)
    ordinals = fmt.ordinals(nearest)
    down = fmt.from_ordinals(ordinals - (nearest.astype(np.float64) > doubles))
    up = fmt.from_ordinals(ordinals + (nearest.astype(np.float64) < doubles))
    return [np.where(np.isfinite(doubles), part, nearest) for part in (nearest, down, up)]


def assert_honest(fmt, ball, values):
    assert values.shape == ball.shape
    for rounded in stored(fmt, values):
        rounded = rounded.astype(np.float64)
        inside = np.ravel(ball.contains(rounded))
        worst = np.flatnonzero(~inside)[:1]
        assert inside.all(), (
            f"{np.ravel(rounded)[worst]} outside {np.ravel(ball.center)[worst]} "
            f"± {np.ravel(ball.rad)[worst]} at {worst}"
        )


def draws(fmt, seed, shape):
    """Values of one of several kinds: any pattern, one scale, saturating, tiny, simple, lost."""
    rng = np.random.default_rng(seed)
    top = fmt.largest_ordinal
    kind = rng.integers(0, 6)
    if kind == 0:
        return fmt.from_ordinals(rng.integers(-top, top, shape, endpoint=True))
    values = rng.normal(size=shape)
    if kind == 1:
        values = np.ldexp(values, int(rng.integers(-8, 8)))
    elif kind == 2:
        values = values * 30
    elif kind == 3:
        values = values * fmt.smallest_normal * 4
    elif kind == 4:
        values = np.rint(values * 2) / 2
    else:  # added to the first one by one, all the others are lost
        values = fmt.work.unit_roundoff * rng.uniform(0.9, 1, shape)
        values.flat[:1] = 1
    return fmt.nearest(values)


def nudged(given, seed, ulps=3):
    """Values some ulps away: an elementary function of the accuracy that is promised."""
    rng, values, finite = np.random.default_rng(seed), given, np.isfinite(given)
    for _ in range(ulps):
        values = np.nextafter(
            values, np.where(rng.random(values.shape) < 0.5, -np.inf, np.inf).astype(values.dtype)
        )
    return np.where(finite, values, given)


def stable_sigmoid(x, e):
    return np.where(x > 0, 1, e) / (1 + e)


SIGMOIDS = {
    "stable": lambda x, seed: stable_sigmoid(x, np.exp(-np.abs(x))),
    "naive": lambda x, seed: 1 / (1 + np.exp(-x)),
    "nudged": lambda x, seed: stable_sigmoid(x, np.abs(nudged(np.exp(-np.abs(x)), seed))),
    "naive and nudged": lambda x, seed: 1 / (1 + np.abs(nudged(np.exp(-x), seed))),
    "by the growing exponential": lambda x, seed: np.where(
        x < 0, np.exp(x) / (1 + np.exp(x)), 1 / (1 + np.exp(-x))
    ),
}

SIGMOID_SLOPES = {
    "g (y (1 - y))": lambda g, x, y, e: g * (y * (1 - y)),
    "(g y) (1 - y)": lambda g, x, y, e: (g * y) * (1 - y),
    "(g (1 - y)) y": lambda g, x, y, e: (g * (1 - y)) * y,
    "g e / (1 + e)²": lambda g, x, y, e: g * (e / ((1 + e) * (1 + e))),
    "(g e) / (1 + e) / (1 + e)": lambda g, x, y, e: g * e / (1 + e) / (1 + e),
}


def in_order(terms, start):
    """The sum along the last axis, one after the other, from a start."""
    total = start
    for term in np.moveaxis(terms, -1, 0):
        total = total + term
    return total


def products(x, weight):
    return x[:, np.newaxis, :] * weight[np.newaxis, :, :]


def batches(fmt, seed, rows, columns):
    """Columns of any mean and spread, constant ones and huge ones among them."""
    rng = np.random.default_rng(seed)
    spread = np.exp2(rng.integers(-12, 6, columns))
    mean = spread * np.exp2(rng.integers(-4, 14, columns)) * rng.choice([-1, 0, 1], columns)
    x = mean + spread * rng.normal(size=(rows, columns))
    x[:, rng.random(columns) < 0.1] = rng.normal()
    return fmt.nearest(np.ldexp(x, int(rng.integers(-8, 8))))


def by_rows(x):
    """Every sum from the last row to the first, and a multiplication by 1/m."""
    one = x.dtype.type(1) / x.dtype.type(len(x))
    mean = in_order(x[::-1].T, 0 * x[0]) * one
    centred = x - mean
    return mean, in_order((centred * centred)[::-1].T, 0 * x[0]) * one


def normal_form(x, gamma, beta, mean, inverse):
    return gamma * ((x - mean) * inverse) + beta


def outside(ball, values):
    return ~np.asarray(ball.contains(values.astype(np.float64)))


def exact_points(fmt, *arrays):
    ar = contract(fmt).exact
    return ar, [ar.point(a.astype(np.float64)) for a in arrays]


@contextmanager
def flushing():
    """This thread's arithmetic reads and delivers zero for subnormals, NumPy's included."""
    if not torch.set_flush_denormal(True):
        pytest.skip("this processor does not flush")
    try:
        yield
    finally:
        torch.set_flush_denormal(False)

"""What a device that puts subnormals to zero computes is enclosed as well."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, strategies as st

from checks.formats import FLOAT32
from tests.honest import (
    FEWER,
    SEEDS,
    SIGMOID_SLOPES,
    SIGMOIDS,
    assert_honest,
    by_rows,
    contract,
    flushing,
    in_order,
    normal_form,
    products,
)

# What is computed here overflows, vanishes and turns into NaN on purpose.
pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")


def batch_norm_by_rows(x, gamma, beta):
    mean, variance = by_rows(x)
    return normal_form(x, gamma, beta, mean, 1 / np.sqrt(variance + np.float32(2.0**-30)))


FLUSHED = {
    "add": lambda x, w, b: x + w,
    "mul": lambda x, w, b: x * w,
    "total": lambda x, w, b: np.asarray(in_order(x.ravel(), np.float32(0))),
    "linear": lambda x, w, b: in_order(products(x, w), b),
    "sigmoid": lambda x, w, b: SIGMOIDS["naive"](x, 0),
    "tanh": lambda x, w, b: np.tanh(x),
    "batch_norm": lambda x, w, b: batch_norm_by_rows(x, w[0], b),
}

OPERANDS = {"add": 2, "mul": 2, "linear": 3, "batch_norm": 3}


@pytest.mark.parametrize("head", FLUSHED)
@FEWER
@given(seed=SEEDS, tiny=st.integers(0, 2))
def test_what_a_flushing_device_computes_is_enclosed(head, seed, tiny):
    rng, rules = np.random.default_rng(seed), contract(FLOAT32, flushes=True)
    parts = [rng.normal(size=shape).astype(np.float32) for shape in [(4, 4), (4, 4), 4]]
    # Around the smallest normal number, and the sigmoid's input where its value is.
    parts[tiny] = np.ldexp(parts[tiny], rng.integers(-130, -120, parts[tiny].shape))
    if head == "sigmoid":
        parts[0] = parts[0] - np.float32(87)
    with flushing():
        computed = FLUSHED[head](*parts)
    if head == "batch_norm":
        parts[1] = parts[1][0]
    balls = [rules.arithmetic.point(part) for part in parts[: OPERANDS.get(head, 1)]]
    numbers = [Fraction(1, 2**30)] if head == "batch_norm" else []
    assert_honest(FLOAT32, rules.forward(head, *balls, *numbers), computed)


@FEWER
@given(seed=SEEDS)
def test_gradients_that_a_flushing_device_computes_are_enclosed(seed):
    rng, rules = np.random.default_rng(seed), contract(FLOAT32, flushes=True)
    x = (64 * rng.normal(size=16)).astype(np.float32)
    g = np.ldexp(rng.normal(size=16), rng.integers(-130, -100, 16)).astype(np.float32)
    y = SIGMOIDS["stable"](x, seed)
    for way in SIGMOID_SLOPES.values():
        with flushing():
            computed = way(g, x, y, np.exp(-np.abs(x)))
        operands = [rules.arithmetic.point(part) for part in (x, y, g)]
        (ball,) = rules.backward("sigmoid", *operands)
        assert_honest(FLOAT32, ball, computed)

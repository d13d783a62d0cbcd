"""What an initialiser may deliver is near something that it can draw, and nothing else is."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, strategies as st

from checks.contract import Contract
from checks.enclosures import Arithmetic
from checks.formats import FLOAT32, FLOAT64, FORMATS
from checks.implementations.ideal import IDEAL
from checks.implementations.numpy_textbook import NUMPY_TEXTBOOK
from checks.reference import doubles
from checks.rules import RULES

SHAPES = st.sampled_from([(5, 3), (3, 5), (4, 4), (1, 6), (6, 1), (1, 1), (4, 3, 2, 2)])
SEEDS = st.integers(0, 2**32 - 1)
ONE = Fraction(1)
# The numbers of each head between its shape and its seed.
BETWEEN = {
    "he_uniform": (),
    "xavier_uniform": (Fraction(3, 2),),
    "truncated_normal": (ONE, -ONE, Fraction(2)),
}


def textbook(head, shape, *numbers):
    return NUMPY_TEXTBOOK.functions[head](shape, *map(float, numbers[:-1]), int(numbers[-1]))


def is_enclosed(fmt, head, weight, *arguments):
    contract = Contract.of(IDEAL, fmt)
    stored = fmt.nearest(np.asarray(weight, np.float64)).astype(np.float64)
    ball = contract.forward(head, *arguments, contract.arithmetic.point(stored))
    return bool(ball.contains(stored).all())


def with_entry(weight, value):
    weight = np.array(weight, np.float64)
    weight.flat[0] = value
    return weight


@pytest.mark.parametrize("fmt", FORMATS.values(), ids=str)
@pytest.mark.parametrize("head", BETWEEN)
@given(shape=SHAPES, seed=SEEDS)
def test_a_weight_between_its_bounds_may_be_drawn(fmt, head, shape, seed):
    arguments = (shape, *BETWEEN[head], Fraction(seed))
    assert is_enclosed(fmt, head, textbook(head, *arguments), *arguments)


def bound(head, shape):
    """The upper bound of a head of this shape, whose kernel is 1."""
    out, into = shape
    return {
        "he_uniform": np.sqrt(6 / into),
        "xavier_uniform": 1.5 * np.sqrt(6 / (out + into)),
        "truncated_normal": 2.0,
    }[head]


@pytest.mark.parametrize("fmt", FORMATS.values(), ids=str)
@pytest.mark.parametrize("head", BETWEEN)
def test_a_weight_may_be_rounded_beyond_its_bound_and_not_lie_there(fmt, head):
    shape = (5, 3)
    arguments = (shape, *BETWEEN[head], Fraction(1))
    weight = textbook(head, *arguments)
    last = bound(head, shape)
    above = float(fmt.nearest(np.array(last * (1 + fmt.unit_roundoff))))
    assert is_enclosed(fmt, head, with_entry(weight, last), *arguments)
    assert is_enclosed(fmt, head, with_entry(weight, above), *arguments)
    for far in (1 + 8 * fmt.unit_roundoff, 1 + 2.0**-6, 100.0):
        beyond = with_entry(weight, last * max(far, 1 + 8 * FLOAT32.unit_roundoff))
        assert not is_enclosed(fmt, head, beyond, *arguments)


def householder(normals):
    q, r = np.linalg.qr(normals)
    return q * np.copysign(1, np.diag(r))


def polar(normals):
    left, _, right = np.linalg.svd(normals, full_matrices=False)
    return left @ right


def gram_and_schmidt_twice(normals):
    columns = normals.copy()
    for k in range(columns.shape[1]):
        for _ in range(2):
            columns[:, k] -= columns[:, :k] @ (columns[:, :k].T @ columns[:, k])
        columns[:, k] /= np.linalg.norm(columns[:, k])
    return columns


def orthogonal(way, shape, gain, seed, dtype=np.float64):
    sides = shape[0], int(np.prod(shape[1:]))
    normals = np.random.default_rng(seed).normal(size=(max(sides), min(sides))).astype(dtype)
    columns = way(normals)
    return (dtype(gain) * (columns if sides[0] >= sides[1] else columns.T)).reshape(shape)


@pytest.mark.parametrize("fmt", FORMATS.values(), ids=str)
@pytest.mark.parametrize("way", [householder, polar, gram_and_schmidt_twice])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@given(shape=SHAPES, seed=SEEDS, gain=st.sampled_from([ONE, Fraction(1, 8), Fraction(5, 3)]))
def test_an_orthogonal_weight_may_be_made_in_any_stable_way(fmt, way, dtype, shape, seed, gain):
    weight = orthogonal(way, shape, float(gain), seed, dtype)
    assert is_enclosed(fmt, "orthogonal", weight, shape, gain, Fraction(seed))


@pytest.mark.parametrize("fmt", FORMATS.values(), ids=str)
@given(shape=SHAPES, seed=SEEDS)
def test_a_weight_that_is_not_orthogonal_falls_out(fmt, shape, seed):
    weight = orthogonal(householder, shape, 1.0, seed)
    for wrong in (
        1.05 * weight,
        0.95 * weight,
        with_entry(weight, np.nan),
        with_entry(weight, np.inf),
        np.zeros(shape),
    ):
        assert not is_enclosed(fmt, "orthogonal", wrong, shape, ONE, Fraction(seed))


@pytest.mark.parametrize("fmt", [FLOAT32, FLOAT64], ids=str)
@given(shape=SHAPES, seed=SEEDS)
def test_the_exact_weight_is_orthogonal_and_near(fmt, shape, seed):
    ar = Arithmetic.exact(wide=fmt is FLOAT64)
    stored = fmt.nearest(orthogonal(householder, shape, 1.0, seed)).astype(np.float64)
    ball = RULES["orthogonal"].forward(ar, shape, ONE, Fraction(seed), ar.point(stored))
    matrix = ball.map(lambda part: part.reshape(shape[0], -1))
    if matrix.shape[0] < matrix.shape[1]:
        matrix = matrix.map(np.transpose)
    gram = ar.dot(matrix.map(np.transpose), matrix)
    assert gram.contains(np.eye(gram.shape[0])).all()
    assert (doubles(ball.rad) <= 2.0**-40).all()
    assert (np.abs(ball.center - stored) <= np.sqrt(stored.size) * fmt.unit_roundoff * 4).all()

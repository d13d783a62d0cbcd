"""Enclosures of singular values hold those of every matrix in the ball, and little else."""

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from checks.enclosures import Arithmetic, Ball
from checks.singular import largest_singular_value, smallest_singular_value

FEWER = settings(max_examples=max(settings().max_examples // 4, 4))
WIDE = pytest.mark.parametrize("wide", [False, True])
SHAPES = st.tuples(st.integers(1, 5), st.integers(1, 5))
SEEDS = st.integers(0, 2**32 - 1)


def drawn(seed, shape, exponent):
    """Any matrix, one of low rank, or one whose entries differ by many powers of ten."""
    rng = np.random.default_rng(seed)
    matrix = rng.normal(size=shape)
    if seed % 3 == 1:
        matrix = np.outer(matrix[:, 0], rng.normal(size=shape[1]))
    if seed % 3 == 2:
        matrix = matrix * 10.0 ** rng.integers(-12, 12, shape)
    return np.ldexp(matrix, exponent)


def singular_values(matrix):
    with mpmath.workprec(400):
        return list(mpmath.svd_r(mpmath.matrix(matrix.tolist()), compute_uv=False))


def distance(ball, true):
    with mpmath.workprec(400):
        return abs(mpmath.mpf(float(ball.center)) - true)


@WIDE
@FEWER
@given(seed=SEEDS, shape=SHAPES, exponent=st.sampled_from([0, -1000, 990]))
def test_the_singular_values_of_a_matrix_are_enclosed(wide, seed, shape, exponent):
    ar = Arithmetic.exact(wide=wide)
    matrix = drawn(seed, shape, exponent)
    true = singular_values(matrix)
    for enclose, value in ((largest_singular_value, true[0]), (smallest_singular_value, true[-1])):
        ball = enclose(ar, ar.point(matrix))
        assert distance(ball, value) <= float(ball.rad) + 2.0**-52 * float(ball.center)
        assert ball.rad <= float(true[0]) * 2.0**-40 + 2.0**-1060


@WIDE
@FEWER
@given(seed=SEEDS, shape=SHAPES)
def test_the_singular_values_of_all_matrices_in_a_ball_are_enclosed(wide, seed, shape):
    ar, rng = Arithmetic.exact(wide=wide), np.random.default_rng(seed)
    matrix, radius = rng.normal(size=shape), np.ldexp(1.0, -int(rng.integers(1, 20)))
    ball = Ball(ar.point(matrix).mid, np.full(shape, radius))
    other = singular_values(matrix + rng.choice([-1, 1], shape) * radius * (1 - 2.0**-20))
    assert (
        distance(largest_singular_value(ar, ball), other[0]) <= largest_singular_value(ar, ball).rad
    )
    smallest = smallest_singular_value(ar, ball)
    assert distance(smallest, other[-1]) <= smallest.rad


@pytest.mark.parametrize("enclose", [largest_singular_value, smallest_singular_value])
@pytest.mark.parametrize("lost", [np.inf, np.nan])
def test_a_matrix_that_is_not_finite_has_any_singular_value(enclose, lost):
    ar = Arithmetic.exact(wide=False)
    assert np.isposinf(enclose(ar, ar.point(np.array([[1.0, lost], [0.0, 1.0]]))).rad)


def test_a_single_number_is_its_own_singular_value():
    ar = Arithmetic.exact(wide=True)
    ball = largest_singular_value(ar, ar.point(np.array([[-3.0]])))
    assert (ball.center, ball.rad) == (3.0, 0.0)

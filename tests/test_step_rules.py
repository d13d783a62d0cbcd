"""The balls of penalties and of optimisers' steps contain every honest way, and no wrong one."""

from fractions import Fraction

import numpy as np
import pytest
import torch
from hypothesis import given, strategies as st

from checks.implementations.torch_eager import torch_eager
from checks.lists import entered, fresh_state
from tests.honest import (
    EVERY,
    FEWER,
    SEEDS,
    WIDELY,
    assert_honest,
    contract,
    draws,
    in_order,
    outside,
    points,
    wide,
)

# What is computed here overflows and vanishes on purpose.
pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")

SHAPES = [(3,), (2, 4), (0,), (17,)]
NUMBERS = st.builds(Fraction, st.integers(1, 255), st.sampled_from([10, 64, 100, 256]))
RATES = NUMBERS.map(lambda number: number / 26)


def lists(fmt, seed, count):
    """Lists of arrays of the same shapes, each of a kind of its own."""
    return [
        [draws(fmt, seed + 10 * number + part, shape) for part, shape in enumerate(SHAPES)]
        for number in range(count)
    ]


def wides(fmt, arrays):
    return [wide(fmt, array) for array in arrays]


def assert_all_honest(fmt, balls, arrays):
    for ball, values in zip(entered(balls), entered(arrays), strict=True):
        assert_honest(fmt, ball, np.asarray(values))


# -- gradient descent -----------------------------------------------------------------------------

DESCENTS = {
    "θ − η(g + λθ)": lambda p, g, lr, wd: p - lr * (g + wd * p),
    "(1 − ηλ)θ − ηg": lambda p, g, lr, wd: (1 - lr * wd) * p - lr * g,
    "θ − ηg − ηλθ": lambda p, g, lr, wd: p - lr * g - (lr * wd) * p,
    "θ + (−η)(λθ + g)": lambda p, g, lr, wd: p + -lr * (wd * p + g),
}


@EVERY
@pytest.mark.parametrize("way", DESCENTS)
@FEWER
@given(seed=SEEDS, rate=NUMBERS, decay=NUMBERS | st.just(Fraction(0)))
def test_a_step_of_descent_may_decay_in_any_usual_way(fmt, way, seed, rate, decay):
    params, grads = lists(fmt, seed, 2)
    balls = contract(fmt).forward(
        "sgd_step", points(fmt, *params), points(fmt, *grads), rate, decay
    )
    work = fmt.work.dtype
    lr, wd = work(float(rate)), work(float(decay))
    stepped = [
        DESCENTS[way](p, g, lr, wd)
        for p, g in zip(wides(fmt, params), wides(fmt, grads), strict=True)
    ]
    assert_all_honest(fmt, balls, stepped)


@EVERY
@FEWER
@given(seed=SEEDS, rate=NUMBERS, decay=NUMBERS | st.just(Fraction(0)))
def test_the_way_back_through_a_step_may_shrink_or_subtract(fmt, seed, rate, decay):
    params, grads, upstream = lists(fmt, seed, 3)
    lists_ = (points(fmt, *part) for part in (params, grads))
    arriving = points(fmt, *upstream)
    kept, to_grads, *_ = contract(fmt).backward(
        "sgd_step", *lists_, rate, decay, arriving, arriving
    )
    work = fmt.work.dtype
    lr, wd, g = work(float(rate)), work(float(decay)), wides(fmt, upstream)
    assert_all_honest(fmt, kept, [(1 - lr * wd) * part for part in g])
    assert_all_honest(fmt, kept, [part - lr * (wd * part) for part in g])
    assert_all_honest(fmt, to_grads, [-(lr * part) for part in g])


@WIDELY
def test_a_step_that_is_one_percent_off_falls_out(fmt):
    rng = np.random.default_rng(20)
    p, g = (fmt.nearest(rng.normal(size=400)) for _ in "pg")
    numbers = Fraction(1, 2), Fraction(1, 4)
    (ball,) = contract(fmt).forward("sgd_step", points(fmt, p), points(fmt, g), *numbers)
    wrong = 1.05 if fmt.name == "bfloat16" else 1.01
    assert outside(ball, fmt.nearest(ball.center * wrong)).mean() > 0.9


# -- Adam -----------------------------------------------------------------------------------------


def textbook(p, m, v, lr, eps, c1, c2):
    return p - lr * (m / c1) / (np.sqrt(v / c2) + eps)


UPDATES = {
    "m̂ / (√v̂ + ε)": textbook,
    "√v / √c": lambda p, m, v, lr, eps, c1, c2: p - lr / c1 * m / (np.sqrt(v) / np.sqrt(c2) + eps),
    "short form": lambda p, m, v, lr, eps, c1, c2: (
        p - lr * np.sqrt(c2) / c1 * (m / (np.sqrt(v) + eps * np.sqrt(c2)))
    ),
    "by a reciprocal": lambda p, m, v, lr, eps, c1, c2: (
        p - lr * (m / c1 * (1 / (np.sqrt(v / c2) + eps)))
    ),
}
MIXTURES = {
    "weighed": lambda beta, old, new: beta * old + (1 - beta) * new,
    "interpolated": lambda beta, old, new: old + (1 - beta) * (new - old),
}


@EVERY
@pytest.mark.parametrize("update", UPDATES)
@pytest.mark.parametrize("mixture", MIXTURES)
@FEWER
@given(
    seed=SEEDS, rate=NUMBERS, betas=st.tuples(RATES, RATES), eps=NUMBERS, steps=st.integers(0, 9)
)
def test_a_step_of_adam_may_be_computed_in_any_usual_way(
    fmt, update, mixture, seed, rate, betas, eps, steps
):
    betas = [min(beta, Fraction(255, 256)) for beta in betas]
    params, grads, first, second = lists(fmt, seed, 4)
    second = [np.abs(part) for part in second]
    count = fmt.nearest(np.array(float(steps)))
    state = [points(fmt, *first), points(fmt, *second), *points(fmt, count)]
    numbers = rate, *betas, eps, Fraction(0)
    operands = points(fmt, *params), points(fmt, *grads), state, *numbers
    balls, new = (
        contract(fmt).forward(f"adam_step.{part}", *operands) for part in ("params", "state")
    )
    work = fmt.work.dtype
    lr, b1, b2, e = (work(float(number)) for number in (rate, *betas, eps))
    c1, c2 = (work(1) - beta ** work(steps + 1) for beta in (b1, b2))
    gs = wides(fmt, grads)
    ms = [MIXTURES[mixture](b1, m, g) for m, g in zip(wides(fmt, first), gs, strict=True)]
    vs = [MIXTURES[mixture](b2, v, g * g) for v, g in zip(wides(fmt, second), gs, strict=True)]
    assert_all_honest(fmt, new, [ms, vs, work(steps + 1)])
    vs = [np.maximum(v, 0) for v in vs]  # an interpolation may end below 0 by a rounding
    stepped = [
        UPDATES[update](p, m, v, lr, e, c1, c2)
        for p, m, v in zip(wides(fmt, params), ms, vs, strict=True)
    ]
    assert_all_honest(fmt, balls, stepped)


@EVERY
@FEWER
@given(seed=SEEDS, rate=NUMBERS, decay=NUMBERS)
def test_adamw_may_decay_before_its_step_or_after_it(fmt, seed, rate, decay):
    params, grads = lists(fmt, seed, 2)
    zeros = fresh_state(lambda shape: np.zeros(shape), params)
    state = [[contract(fmt).arithmetic.point(z) for z in part] for part in zeros[:2]]
    state.append(contract(fmt).arithmetic.point(zeros[2]))
    half, eps = Fraction(1, 2), Fraction(1, 8)
    operands = points(fmt, *params), points(fmt, *grads), state, rate, half, half, eps, decay
    balls = contract(fmt).forward("adamw_step.params", *operands)
    work = fmt.work.dtype
    lr, wd = work(float(rate)), work(float(decay))
    ps, gs = wides(fmt, params), wides(fmt, grads)
    steps = [lr * g / (np.sqrt(g * g) + work(0.125)) for g in gs]
    for ways in (
        [(1 - lr * wd) * p - step for p, step in zip(ps, steps, strict=True)],
        [p - step - lr * wd * p for p, step in zip(ps, steps, strict=True)],
    ):
        assert_all_honest(fmt, balls, ways)


@WIDELY
def test_a_step_of_adam_without_its_bias_correction_falls_out(fmt):
    g = fmt.nearest(np.random.default_rng(21).normal(size=400))
    zeros = [contract(fmt).arithmetic.point(np.zeros(400)) for _ in range(3)]
    state = [zeros[:1], zeros[1:2], contract(fmt).arithmetic.point(np.zeros(()))]
    b1, b2, eps = Fraction(3, 4), Fraction(3, 4), Fraction(1, 1024)
    operands = zeros[2:], points(fmt, g), state, Fraction(1, 2), b1, b2, eps, Fraction(0)
    (ball,) = contract(fmt).forward("adam_step.params", *operands)
    wrong = -0.5 * 0.25 * wide(fmt, g) / (np.sqrt(wide(fmt, g) ** 2 / 4) + 2.0**-10)
    assert outside(ball, fmt.nearest(wrong.astype(np.float64))).mean() > 0.9


# -- penalties ------------------------------------------------------------------------------------

PENALTIES = {
    "l2_penalty": {
        "α Σ w²": lambda w, alpha: alpha * (w * w).sum(),
        "Σ αw², in order": lambda w, alpha: in_order(alpha * (w * w), w.dtype.type(0)),
        "last to first": lambda w, alpha: in_order((w * w)[::-1], w.dtype.type(0)) * alpha,
        "(√α‖w‖)², almost": lambda w, alpha: alpha * np.sqrt((w * w).sum()) ** 2,
    },
    "l1_penalty": {
        "α Σ |w|": lambda w, alpha: alpha * np.abs(w).sum(),
        "Σ α|w|, in order": lambda w, alpha: in_order(alpha * np.abs(w), w.dtype.type(0)),
        "w · sign w": lambda w, alpha: alpha * in_order(w * np.sign(w), w.dtype.type(0)),
    },
}
WAYS = [(head, way) for head, ways in PENALTIES.items() for way in ways]


@EVERY
@pytest.mark.parametrize(("head", "way"), WAYS)
@FEWER
@given(seed=SEEDS, strength=NUMBERS)
def test_a_penalty_may_be_summed_in_any_order(fmt, head, way, seed, strength):
    (weights,) = lists(fmt, seed, 1)
    ball = contract(fmt).forward(head, points(fmt, *weights), strength)
    entries = np.concatenate([np.ravel(wide(fmt, w)) for w in weights])
    assert_honest(
        fmt, ball, np.asarray(PENALTIES[head][way](entries, entries.dtype.type(strength)))
    )


SLOPES = {
    "l2_penalty": (
        lambda g, a, w: g * (2 * a * w),
        lambda g, a, w: g * a * w * 2,
        lambda g, a, w: g * a * w + g * a * w,
    ),
    "l1_penalty": (
        lambda g, a, w: g * a * np.sign(w),
        lambda g, a, w: g * (a * np.sign(w)),
    ),
}


@EVERY
@pytest.mark.parametrize("head", SLOPES)
@FEWER
@given(seed=SEEDS, strength=NUMBERS)
def test_the_gradient_of_a_penalty_may_be_multiplied_in_any_order(fmt, head, seed, strength):
    (weights,) = lists(fmt, seed, 1)
    g = draws(fmt, seed + 50, ())[()]
    g = np.asarray(np.clip(g, -fmt.dtype(64), fmt.dtype(64)))  # g · α must not overflow
    operands = points(fmt, *weights), strength, *points(fmt, g, g)
    balls, none = contract(fmt).backward(head, *operands)
    assert none is None
    a = fmt.work.dtype(float(strength))
    for way in SLOPES[head]:
        assert_all_honest(fmt, balls, [way(wide(fmt, g), a, wide(fmt, w)) for w in weights])


@WIDELY
def test_a_slope_of_one_at_zero_falls_out(fmt):
    zero, one = fmt.nearest(np.zeros(1)), fmt.nearest(np.ones(()))
    balls, _ = contract(fmt).backward(
        "l1_penalty", points(fmt, zero), Fraction(1, 2), *points(fmt, one, one)
    )
    assert outside(balls[0], np.array([0.5])).all()
    assert not outside(balls[0], np.zeros(1)).any()


# -- torch ----------------------------------------------------------------------------------------

OPTIMISERS = {
    "sgd_step": torch.optim.SGD,
    "adam_step": torch.optim.Adam,
    "adamw_step": torch.optim.AdamW,
}


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
@pytest.mark.parametrize("head", OPTIMISERS)
def test_torch_eager_steps_as_torch_optim_does_bit_for_bit(head, dtype):
    generator = torch.Generator().manual_seed(0)

    def draw():
        return [torch.randn(shape, generator=generator).to(dtype) for shape in SHAPES]

    params = draw()
    leaves = [torch.nn.Parameter(param.clone()) for param in params]
    betas = {} if head == "sgd_step" else {"betas": (0.9, 0.99), "eps": 1e-3}
    optimiser = OPTIMISERS[head](leaves, lr=0.1, weight_decay=0.01, **betas)
    state = fresh_state(lambda shape: torch.zeros(shape, dtype=dtype), params)
    for _ in range(3):
        grads = draw()
        for leaf, grad in zip(leaves, grads, strict=True):
            leaf.grad = grad.clone()
        optimiser.step()
        function = torch_eager().functions[head]
        if head == "sgd_step":
            params = function(params, grads, 0.1, 0.01)
        else:
            params, state = function(params, grads, state, 0.1, 0.9, 0.99, 1e-3, 0.01)
        assert all(torch.equal(a, b) for a, b in zip(params, leaves, strict=True))

"""A right implementation is judged as the textbook is, however it computes."""

import os
from collections.abc import Iterator
from itertools import count

import pytest

from checks import ledger
from checks.formats import FORMATS
from checks.runner import Profile, check
from checks.verdict import Cell, Verdict
from tests.variants import VARIANTS
from theory.book import CLAIMS, EVALUATED
from theory.claim import Claim
from theory.heads import HEADS

BOOK = {claim.name: claim for claim in CLAIMS}
LEDGER = ledger.read(CLAIMS)
NIGHTLY = os.environ.get("HYPOTHESIS_PROFILE") == "nightly"
SOME = Profile(examples=40 if NIGHTLY else 6, derandomize=True)
LIMITS = {Verdict.FORMAT_LIMIT, Verdict.METHOD_LIMIT}

# The claims that say most of a head for the time they take; all others have their turn every night.
TELLING = {
    "sigmoid": ("sigmoid_slope_at_most_a_quarter", "chain_bias_gradient_is_a_product"),
    "tanh": ("skip_connection_adds_identity", "layer_gradient_is_a_product_of_jacobians"),
    "relu": ("relu_cannot_explode_or_vanish", "he_keeps_relu_second_moment"),
    "leaky_relu": ("leaky_relu_is_the_larger_of_kx_and_x",),
    "elu": ("elu_slope_is_value_plus_alpha", "elu_slope_at_most_one_or_alpha"),
    "linear": ("skip_connection_adds_identity", "batch_norm_weight_gradient_scales_inversely"),
    "residual": ("skip_connection_adds_identity", "residual_gradient_has_an_additive_one"),
    "batch_norm": (
        "batch_norm_ignores_shift_and_scale",
        "batch_norm_weight_gradient_scales_inversely",
    ),
    "clip_by_norm": ("norm_clipping_bounds_the_norm",),
    "he_normal": ("he_keeps_relu_second_moment",),
    "power": ("repeated_factor_overflows_at_depth", "repeated_factor_underflows_at_depth"),
    "mul": ("repeated_factor_overflows_at_depth_when_iterated", "relu_cannot_explode_or_vanish"),
}


def cells() -> Iterator[object]:
    turn = count()
    for name, variant in VARIANTS.items():
        head = variant.head.removesuffix("_backward")
        about = [claim for claim in EVALUATED if head in claim.heads]
        telling = [BOOK[claim] for claim in TELLING[head]]
        for fmt in variant.formats:
            for claim in about if NIGHTLY else [telling[next(turn) % len(telling)]]:
                yield pytest.param(variant, claim, fmt, id=f"{name}-{claim.name}-{fmt}")


def textbook_verdict(claim: Claim, fmt: str) -> Verdict:
    return LEDGER.expected(Cell(claim.name, "numpy-textbook", fmt, "cpu")).verdict


@pytest.mark.parametrize(("variant", "claim", "fmt"), list(cells()))
def test_a_variant_is_judged_as_the_textbook_is(variant, claim, fmt):
    result = check(claim, variant.implementation, FORMATS[fmt], SOME)
    expected = textbook_verdict(claim, fmt)
    allowed = {expected}
    if expected in LIMITS or claim.name in variant.limits:
        allowed |= LIMITS | {Verdict.HOLDS}
    assert result.verdict in allowed, result.smallest and result.smallest.message


def test_every_head_has_a_variant():
    assert set(HEADS) <= {variant.head.removesuffix("_backward") for variant in VARIANTS.values()}

"""A residual may call its branch on a copy of x; its gradients are judged all the same."""

import pytest
import torch

from checks.formats import FLOAT32
from checks.implementations.torch_eager import torch_eager
from checks.runner import PROFILES, check
from checks.verdict import Verdict
from theory.book import CLAIMS

SKIP, BLOCKS = (
    next(claim for claim in CLAIMS if claim.name == name)
    for name in ("skip_connection_adds_identity", "residual_gradient_has_an_additive_one")
)


def on_a_copy(x, branch):
    return x + branch(x.clone())


class _HalfGradient(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x.clone()

    @staticmethod
    def backward(ctx, grad):
        return grad / 2


def on_a_copy_with_half_the_gradient(x, branch):
    return x + branch(_HalfGradient.apply(x))


@pytest.mark.parametrize("claim", [SKIP, BLOCKS], ids=lambda claim: claim.name)
def test_a_branch_on_a_copy_holds(claim):
    copied = torch_eager().replace(residual=on_a_copy)
    assert check(claim, copied, FLOAT32, PROFILES["dev"]).verdict is Verdict.HOLDS


@pytest.mark.parametrize("claim", [SKIP, BLOCKS], ids=lambda claim: claim.name)
def test_a_branch_on_a_copy_that_loses_gradient_is_a_defect(claim):
    wrong = torch_eager().replace(residual=on_a_copy_with_half_the_gradient)
    result = check(claim, wrong, FLOAT32, PROFILES["dev"])
    assert result.verdict is Verdict.DEFECT
    assert result.smallest.operation == "the backward pass of residual"

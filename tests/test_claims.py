"""Every claim, on every implementation, in every format, on every device: the verdict expected.

The expectation is the claim's own standing, or the ledger's entry. The ledger is strict both ways:
an entry that no longer fails fails here.
"""

import os

import pytest

from checks import ledger
from checks.formats import FORMATS
from checks.loading import load
from checks.matrix import has_cell
from checks.runner import PROFILES, check
from checks.verdict import Cell
from theory.book import CLAIMS
from theory.claim import Claim

BUILT_IN = ("ideal", "numpy-textbook", "torch-eager")
EXPECTED = ledger.read(CLAIMS)
PROFILE = PROFILES["nightly" if os.environ.get("HYPOTHESIS_PROFILE") == "nightly" else "ci"]


def cells(*implementations: str, device: str = "cpu") -> list[object]:
    """The matrix without trainings and times, for which `backproof check` has options."""
    return [
        pytest.param(claim, name, fmt, id=f"{claim.name}-{name}-{fmt}")
        for claim in CLAIMS
        for name in implementations
        for fmt in FORMATS
        if has_cell(claim, name, fmt, device) and not (claim.trains or claim.is_timed)
    ]


def judged(claim: Claim, implementation: str, device: str, fmt: str) -> str:
    expected = EXPECTED.expected(Cell(claim.name, implementation, fmt, device)).verdict
    result = check(claim, load(implementation, device), FORMATS[fmt], PROFILE, expected=expected)
    return EXPECTED.judge(result).complaint


@pytest.mark.parametrize(("claim", "implementation", "fmt"), cells(*BUILT_IN))
def test_a_claim_is_judged_as_expected(claim, implementation, fmt):
    assert judged(claim, implementation, "cpu", fmt) == ""


@pytest.mark.cuda
@pytest.mark.parametrize(("claim", "implementation", "fmt"), cells("torch-eager", device="cuda"))
def test_a_claim_is_judged_as_expected_on_cuda(claim, implementation, fmt):
    assert judged(claim, implementation, "cuda", fmt) == ""

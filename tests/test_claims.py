"""Every claim on every implementation: the verdict expected.

The expectation is the claim's own standing, or the ledger's entry. The ledger is strict both ways:
an entry that no longer fails fails here. Formats take turns, a claim and an implementation having
one of them each, and all of them every night; `backproof check` judges all of them every time.
"""

from itertools import product

import pytest

from checks import ledger
from checks.formats import FORMATS
from checks.loading import load
from checks.matrix import has_cell
from checks.runner import PROFILES, check
from checks.verdict import Cell
from tests.turns import NIGHTLY, in_turn
from theory.book import CLAIMS
from theory.claim import Claim

BUILT_IN = ("ideal", "numpy-textbook", "torch-eager")
EXPECTED = ledger.read(CLAIMS)
PROFILE = PROFILES["nightly" if NIGHTLY else "ci"]


def cells(*implementations: str, device: str = "cpu") -> list[object]:
    """The matrix without experiments and times, for which `backproof check` has options."""
    found = []
    judged = [claim for claim in CLAIMS if not (claim.is_measured or claim.is_timed)]
    for turn, (claim, name) in enumerate(product(judged, implementations)):
        formats = [fmt for fmt in FORMATS if has_cell(claim, name, fmt, device)]
        for fmt in formats if device == "cuda" else in_turn(formats, turn):
            found.append(pytest.param(claim, name, fmt, id=f"{claim.name}-{name}-{fmt}"))
    return found


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

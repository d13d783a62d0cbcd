"""What is false is never proved."""

import pytest

import theory.proof as proof_reading
import theory.proving.examples as search
from tests.false_variants import VARIANTS
from tests.false_variants.variant import OPEN, REFUTED
from theory.proof import prove

REFUTABLE = [name for name, (_, outcome) in VARIANTS.items() if outcome is REFUTED]


@pytest.mark.parametrize("name", REFUTABLE)
def test_an_example_refutes_a_false_variant(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # The methods have a test of their own below; without them a search has time on any machine.
    monkeypatch.setattr(proof_reading, "_attempts", lambda claim: ())
    monkeypatch.setattr(search, "PATIENCE", 120.0)
    proof = prove(VARIANTS[name][0])
    assert proof.outcome is REFUTED, str(proof)
    assert {"left", "right"} <= set(proof.witness or ())


@pytest.mark.parametrize("name", VARIANTS)
def test_no_method_proves_a_false_variant(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # Examples refute most variants before a method sees them; here the methods are on their own.
    monkeypatch.setattr(proof_reading, "SPOT_CHECKS", 0)
    monkeypatch.setattr(proof_reading, "TRIES", 0)
    proof = prove(VARIANTS[name][0])
    assert proof.outcome is OPEN, str(proof)
    assert proof.reason

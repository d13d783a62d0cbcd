"""What is false is never proved."""

import pytest

import theory.proof as proof_reading
import theory.proving.examples as search
from tests.false_variants import VARIANTS
from tests.false_variants.variant import OPEN, REFUTED
from theory.proof import prove


@pytest.mark.parametrize("name", VARIANTS)
def test_a_false_variant_is_not_proved(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    variant, outcome = VARIANTS[name]
    # Where an example is there, it is found on a busy machine, too.
    monkeypatch.setattr(search, "PATIENCE", 120.0 if outcome is REFUTED else 0.0)
    proof = prove(variant)
    assert proof.outcome in {outcome, REFUTED}, str(proof)
    if outcome is REFUTED:
        assert proof.witness is not None
        assert {"left", "right"} <= set(proof.witness)


@pytest.mark.parametrize("name", VARIANTS)
def test_no_method_proves_a_false_variant(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # Examples refute most variants before a method sees them; here the methods are on their own.
    monkeypatch.setattr(proof_reading, "SPOT_CHECKS", 0)
    monkeypatch.setattr(proof_reading, "TRIES", 0)
    proof = prove(VARIANTS[name][0])
    assert proof.outcome is OPEN, str(proof)
    assert proof.reason

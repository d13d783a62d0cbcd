"""What a false variant is: a claim built apart from the book, and what the prover says of it."""

from collections.abc import Callable
from typing import Any

from theory.claim import Claim, apart, claim
from theory.proof import Outcome
from theory.sources import Document

NOTES = Document("Notes", "Statements with one thing wrong").section("1")
VARIANTS: dict[str, tuple[Claim, Outcome]] = {}
OPEN, REFUTED = Outcome.OPEN, Outcome.REFUTED


def false(outcome: Outcome, **options: Any) -> Callable[[Any], Claim]:
    """Build a false claim apart from the book, with what the prover says of it."""

    def enter(function: Any) -> Claim:
        with apart():
            entry = claim(source=NOTES, **options)(function)
        assert entry.name not in VARIANTS
        VARIANTS[entry.name] = entry, outcome
        return entry

    return enter

"""The table of contents: everything that the five documents say is answered by the book."""

import pytest

from theory.book import CLAIMS
from theory.contents import ROWS, SECTIONS, Row
from theory.sources import CV, DOCUMENTS

BOOK = {claim.name: claim for claim in CLAIMS}
PLACES = {f"{short} §{number}" for short, sections in SECTIONS.items() for number in sections}


def missing(row: Row) -> list[str]:
    """What a row lacks: claims, and places that none of its claims cites."""
    claims = [BOOK[name] for name in row.answers if name in BOOK]
    cited = {str(source) for claim in claims for source in claim.sources}
    unwritten = [f"no claim {name}" for name in row.answers if name not in BOOK]
    return unwritten + [f"none of its claims cites {place}" for place in set(row.places) - cited]


@pytest.mark.parametrize("row", ROWS, ids=[row.answers[0] for row in ROWS])
def test_a_row_is_answered_by_the_book(row):
    assert not missing(row), row.asks


def test_the_table_describes_the_five_documents():
    assert set(SECTIONS) == {document.short for document in DOCUMENTS}
    assert all(says for sections in SECTIONS.values() for says in sections.values())


def test_every_row_speaks_of_sections_that_are_there():
    assert {place for row in ROWS for place in row.places} <= PLACES


def test_every_section_is_spoken_of():
    assert {place for row in ROWS for place in row.places} == PLACES


def test_a_claim_answers_one_row():
    answers = [name for row in ROWS for name in row.answers]
    assert len(answers) == len(set(answers))
    assert set(answers) == BOOK.keys()


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.name)
def test_a_claim_cites_sections_that_are_there(claim):
    cited = {str(source) for source in claim.sources if source.document in DOCUMENTS}
    assert cited <= PLACES


def test_a_section_that_is_not_there_cannot_be_cited():
    with pytest.raises(ValueError, match=r"CV has no section .2\.9.; write one of 1, 2\.1"):
        CV.section("2.9")

"""The table of contents: the sections of the five documents, and which claims answer what they say.

It is kept in contents.toml, which says how to read it.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Row:
    """What a reader wants to know, the places that speak of it, and the claims that answer it.

    A place is written as it is cited, "CV §2.1"; a row without one goes beyond the documents.
    """

    asks: str
    places: tuple[str, ...]
    answers: tuple[str, ...]


def _row(asks: str, answers: list[str], **table: list[str]) -> Row:
    return Row(asks, tuple(place.replace(" ", " §") for place in table["from"]), tuple(answers))


_TABLE: dict[str, Any] = tomllib.loads(
    Path(__file__).with_suffix(".toml").read_text(encoding="utf-8")
)

# What each section says in one line, by the document's key and the section's number.
SECTIONS: Mapping[str, Mapping[str, str]] = _TABLE["sections"]
ROWS: tuple[Row, ...] = tuple(_row(**table) for table in _TABLE["row"])

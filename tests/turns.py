"""Formats take turns, in tests that cost much for every claim; every night has all of them."""

import os
from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

import pytest

from checks.formats import FORMATS
from theory.claim import Claim

NIGHTLY = os.environ.get("HYPOTHESIS_PROFILE") == "nightly"

One = TypeVar("One")


def in_turn(formats: Sequence[One], turn: int, count: int = 1) -> Sequence[One]:
    """So many of the formats, spread evenly, and from turn to turn other ones."""
    if NIGHTLY or not formats:
        return formats
    step = max(len(formats) // count, 1)
    return [formats[(turn + k * step) % len(formats)] for k in range(min(count, len(formats)))]


def claims_in_turn(claims: Iterable[Claim]) -> Any:
    """Each claim with a format, as the arguments `entry` and `fmt` of a test."""
    cells = [
        pytest.param(entry, fmt, id=f"{entry.name}-{fmt}")
        for turn, entry in enumerate(claims)
        for fmt in in_turn(list(FORMATS.values()), turn)
    ]
    return pytest.mark.parametrize(("entry", "fmt"), cells)

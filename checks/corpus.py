"""Inputs that once showed something, tried first ever after.

`corpus/` at the top of the tree holds findings as JSON, as `backproof check` writes them. An input
that a random run found by luck is copied there and from then on found every time, by every
implementation; that is how a limit that shows on one draw in a thousand keeps its place in the
ledger. Only the claim, the format and the inputs of a finding are read.
"""

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from checks.example import Example, decode
from checks.formats import Format
from theory.claim import Claim


def find() -> Path:
    """Where the corpus is: packaged beside this file, or at the top of the tree."""
    here = Path(__file__).parent
    packaged = here / "corpus"
    return packaged if packaged.is_dir() else here.parent / "corpus"


@cache
def _findings() -> tuple[dict[str, Any], ...]:
    return tuple(json.loads(path.read_text("utf-8")) for path in sorted(find().glob("*.json")))


def examples(claim: Claim, fmt: Format) -> Iterator[Example]:
    """The recorded inputs of a claim in a format."""
    for finding in _findings():
        if (finding["claim"], finding["format"]) == (claim.name, fmt.name):
            yield decode(finding["inputs"], fmt)

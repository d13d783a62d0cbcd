"""A run: everything that was judged, and its JSON."""

from __future__ import annotations

import json
import math
import platform
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from checks.findings import counterexample_as_json, finding_of, identify, version, write
from checks.ledger import Judgement, Ledger
from checks.verdict import Cell, Result, Verdict
from theory.book import CLAIMS
from theory.claim import Claim
from theory.heads import HEADS

if TYPE_CHECKING:  # it brings NumPy, which the commands that run nothing can do without
    from checks.implementation import Implementation

SCHEMA = 1


@dataclass(frozen=True)
class Run:
    """What was judged, in the order in which it is shown.

    `implementations` has one for each device. `stale` are the ledger's complaints about cells that
    never came up, `plots` the files that were drawn, `reals` what is known of a claim over the
    reals, by name. `complete` is whether every cell was judged.
    """

    judgements: tuple[Judgement, ...]
    implementations: tuple[Implementation, ...]
    claims: Mapping[str, Claim]
    formats: tuple[str, ...]
    ledger: Ledger
    report: Path
    profile: str
    seed: int | None = None
    chapter: str | None = None
    seconds: float = 0.0
    complete: bool = True
    stale: tuple[str, ...] = ()
    plots: tuple[Path, ...] = ()
    reals: Mapping[str, str] = field(default_factory=dict)

    @property
    def unexpected(self) -> list[Judgement]:
        """The judgements that the ledger complains about."""
        return [judgement for judgement in self.judgements if judgement.complaint]

    def uncalled(self, implementation: Implementation) -> list[str]:
        """The heads that an implementation defines and that no claim of this run uses."""
        called = {head for claim in self.claims.values() for head in claim.heads}
        return sorted((implementation.answers_for or frozenset()) - called)

    @property
    def passed(self) -> bool:
        """Whether everything was judged and is as expected."""
        return self.complete and not self.unexpected and not self.stale

    @property
    def counts(self) -> Counter[Verdict]:
        """The number of cells by verdict."""
        return Counter(judgement.result.verdict for judgement in self.judgements)

    def judge(self, result: Result) -> Judgement:
        """Compare a result with the ledger, a user's file by the standard of its array library."""
        libraries = {one.name: one.library for one in self.implementations if one.path}
        return self.ledger.judge(result, libraries.get(result.cell.implementation))

    def of(self, implementation: Implementation) -> dict[tuple[str, str], Judgement]:
        """The judgements of one implementation, by claim and format."""
        place = implementation.name, implementation.device
        return {
            (cell.claim, cell.format): judgement
            for judgement in self.judgements
            if ((cell := judgement.result.cell).implementation, cell.device) == place
        }

    def ideal(self, cell: Cell) -> str:
        """What the ideal implementation shows in a cell: in this run, or else is expected to."""
        place = Cell(cell.claim, "ideal", cell.format, "cpu")
        for judgement in self.judgements:
            if judgement.result.cell == place:
                return judgement.result.verdict.name
        expected = self.ledger.expected(place)
        return f"{expected.verdict.name} {'by the ledger' if expected.entry else 'by default'}"


def finding_id(judgement: Judgement) -> str:
    """The ID that cites a judgement, or nothing where no input was found."""
    result = judgement.result
    return identify(result.cell, result.smallest.inputs) if result.smallest else ""


def not_checked(implementation: Implementation) -> list[str]:
    """The heads that an implementation does not define and is not judged on."""
    answers_for = implementation.answers_for
    return [] if answers_for is None else [name for name in HEADS if name not in answers_for]


def write_findings(run: Run) -> None:
    """Write a finding for every judgement that has a counterexample, expected or not."""
    files = {implementation.name: implementation.path for implementation in run.implementations}
    book = {claim.name for claim in CLAIMS}
    for judgement in run.judgements:
        if judgement.result.smallest is not None:
            cell = judgement.result.cell
            chapter = None if cell.claim in book else run.chapter
            write(finding_of(judgement.result, files.get(cell.implementation), chapter), run.report)


def write_json(run: Run) -> Path:
    """Write every result to report.json in the report's directory."""
    path = run.report / "report.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(as_json(run), indent=1, ensure_ascii=False, allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8")
    return path


def read_json(report: Path) -> dict[str, Any]:
    """The last run's report.json in a report's directory; nothing where there is none to read."""
    try:
        found = json.loads((report / "report.json").read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) and found.get("schema") == SCHEMA else {}


def as_json(run: Run) -> dict[str, Any]:
    """The run in JSON's types; infinities and NaN as text."""
    return {
        "schema": SCHEMA,
        "backproof": version(),
        "python": platform.python_version(),
        "passed": run.passed,
        "complete": run.complete,
        "profile": run.profile,
        "seed": run.seed,
        "chapter": run.chapter,
        "seconds": round(run.seconds, 3),
        "counts": {verdict.name: run.counts[verdict] for verdict in Verdict},
        "implementations": [_implementation(one) for one in run.implementations],
        "stale": list(run.stale),
        "plots": [path.relative_to(run.report).as_posix() for path in run.plots],
        "cells": [_cell(run, judgement) for judgement in run.judgements],
    }


def _implementation(implementation: Implementation) -> dict[str, Any]:
    return {
        "name": implementation.name,
        "device": implementation.device,
        "library": implementation.library,
        "file": str(implementation.path) if implementation.path else None,
        "working": implementation.working,
        "ulps": dict(implementation.ulps),
        "layouts": list(implementation.layouts),
        "not_checked": not_checked(implementation),
        "misspelt": list(implementation.misspelt),
    }


def _cell(run: Run, judgement: Judgement) -> dict[str, Any]:
    result, expected = judgement.result, judgement.expected
    claim = run.claims[result.cell.claim]
    return {
        "claim": result.cell.claim,
        "chapter": claim.chapter,
        "implementation": result.cell.implementation,
        "format": result.cell.format,
        "device": result.cell.device,
        "verdict": result.verdict.name,
        "expected": expected.verdict.name,
        "complaint": judgement.complaint,
        "ledger": {"reason": expected.reason, "reported": expected.reported},
        "reals": run.reals.get(claim.name),
        "reason": result.reason,
        "coverage": result.coverage,
        "samples": result.samples,
        "decided": result.decided,
        "slack_median": _number(result.slack_median),
        "slack_largest": _number(result.slack_largest),
        "seconds": round(result.seconds, 3),
        "id": finding_id(judgement) or None,
        "smallest": counterexample_as_json(result.smallest) if result.smallest else None,
        "worst": counterexample_as_json(result.worst) if result.worst else None,
        "notes": _plain(result.notes),
    }


def _plain(value: Any) -> Any:
    """Whatever a note holds, in JSON's types."""
    if isinstance(value, Mapping):
        return {str(key): _plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    if value is None or isinstance(value, bool | int | str):
        return value
    return _number(value) if isinstance(value, float) else str(value)


def _number(value: float) -> float | str:
    return float(value) if math.isfinite(value) else str(float(value))

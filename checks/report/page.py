"""One claim on a page: everything that the book, the ledger and the last report say of it."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table
from rich.text import Text
from sympy import latex

from checks.findings import canonical
from checks.ledger import Ledger
from checks.matrix import has_cell
from checks.report.book import symbols
from checks.report.run import read_json
from checks.report.terminal import LEGEND, SHORT, position, replay_command, say, shown_inputs
from checks.verdict import Cell
from checks.vocabulary import BUILT_IN, DEVICES_OF, FORMATS
from theory.claim import Claim
from theory.contents import SECTIONS

if TYPE_CHECKING:  # it brings the provers
    from theory.proof import Proof


def show_claim(
    claim: Claim,
    book: Sequence[Claim],
    ledger: Ledger,
    proof: Proof | None,
    report: Path,
    console: Console,
) -> None:
    """Everything about a claim of the book; `proof` is None where it takes its time."""
    name, kind = claim.name, claim.kind
    say(console, Text.assemble((name, "bold"), f"  {kind.name}  {claim.standing.value}"))
    say(console, claim.statement, indent=2)
    say(console, f"{kind.name}, {kind.value}", indent=2, style="dim")
    say(console)
    _facts(console, [*_written(claim), *_over_the_reals(claim, proof), *_related(claim, book)])
    say(console)
    # As it stands in the file, whatever the width.
    for line in _lines(claim):
        console.print(Text(f"    {line}"), soft_wrap=True)
    say(console)
    _expected(claim, ledger, console)
    _first(claim, ledger, report, console)
    say(console, LEGEND, style="dim")


def _facts(console: Console, facts: Iterable[tuple[str, str]]) -> None:
    for label, text in facts:
        say(console, Text.assemble((label, "bold"), f"  {text}"), indent=2)


# -- what is written ------------------------------------------------------------------------------


def _written(claim: Claim) -> Iterator[tuple[str, str]]:
    yield "formula", str(claim.formula)
    yield "LaTeX", latex(claim.formula)
    for name, symbol in claim.variables.items():
        domain = type(symbol)
        yield name, f"{domain.__name__}: {(inspect.getdoc(domain) or '').splitlines()[0]}"
    for source in claim.sources:
        rest = f", {source.document.where}" if source.document.where else ""
        yield "source", f"{source}: {source.document.title}{rest}"
        says = SECTIONS.get(source.document.short, {}).get(source.place.removeprefix("§"))
        if says:
            yield "which says", says
    if claim.attained_at is not None:
        yield "equality at", _point(claim.attained_at)
    for witness in claim.witnesses:
        yield "counterexample", _point(witness)
    yield "heads", ", ".join(sorted(claim.heads)) or "none"
    yield "written at", position(claim)


def _point(point: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} = {value}" for name, value in point.items())


def _lines(claim: Claim) -> list[str]:
    """The lines of the claim's source, as far as they can be read."""
    file, _, line = claim.where.rpartition(":")
    try:
        lines = Path(file).read_text(encoding="utf-8").splitlines(keepends=True)
        return [text.rstrip() for text in inspect.getblock(lines[int(line) - 1 :])]
    except (OSError, ValueError, SyntaxError):
        return []


def _over_the_reals(claim: Claim, proof: Proof | None) -> Iterator[tuple[str, str]]:
    if proof is None:
        slow = f"the proof takes its time; `backproof show {claim.name} --prove` waits for it"
        yield "over the reals", slow
        return
    yield "over the reals", str(proof)
    if proof.n_at_most is not None:
        yield "proved for", f"depths up to {proof.n_at_most}"
    if proof.widths:
        yield "proved for", proof.widths
    if proof.witness:
        yield "witness", _point(proof.witness)


def _related(claim: Claim, book: Sequence[Claim]) -> Iterator[tuple[str, str]]:
    if claim.instead:
        yield "true instead", claim.instead
    if claim.corrects:
        yield "corrects", ", ".join(claim.corrects)
    others = [other for other in book if other.name != claim.name]
    if same := [other.name for other in others if claim.heads and other.heads == claim.heads]:
        yield "same heads", ", ".join(same)
    for source in claim.sources:
        if there := [other.name for other in others if source in other.sources]:
            yield f"also from {source}", ", ".join(there)


# -- what is expected -----------------------------------------------------------------------------


def _expected(claim: Claim, ledger: Ledger, console: Console) -> None:
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    table.add_column("expected verdicts", overflow="fold")
    for fmt in FORMATS:
        table.add_column(SHORT[fmt], no_wrap=True)
    reasons = {}
    for name, device in _places(claim, ledger):
        row = symbols(claim, name, device, ledger)
        table.add_row(f"{name} · {device}", *row.divide(range(1, len(FORMATS))))
        for fmt in FORMATS:
            expected = ledger.expected(Cell(claim.name, name, fmt, device))
            if expected.entry:
                reasons[expected.entry] = expected
    say(console, table, indent=2)
    for entry, expected in reasons.items():
        reported = f"; reported: {expected.reported}" if expected.reported else ""
        say(console, f"{expected.verdict.name}: {expected.reason}{reported}  ({entry})", indent=2)
    say(console)


def _places(claim: Claim, ledger: Ledger) -> Iterator[tuple[str, str]]:
    """The implementations and devices that the claim has cells on, and the ledger knows."""
    known = {"cpu"} | {cell.device for cell in ledger.entries}
    for name in BUILT_IN:
        for device in DEVICES_OF[name]:
            if device in known and any(has_cell(claim, name, fmt, device) for fmt in FORMATS):
                yield name, device


# -- where it fails first -------------------------------------------------------------------------


def _first(claim: Claim, ledger: Ledger, report: Path, console: Console) -> None:
    """The first failing inputs: those that the ledger pins, and those that were last found."""
    for source, lines in (
        ("the ledger", list(_pinned(claim, ledger))),
        (f"{report}", list(_found(claim, report))),
    ):
        if lines:
            say(console, Text(f"first failing inputs, by {source}"), indent=2)
            for line in lines:
                say(console, line, indent=4)
            say(console)


def _pinned(claim: Claim, ledger: Ledger) -> Iterator[str]:
    """A line for each format and input, with the implementations that it is the first of."""
    same: dict[tuple[str, str], list[str]] = {}
    for fmt in FORMATS:
        for name, device in _places(claim, ledger):
            first = ledger.expected(Cell(claim.name, name, fmt, device)).first
            if first is not None:
                inputs = first if isinstance(first, Mapping) else {_only(claim): first}
                arrays = {variable: _array(value) for variable, value in inputs.items()}
                shown = shown_inputs(arrays, decimals=True)
                same.setdefault((fmt, shown), []).append(f"{name}-{device}")
    for (fmt, shown), places in same.items():
        yield f"{fmt}  {shown}  [{', '.join(places)}]"


def _only(claim: Claim) -> str:
    """The variable that a bare pinned number belongs to."""
    return next(iter(claim.variables))


def _array(pinned: Any) -> dict[str, Any]:
    """A pinned number, or a list of them, as findings write arrays."""
    values = pinned if isinstance(pinned, list) else [pinned]
    return {"shape": [len(values)], "values": values}


def _found(claim: Claim, report: Path) -> Iterator[str]:
    """A line for each cell of the last report that has a counterexample."""
    for cell in read_json(report).get("cells", []):
        if cell["claim"] == claim.name and cell["smallest"]:
            inputs = shown_inputs(canonical(cell["smallest"]["inputs"]), decimals=True)
            place = f"{cell['implementation']}-{cell['device']} · {cell['format']}"
            again = replay_command(cell["id"], report)
            yield f"{cell['verdict']}  [{place}]  {inputs}  {again}"

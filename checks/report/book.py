"""The book as text: its claims, its heads and its proofs."""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table
from rich.text import Text
from sympy import latex

from checks.ledger import Ledger
from checks.matrix import has_cell
from checks.report.terminal import LEGEND, SHORT, STYLES, SYMBOLS, position, say
from checks.verdict import Cell
from checks.vocabulary import BUILT_IN, DEVICES_OF, FORMATS
from theory.claim import Claim, Standing
from theory.heads import HEADS

if TYPE_CHECKING:  # it brings the provers, which only one command needs
    from theory.proof import Proof


def show_list(claims: Iterable[Claim], ledger: Ledger, console: Console) -> None:
    """Every claim by chapter: name, statement, standing, and the verdicts expected on the cpu."""
    claims = list(claims)
    order = " ".join(SHORT[fmt] for fmt in FORMATS)
    say(console, f"Expected on the cpu of {', '.join(BUILT_IN)}, each in {order}:", style="dim")
    say(console, LEGEND, style="dim")
    width = max(len(claim.name) for claim in claims)
    for chapter, entries in groupby(claims, lambda claim: claim.chapter):
        say(console)
        say(console, Text(chapter, "bold"))
        for claim in entries:
            line = Text(claim.name.ljust(width))
            for name in BUILT_IN:
                line.append(" ").append_text(_expected(claim, name, "cpu", ledger))
            say(console, line, indent=2)
            refuted = "Refuted: " if claim.standing is Standing.REFUTED else ""
            say(console, refuted + claim.statement, indent=4, style="dim")


def _expected(claim: Claim, implementation: str, device: str, ledger: Ledger) -> Text:
    symbols = []
    for fmt in FORMATS:
        verdict = ledger.expected(Cell(claim.name, implementation, fmt, device)).verdict
        exists = has_cell(claim, implementation, fmt, device)
        symbols.append((SYMBOLS[verdict], STYLES[verdict]) if exists else (".", "dim"))
    return Text.assemble(*symbols)


def show_claim(claim: Claim, ledger: Ledger, console: Console) -> None:
    """Everything that the book says of one claim."""
    say(console, Text.assemble((claim.name, "bold"), f"  {claim.standing.value}"))
    say(console, claim.statement, indent=2)
    say(console)
    for label, text in _facts(claim):
        say(console, Text.assemble((label, "bold"), f"  {text}"), indent=2)
    say(console)
    # As it stands in the file, whatever the width.
    for line in _lines(claim):
        console.print(Text(f"    {line}"), soft_wrap=True)
    say(console)
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    table.add_column("expected verdicts", overflow="fold")
    for fmt in FORMATS:
        table.add_column(SHORT[fmt], no_wrap=True)
    reasons = {}
    measured = {"cpu"} | {cell.device for cell in ledger.entries}
    for name in BUILT_IN:
        for device in DEVICES_OF[name]:
            if device not in measured:
                continue
            symbols = _expected(claim, name, device, ledger)
            table.add_row(f"{name} · {device}", *symbols.divide(range(1, len(FORMATS))))
            for fmt in FORMATS:
                expected = ledger.expected(Cell(claim.name, name, fmt, device))
                if expected.entry:
                    reasons[expected.entry] = expected
    say(console, table, indent=2)
    for entry, expected in reasons.items():
        reported = f"; reported: {expected.reported}" if expected.reported else ""
        say(console, f"{expected.verdict.name}: {expected.reason}{reported}  ({entry})", indent=2)
    say(console)
    say(console, LEGEND, style="dim")


def _facts(claim: Claim) -> Iterable[tuple[str, str]]:
    yield "formula", str(claim.formula)
    yield "LaTeX", latex(claim.formula)
    for name, symbol in claim.variables.items():
        domain = type(symbol)
        yield name, f"{domain.__name__}: {(inspect.getdoc(domain) or '').splitlines()[0]}"
    for source in claim.sources:
        rest = f", {source.document.where}" if source.document.where else ""
        yield "source", f"{source}: {source.document.title}{rest}"
    if claim.attained_at is not None:
        yield "equality at", _point(claim.attained_at)
    for witness in claim.witnesses:
        yield "counterexample", _point(witness)
    if claim.instead:
        yield "true instead", claim.instead
    for name in claim.corrects:
        yield "corrects", name
    yield "heads", ", ".join(sorted(claim.heads)) or "none"
    yield "written at", position(claim)


def _point(point: Any) -> str:
    return ", ".join(f"{name} = {value}" for name, value in point.items())


def _lines(claim: Claim) -> list[str]:
    """The lines of the claim's source, as far as they can be read."""
    file, _, line = claim.where.rpartition(":")
    try:
        lines = Path(file).read_text(encoding="utf-8").splitlines(keepends=True)
        return [text.rstrip() for text in inspect.getblock(lines[int(line) - 1 :])]
    except (OSError, ValueError, SyntaxError):
        return []


def show_heads(console: Console) -> None:
    """Every head that an implementation can define: signature, shapes, definition and source."""
    for head in HEADS.values():
        say(console, Text.assemble((head.signature(), "bold")))
        definition = " ".join((inspect.getdoc(head) or "").split())
        for line in (definition, f"shapes: {head.shapes}", f"source: {head.source}"):
            say(console, line, indent=2)
        if head.numbers:
            say(console, f"Python numbers: {', '.join(sorted(head.numbers))}", indent=2)
    say(console)
    say(
        console,
        "A file that defines some of these is checked with `backproof check --implementation "
        "FILE.py`. NAME_backward(grad, *arguments, output) brings a backward pass of its own; "
        'ARRAY_LIBRARY = "numpy", WORKING_FORMAT = "storage" and ULPS = {"sigmoid": 3} state what '
        "is not the default.",
        style="dim",
    )


def show_proof(claim: Claim, proof: Proof, *, expected: bool, console: Console) -> None:
    """What was found of a claim over the reals: how it is known and how far it reaches."""
    outcome = proof.outcome.name
    mark = "" if expected else "!"
    style = "bold red" if mark else {"PROVED": "green", "OPEN": "yellow"}.get(outcome, "dim")
    name = f"{claim.name}  {proof.seconds:.1f} s"
    say(console, Text.assemble((f"{outcome + mark:9}", style), name))
    reach = f"depths up to {proof.n_at_most}" if proof.n_at_most is not None else ""
    for line in (proof.method, reach, proof.widths, proof.reason):
        if line:
            say(console, line, indent=9)

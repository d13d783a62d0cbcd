"""The book as text: its claims, its heads and its proofs."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

from checks.ledger import Ledger
from checks.matrix import has_cell
from checks.report.terminal import LEGEND, SHORT, STYLES, SYMBOLS, say
from checks.verdict import PRECEDENCE, Cell, Verdict
from checks.vocabulary import BUILT_IN, FORMATS
from theory.claim import Claim, Standing
from theory.contents import SECTIONS
from theory.heads import HEADS
from theory.sources import DOCUMENTS

if TYPE_CHECKING:  # it brings the provers, which only one command needs
    from theory.proof import Proof


KINDS = "T theorem   R refuted   F law of formats   S statistical   E experiment   C cost"


def show_list(
    claims: Iterable[Claim], ledger: Ledger, console: Console, by: str = "chapter"
) -> None:
    """Every claim in groups: kind, name, statement, and the verdicts expected on the cpu."""
    claims = list(claims)
    order = " ".join(SHORT[fmt] for fmt in FORMATS)
    say(console, f"Expected on the cpu of {', '.join(BUILT_IN)}, each in {order}:", style="dim")
    say(console, LEGEND, style="dim")
    say(console, KINDS, style="dim")
    for heading, says, group in _grouped(claims, ledger, by):
        say(console)
        say(console, Text(heading, "bold"))
        if says:
            say(console, says, style="dim")
        for claim in group:
            line = Text(f"{claim.kind.name} ")
            for name in BUILT_IN:
                line.append_text(symbols(claim, name, "cpu", ledger)).append(" ")
            line.append(f" {claim.name}")
            say(console, line, indent=2)
            refuted = "Refuted: " if claim.standing is Standing.REFUTED else ""
            say(console, refuted + claim.statement, indent=4, style="dim")


def _grouped(
    claims: Sequence[Claim], ledger: Ledger, by: str
) -> Iterator[tuple[str, str, list[Claim]]]:
    """The groups in order: what each is called, what is to be said of it, and its claims."""
    if by == "chapter":
        for chapter, entries in groupby(claims, lambda claim: claim.chapter):
            yield chapter, "", list(entries)
    elif by == "document":
        cited = {claim.name: set(map(str, claim.sources)) for claim in claims}
        for document in DOCUMENTS:
            for number, says in SECTIONS[document.short].items():
                place = str(document.section(number))
                there = [claim for claim in claims if place in cited[claim.name]]
                yield f"{place}  {document.title}", says, there
        beyond = [
            claim
            for claim in claims
            if not any(source.document in DOCUMENTS for source in claim.sources)
        ]
        yield "beyond the documents", "", beyond
    else:
        worst = {claim.name: worst_expected(claim, ledger) for claim in claims}
        for verdict in PRECEDENCE:
            there = [claim for claim in claims if worst[claim.name] is verdict]
            if there:
                yield f"{verdict.name}: {len(there)}", verdict.value, there


def symbols(claim: Claim, implementation: str, device: str, ledger: Ledger) -> Text:
    """The verdicts expected of an implementation, one symbol for each format."""
    shown = []
    for fmt in FORMATS:
        verdict = ledger.expected(Cell(claim.name, implementation, fmt, device)).verdict
        exists = has_cell(claim, implementation, fmt, device)
        shown.append((SYMBOLS[verdict], STYLES[verdict]) if exists else (".", "dim"))
    return Text.assemble(*shown)


def worst_expected(claim: Claim, ledger: Ledger) -> Verdict:
    """The gravest of the verdicts expected on the cpu."""
    found = {
        ledger.expected(Cell(claim.name, name, fmt, "cpu")).verdict
        for name in BUILT_IN
        for fmt in FORMATS
        if has_cell(claim, name, fmt, "cpu")
    }
    return min(found, key=PRECEDENCE.index)


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

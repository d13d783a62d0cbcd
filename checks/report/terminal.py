"""A run as text: the one formatter, for a terminal, a pipe and report.txt alike.

Colour repeats what a symbol or a word already says, so that nothing is lost without it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from io import StringIO
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from checks.findings import canonical
from checks.ledger import Judgement, stanzas
from checks.report.run import Run, finding_id, not_checked
from checks.verdict import Counterexample, Verdict
from checks.vocabulary import LAYOUTS
from theory.claim import Claim

if TYPE_CHECKING:  # as in checks.report.run
    from checks.implementation import Implementation

SYMBOLS = {
    Verdict.HOLDS: "+",
    Verdict.FORMAT_LIMIT: "F",
    Verdict.METHOD_LIMIT: "M",
    Verdict.DEFECT: "D",
    Verdict.FALSE: "x",
    Verdict.UNDECIDED: "?",
}
LEGEND = (
    "+ holds   F format's limit   M method's limit   D defect   x false, as refuted   ? undecided"
    "   ! not expected   . not run"
)
STYLES = {
    Verdict.HOLDS: "green",
    Verdict.FORMAT_LIMIT: "cyan",
    Verdict.METHOD_LIMIT: "cyan",
    Verdict.DEFECT: "red",
    Verdict.FALSE: "dim",
    Verdict.UNDECIDED: "yellow",
}
SHORT = {"float16": "f16", "bfloat16": "bf16", "float32": "f32", "float64": "f64"}
SHOWN_ENTRIES = 4  # of an array, before only its shape is told


def show(run: Run, console: Console, *, verbose: bool = False) -> None:
    """Print the matrices, what is not as expected, and the verdict on the run."""
    for implementation in run.implementations:
        _matrix(run, implementation, console)
    say(console, LEGEND, style="dim")
    say(console)
    _ratios(run, console)
    _counts(run, console)
    _expected(run, console, verbose=verbose)
    if verbose:
        _slack(run, console)
    for judgement in run.unexpected:
        show_judgement(run, judgement, console)
    for complaint in run.stale:
        say(console, Text.assemble(("STALE  ", "red"), complaint))
    for file in dict.fromkeys(run.ledger.files.values()):
        here = [one for one in run.unexpected if run.ledger.files[one.result.cell.claim] == file]
        if entries := stanzas(here):
            say(console, f"To expect this from now on, write in {file.name}:")
            say(console)
            # Not wrapped: it is there to be pasted.
            console.print(Text(entries), soft_wrap=True)
    say(console, _summary(run))
    say(console, f"report.txt, report.json and findings are in {run.report}", style="dim")
    if run.plots:
        say(console, f"plots: {', '.join(map(str, run.plots))}", style="dim")


def write_text(run: Run) -> Path:
    """Write the whole report to report.txt in the report's directory."""
    path = run.report / "report.txt"
    path.parent.mkdir(parents=True, exist_ok=True)
    console = Console(file=StringIO(), width=100, color_system=None)
    with console.capture() as captured:
        show(run, console, verbose=True)
    lines = captured.get().splitlines()
    path.write_text("\n".join(line.rstrip() for line in lines) + "\n", encoding="utf-8")
    return path


def say(console: Console, what: str | Text | Table = "", indent: int = 0, style: str = "") -> None:
    """Print something, wrapped to the width and indented as a whole."""
    if isinstance(what, Table):
        console.print(Padding(what, (0, 0, 0, indent), expand=False))
        return
    text = Text(what, style) if isinstance(what, str) else what
    for line in text.wrap(console, max(console.width - indent, 20)):
        line.rstrip()
        console.print(Text.assemble(" " * indent, line), soft_wrap=True)


# -- the matrix -----------------------------------------------------------------------------------


def _matrix(run: Run, implementation: Implementation, console: Console) -> None:
    cells = run.of(implementation)
    elsewhere = all(claim.is_measured or claim.is_timed for claim in run.claims.values())
    if not cells and run.complete and elsewhere:
        return
    say(console, Text.assemble((implementation.name, "bold"), f" · {implementation.device}"))
    for line in _stated(run, implementation):
        say(console, line, indent=2)
    if not cells:
        why = "none of these claims is judged on it"
        say(console, why if run.complete else "nothing was judged", indent=2)
        say(console)
        return
    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False, show_edge=False)
    table.add_column("", overflow="fold")
    for fmt in run.formats:
        table.add_column(SHORT[fmt], no_wrap=True)
    for name in dict.fromkeys(claim for claim, _ in cells):
        table.add_row(name, *(_symbol(cells.get((name, fmt))) for fmt in run.formats))
    say(console, table, indent=2)
    say(console)


def _symbol(judgement: Judgement | None) -> Text:
    if judgement is None:
        return Text(".", "dim")
    verdict = judgement.result.verdict
    if judgement.complaint:
        return Text(f"{SYMBOLS[verdict]}!", "bold red")
    return Text(SYMBOLS[verdict], STYLES[verdict])


def _stated(run: Run, implementation: Implementation) -> Iterable[str]:
    if implementation.path:
        yield f"from {_short_path(implementation.path)}"
    stated = [f"works in the {implementation.working} format"] * (implementation.working != "wide")
    stated += [f"{name} within {ulps:g} ulps" for name, ulps in implementation.ulps.items()]
    if implementation.path and len(implementation.layouts) < len(LAYOUTS):
        stated.append(f"takes arrays {' or '.join(('contiguous', *implementation.layouts))}")
    if stated:
        yield f"states: {', '.join(stated)}"
    if implementation.misspelt:
        yield f"not checked, being no heads: {', '.join(implementation.misspelt)}"
    if uncalled := run.uncalled(implementation):
        yield f"called by none of these claims: {', '.join(uncalled)}"
    if missing := not_checked(implementation):
        yield f"not checked: {', '.join(missing)}"


# -- what is as expected --------------------------------------------------------------------------


def _expected(run: Run, console: Console, *, verbose: bool) -> None:
    """The limits, defects and refutations that were expected, each with its first inputs."""
    listed = [
        judgement
        for judgement in run.judgements
        if judgement.result.verdict is not Verdict.HOLDS and not judgement.complaint
    ]
    if not listed:
        return
    say(console, Text("As expected", "bold"))
    for (name, verdict, reason), cells in _grouped(listed):
        heading = f"{verdict}  {name}: {reason}"
        say(console, heading, indent=2)
        for inputs, where in _by_input(cells):
            say(console, f"{where}  at {inputs}" if inputs else where, indent=4)
        if verbose:
            ids = [finding_id(judgement) for judgement in cells if judgement.result.smallest]
            say(console, f"to replay: {' '.join(ids)}", indent=4)
    say(console)


def _grouped(
    judgements: Iterable[Judgement],
) -> Iterable[tuple[tuple[str, str, str], list[Judgement]]]:
    def key(judgement: Judgement) -> tuple[str, str, str]:
        reason = judgement.expected.reason or judgement.result.verdict.value
        return judgement.result.cell.claim, judgement.result.verdict.name, reason

    # Stable, so that claims keep the order of the book.
    order = list(dict.fromkeys(map(key, judgements)))
    ordered = sorted(judgements, key=lambda judgement: order.index(key(judgement)))
    return [(group, list(cells)) for group, cells in groupby(ordered, key)]


def _by_input(cells: Iterable[Judgement]) -> Iterable[tuple[str, str]]:
    """The first inputs, each with the formats and implementations where it is the first."""
    places: dict[str, dict[str, list[str]]] = {}
    for judgement in cells:
        found, cell = judgement.result.smallest, judgement.result.cell
        inputs = shown_inputs(found.inputs) if found else ""
        formats = places.setdefault(inputs, {}).setdefault(
            f"{cell.implementation}-{cell.device}", []
        )
        formats.append(cell.format)
    for inputs, by_implementation in places.items():
        same: dict[str, list[str]] = {}
        for implementation, formats in by_implementation.items():
            same.setdefault(", ".join(formats), []).append(implementation)
        where = "; ".join(f"{formats} [{', '.join(names)}]" for formats, names in same.items())
        yield inputs, where


# -- what is not ----------------------------------------------------------------------------------


def show_judgement(run: Run, judgement: Judgement, console: Console) -> None:
    """Print everything about one cell that is to be cited."""
    result = judgement.result
    cell, claim = result.cell, run.claims[result.cell.claim]
    verdict = result.verdict.name
    place = f"[{cell.implementation}-{cell.device} · {cell.format}]"
    citation = finding_id(judgement)
    say(console, Text.assemble((verdict, "bold red"), f"  {cell.claim}  {place}  {citation}"))
    say(console, claim.statement, indent=2)
    for line in _shown(result.smallest) if result.smallest else ():
        say(console, line, indent=2)
    for line in (result.reason, judgement.complaint):
        if line:
            say(console, line, indent=2)
    known = [
        f"over the reals: {run.reals.get(claim.name, claim.standing.value)}",
        f"ideal implementation: {run.ideal(cell)}",
    ]
    if claim.is_measured or claim.is_timed:
        known = [f"measured: {result.coverage}"]
    if claim.is_of_infinities:
        known = known[:1]
    if claim.is_of_nan:
        known = ["no theorem: NaN is no real number"]
    say(console, "   ".join([*known, position(claim)]), indent=2)
    if citation:
        say(console, f"replay: {replay_command(citation, run.report)}", indent=2)
    say(console)


def _shown(found: Counterexample) -> Iterable[str]:
    yield f"at {shown_inputs(found.inputs, decimals=True)}"
    # The message of a fault names its own gap; a gap that is NaN lies within no bound.
    beyond = not found.operation and not found.gap <= found.bound
    yield found.message + (f": gap {found.gap:.2g} > bound {found.bound:.2g}" if beyond else "")


def shown_inputs(inputs: Mapping[str, Any], *, decimals: bool = False) -> str:
    """Inputs in one line: numbers in hexadecimal as they are, large arrays by their shape."""
    return ", ".join(
        text if text in LAYOUTS else f"{name}{' ' if text.startswith('of ') else ' = '}{text}"
        for name, value in canonical(inputs).items()
        for text in [_value(value, decimals)]
    )


def _value(value: Any, decimals: bool) -> str:
    if isinstance(value, Mapping) and isinstance(value.get("values"), list):
        entries, shape = value["values"], "×".join(map(str, value.get("shape", ())))
        if len(entries) == 1:
            return _entry(entries[0], decimals)
        if len(entries) > SHOWN_ENTRIES:
            return f"of shape {shape}"
        return f"[{', '.join(_entry(entry, decimals) for entry in entries)}]"
    if isinstance(value, list) and not all(isinstance(part, int) for part in value):
        return f"of {len(value)} arrays" if len(value) > 1 else f"[{_value(value[0], decimals)}]"
    return "×".join(map(str, value)) if isinstance(value, list) else str(value)


def _entry(text: str, decimals: bool) -> str:
    if not decimals or "0x" not in text:
        return text
    return f"{text} ({float.fromhex(text):.4g})"


def replay_command(citation: str, report: Path) -> str:
    """What to type to see a finding again."""
    default = report == Path("backproof-report")
    return f"backproof replay {citation}" + ("" if default else f" --report {report}")


def position(claim: Claim) -> str:
    """Where a claim is written: its file, below the tree or the working directory, and its line."""
    file, _, line = claim.where.rpartition(":")
    tree = Path(__file__).resolve().parents[2]
    path = Path(file)
    shown = path.relative_to(tree) if path.is_relative_to(tree) else _short_path(path)
    return f"{shown}:{line}"


def _short_path(path: Path) -> Path:
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path


# -- costs ----------------------------------------------------------------------------------------


def _ratios(run: Run, console: Console) -> None:
    """What was measured of claims about times: never a time, which means nothing elsewhere."""
    timed = [judgement for judgement in run.judgements if "median ratio" in judgement.result.notes]
    if not timed:
        return
    say(console, "Time of what is to take longer ÷ time of the other, median (10 % to 90 %)")
    for name, cells in groupby(timed, lambda judgement: judgement.result.cell.claim):
        say(console, name, indent=2)
        table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, show_header=False)
        for judgement in cells:
            cell, notes = judgement.result.cell, judgement.result.notes
            few, most = notes["quantiles"]["0.1"], notes["quantiles"]["0.9"]
            spread = f"({few:.3g} to {most:.3g})"
            place = f"{cell.implementation} · {cell.device}"
            table.add_row(place, SHORT[cell.format], f"{notes['median ratio']:.3g}", spread)
        say(console, table, indent=4)
    say(console)


def _counts(run: Run, console: Console) -> None:
    """What was measured of claims about runs of networks: how often, and the interval."""
    measured = [one for one in run.judgements if run.claims[one.result.cell.claim].is_measured]
    if not measured:
        return
    say(console, "How often it happened, and where its probability lies")
    for judgement in measured:
        result = judgement.result
        line = f"{result.cell.claim}: {result.coverage}, {result.seconds:.1f} s"
        say(console, line, indent=2)
    say(console)


# -- the rest -------------------------------------------------------------------------------------


def _slack(run: Run, console: Console) -> None:
    """Observed error ÷ bound, largest last: how near the runs come to what is allowed."""
    for implementation in run.implementations:
        cells = run.of(implementation)
        rows = {
            name: [cells.get((name, fmt)) for fmt in run.formats]
            for name in dict.fromkeys(claim for claim, _ in cells)
        }
        bounded = {
            name: [_slack_of(one) for one in row]
            for name, row in rows.items()
            if any(one and not math.isnan(one.result.slack_largest) for one in row)
        }
        if bounded:
            say(
                console,
                Text.assemble(
                    ("Slack", "bold"),
                    f", error ÷ bound, median and largest: {implementation.name} · "
                    f"{implementation.device}",
                ),
            )
            table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False, show_edge=False)
            table.add_column("", overflow="fold")
            for fmt in run.formats:
                table.add_column(SHORT[fmt])
            for name, row in bounded.items():
                table.add_row(name, *row)
            say(console, table, indent=2)
            say(console)


def _slack_of(judgement: Judgement | None) -> str:
    if judgement is None or math.isnan(judgement.result.slack_largest):
        return "."
    return f"{judgement.result.slack_median:.2f} {judgement.result.slack_largest:.2f}"


def _summary(run: Run) -> Text:
    counts, cells = run.counts, len(run.judgements)
    parts = [
        f"{counts[verdict]} {verdict.name.lower().replace('_', ' ')}"
        for verdict in Verdict
        if counts[verdict] and verdict is not Verdict.UNDECIDED
    ]
    share = counts[Verdict.UNDECIDED] / cells if cells else 0.0
    parts.append(f"{counts[Verdict.UNDECIDED]} undecided ({share:.0%})")
    faults = len(run.unexpected) + len(run.stale)
    if not run.complete:
        outcome = Text("not finished", "bold red")
    elif faults:
        outcome = Text(f"{faults} not as expected", "bold red")
    else:
        outcome = Text("all as expected", "bold green")
    return Text.assemble(
        f"{cells} {'cell' if cells == 1 else 'cells'}: {', '.join(parts)}; ",
        outcome,
        f"; {run.seconds:.1f} s",
    )

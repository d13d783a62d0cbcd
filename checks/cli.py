"""The command line: backproof check | list | show | heads | prove | replay.

torch, NumPy and Hypothesis are imported by the commands that run something, so that the others
answer at once. Whatever cannot be used ends as one line on stderr and exit code 2.
"""

from __future__ import annotations

import io
import os
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import redirect_stdout
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from checks import selection
from checks.progress import progress_of, stopping_at_once
from checks.selection import (
    among,
    implementations_of,
    names_in,
    of_this_run,
    prepare,
    require_packages,
    select,
    swept,
)
from checks.unusable import Unusable, UnusableCall, UnusableFinding, did_you_mean
from checks.vocabulary import BUILT_IN, DEVICES, FORMATS, GROUPINGS

if TYPE_CHECKING:
    from rich.console import Console

    from checks.report.run import Run
    from checks.runner import Task
    from checks.verdict import Result
    from theory.claim import Claim

EXPECTED, UNEXPECTED, UNUSABLE, INTERRUPTED = 0, 1, 2, 130
EXIT_CODES = (
    "Exit codes: 0 every verdict is the expected one, 1 some are not, 2 the call or a file is "
    "unusable (with the reason in one line), 130 interrupted."
)
PROFILES = ("ci", "nightly", "dev")
# Proofs of what is not as expected may take this long altogether; the rest is left to `prove`.
PROOF_SECONDS = 20.0
# What `show` may spend on a proof without being asked to wait for it.
MOMENT = 0.3

app = typer.Typer(
    name="backproof",
    help="A law book for gradient flow that checks itself.",
    epilog=EXIT_CODES,
    add_completion=False,
    pretty_exceptions_enable=False,
)

ReportOption = Annotated[
    Path, typer.Option("--report", metavar="DIR", help="Where the report and its findings lie.")
]
REPORT = Path("backproof-report")


def main() -> None:
    """The console script."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Carry out a command line and return its exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a σ on a terminal that has none is no crash
    try:
        code = app(list(arguments) or ["--help"], prog_name="backproof", standalone_mode=False)
    except Unusable as error:
        _complain(str(error))
        return UNUSABLE
    except (KeyboardInterrupt, typer.Abort):
        code = INTERRUPTED
    except OSError as error:  # a full disk, a vanished directory
        _complain(f"{error}; see to it and run this again")
        return UNUSABLE
    except Exception as error:
        # typer brings a click of its own, whose errors have no public name.
        if not hasattr(error, "format_message"):
            raise
        message = error.format_message().rstrip()
        _complain(f"{message}{'' if message[-1:] in '.?!' else '.'} Try `backproof --help`.")
        return UNUSABLE
    if code == INTERRUPTED:
        _complain("interrupted")
    return int(code or EXPECTED)


def _complain(message: str) -> None:
    print(f"backproof: {' '.join(message.split())}", file=sys.stderr)


# -- check ----------------------------------------------------------------------------------------


@app.command(epilog=EXIT_CODES)
def check(
    implementation: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FILE|NAME",
            help=f"A file of functions named like the heads, or {', '.join(BUILT_IN)}; repeatable. "
            "The default is all that are built in.",
        ),
    ] = None,
    claims: Annotated[
        list[str] | None,
        typer.Option(metavar="PATTERN", help="Only these claims: a name, a part of names, or *."),
    ] = None,
    formats: Annotated[
        list[str] | None,
        typer.Option(metavar="NAMES", help=f"Only these of {', '.join(FORMATS)}."),
    ] = None,
    devices: Annotated[
        list[str],
        typer.Option(metavar="NAMES", help="cpu, cuda or both; the ledger has no cuda cells yet."),
    ] = ["cpu"],  # noqa: B006  # typer copies it
    seed: Annotated[
        int | None,
        # What every generator takes, that of a seed claim included, which counts on from here.
        typer.Option(min=0, max=2**31, help="Draw other samples than the usual."),
    ] = None,
    profile: Annotated[
        str, typer.Option(metavar="|".join(PROFILES), help="How much is tried.")
    ] = "ci",
    jobs: Annotated[
        int | None, typer.Option(min=1, help="Processes; the default is the number of cores.")
    ] = None,
    report: ReportOption = REPORT,
    chapter: Annotated[
        str | None,
        typer.Option(
            metavar="FILE.py",
            help="Claims of your own, added to the book; FILE.toml beside it is their ledger.",
        ),
    ] = None,
    costs: Annotated[
        bool,
        typer.Option("--costs", help="Time the claims about times, one by one, and nothing else."),
    ] = False,
    experiments: Annotated[
        bool,
        typer.Option(
            "--experiments",
            help="Run the claims about runs of networks, draw their plots, and nothing else.",
        ),
    ] = False,
    exhaustive: Annotated[
        bool,
        typer.Option(
            "--exhaustive",
            help="Try every float32 number on the claims about one number: about half an hour of a "
            "core for a cell. 16 bits are always enumerated.",
        ),
    ] = False,
    tensorboard: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="With --experiments: write each layer's gradient at every step of one run of each "
            "training as event files.",
        ),
    ] = None,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Print slack and the IDs of what was expected.")
    ] = False,
) -> int:
    """Judge claims on implementations and compare every verdict with the ledger."""
    from checks import ledger, runner
    from checks.loading import load_chapter
    from checks.report import run as reports, terminal
    from checks.verdict import Cell

    started = time.perf_counter()
    require_packages(experiments, costs, tensorboard)
    book = _book()
    expectations = ledger.read(book)
    if chapter is not None:
        own = load_chapter(chapter)
        book = [*book, *own]
        expectations = ledger.with_chapter(expectations, own, Path(chapter))
    asked = select(book, names_in(claims))
    chosen = of_this_run(asked, costs, experiments)
    wanted = among("format", names_in(formats), FORMATS)
    if exhaustive:
        chosen, wanted = swept(chosen, wanted if formats else ("float32",))
    (profile,) = among("profile", [profile], PROFILES)
    implementations = implementations_of(implementation or [], names_in(devices))
    prepare(report)
    work = [
        replace(
            task,
            expected=expectations.expected(
                Cell(task.claim, task.implementation, task.format, task.device)
            ).verdict,
            events=tensorboard,
        )
        for task in runner.tasks(chosen, implementations, wanted, profile, seed, chapter)
    ]
    for spec, one in implementations:
        if one.path and not any(task.implementation == spec for task in work):
            raise UnusableCall(
                f"none of these claims uses a head that {one.path.name} defines; "
                "`backproof show NAME` prints the heads of a claim"
            )
    if not work:
        raise UnusableCall("none of these claims is judged on ideal; leave it out")
    plan = reports.Run(
        judgements=(),
        implementations=tuple(one for _, one in implementations),
        claims={claim.name: claim for claim in chosen},
        formats=wanted,
        ledger=expectations,
        report=report,
        profile=profile,
        seed=seed,
        chapter=chapter,
    )
    outcome, fault = _carry_out(plan, work, 1 if costs else jobs or _cores(), exhaustive)
    if experiments and fault is None:
        outcome = replace(outcome, plots=_draw(report, asked))
    outcome = replace(outcome, seconds=time.perf_counter() - started)
    _write(outcome)
    terminal.show(outcome, _console(), verbose=verbose)
    if isinstance(fault, KeyboardInterrupt):
        return INTERRUPTED
    if fault is not None:
        raise UnusableCall(str(fault)) from fault
    return EXPECTED if outcome.passed else UNEXPECTED


def _carry_out(
    plan: Run, work: Sequence[Task], jobs: int, exhaustive: bool
) -> tuple[Run, BaseException | None]:
    """The plan with its judgements, and what broke it off, if anything did."""
    results: list[Result] = []
    try:
        with stopping_at_once():
            carry_out = _sweep if exhaustive else _check
            results = carry_out(plan, work, jobs, results.append)
    except BaseException as error:
        if not isinstance(error, (KeyboardInterrupt, *_breakages())):
            raise
        return replace(plan, judgements=tuple(map(plan.judge, results)), complete=False), error
    run = replace(plan, judgements=tuple(map(plan.judge, results)))
    pairs = {(one.name, one.device) for one in plan.implementations}
    stale = plan.ledger.unseen(results, plan.claims, pairs, plan.formats)
    return replace(run, stale=tuple(stale), reals=_over_the_reals(run)), None


def _check(
    plan: Run, work: Sequence[Task], jobs: int, keep: Callable[[Result], None]
) -> list[Result]:
    from checks import runner

    with progress_of(len(work)) as advance:

        def collect(result: Result) -> None:
            keep(result)
            advance(result.cell.claim, bool(plan.judge(result).complaint))

        return runner.run_all(work, jobs, collect)


def _sweep(
    plan: Run, work: Sequence[Task], jobs: int, keep: Callable[[Result], None]
) -> list[Result]:
    from checks import sweeping

    strides = sum(len(sweeping.pieces_of(task)) for task in work)
    with progress_of(strides, "strides") as advance:
        return sweeping.sweep(work, jobs, lambda task: advance(task.claim, False), keep)


def _book() -> list[Claim]:
    from theory.book import CLAIMS

    return list(CLAIMS)


def _draw(report: Path, claims: Iterable[Claim]) -> tuple[Path, ...]:
    from checks.experiments.plots import draw

    return tuple(draw(report, {claim.name for claim in claims}))


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _write(outcome: Run) -> None:
    from checks.report import run as reports, terminal

    try:
        reports.write_findings(outcome)
        reports.write_json(outcome)
        terminal.write_text(outcome)
    except OSError as error:
        raise UnusableCall(f"cannot write to {outcome.report} ({error.strerror})") from error


def _breakages() -> tuple[type[Exception], ...]:
    """What ends a run early and is not a fault of this suite."""
    from checks.lowering import LoweringError
    from checks.runner import WorkerDied

    return Unusable, LoweringError, WorkerDied


def _over_the_reals(outcome: Run) -> dict[str, str]:
    """What can be proved of the claims that are not as expected, as far as the time allows."""
    from checks.deadline import within

    known: dict[str, str] = {}

    def prove_all() -> None:
        for judgement in outcome.unexpected:
            name = judgement.result.cell.claim
            if name not in known:
                known[name] = _reals(outcome.claims[name])

    within(PROOF_SECONDS, prove_all)
    return known


def _reals(claim: Claim) -> str:
    from theory.proof import prove

    return prove(claim).outcome.name.lower()


def _console() -> Console:
    from rich.console import Console

    return Console(highlight=False, markup=False, emoji=False)


# -- the book -------------------------------------------------------------------------------------


@app.command(name="list")
def list_claims(
    by: Annotated[
        str,
        typer.Option(
            metavar="|".join(GROUPINGS),
            help="Group by chapter, by the section that says so, or by the gravest verdict.",
        ),
    ] = GROUPINGS[0],
) -> None:
    """Print every claim with its kind and the verdicts that the ledger expects."""
    from checks import ledger
    from checks.report.book import show_list

    among("grouping", [by], GROUPINGS)
    book = _book()
    show_list(book, ledger.read(book), _console(), by)


@app.command()
def show(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A claim's name.")],
    prove: Annotated[
        bool, typer.Option("--prove", help="Wait for a proof that takes more than a moment.")
    ] = False,
    report: ReportOption = REPORT,
) -> None:
    """Print everything about one claim: formula, source, proof, verdicts, where it fails first."""
    from checks import ledger
    from checks.deadline import within
    from checks.report.page import show_claim
    from theory import proof

    book = _book()
    found = {claim.name: claim for claim in book}
    if name not in found:
        raise UnusableCall(
            f"no claim is called {name!r}{did_you_mean(name, found)}; `backproof list` prints them"
        )
    claim = found[name]
    known = proof.prove(claim) if prove else within(MOMENT, lambda: proof.prove(claim))
    show_claim(claim, book, ledger.read(book), known, report, _console())


@app.command()
def heads() -> None:
    """Print every head that an implementation can define."""
    from checks.report.book import show_heads

    show_heads(_console())


@app.command(epilog="Exit codes: 0 nothing contradicts the book, 1 something does, 2 unusable.")
def prove(
    patterns: Annotated[
        list[str] | None,
        typer.Argument(metavar="[PATTERN]...", help="Names, parts of names, or *, which is all."),
    ] = None,
    chapter: Annotated[
        str | None, typer.Option(metavar="FILE.py", help="A file of claims of your own.")
    ] = None,
) -> int:
    """Decide claims over the real numbers; what stays OPEN contradicts nothing."""
    from checks.report.book import show_proof
    from theory import proof
    from theory.claim import Standing

    contradicted = False
    claims = _book()
    if chapter is not None:
        from checks.loading import load_chapter

        claims = list(load_chapter(chapter))
    for claim in select(claims, patterns or []):
        found = proof.prove(claim)
        never = "PROVED" if claim.standing is Standing.REFUTED else "REFUTED"
        contradicts = found.outcome.name == never
        contradicted |= contradicts
        show_proof(claim, found, expected=not contradicts, console=_console())
    return UNEXPECTED if contradicted else EXPECTED


@app.command(epilog="Exit codes: 0 reproduced, 1 not reproduced, 2 unusable.")
def replay(
    finding: Annotated[str, typer.Argument(metavar="ID|FILE.json", help="What to see again.")],
    report: ReportOption = REPORT,
) -> int:
    """Run the input of a finding again and say whether it still shows the same."""
    from checks import findings, ledger, runner
    from checks.example import MalformedInput
    from checks.loading import load, load_chapter
    from checks.report import run as reports, terminal

    found = findings.read(finding, report)
    claim = findings.claim_of(found)
    cell = found.cell
    among("format", [cell.format], FORMATS)
    among("device", [cell.device], DEVICES)
    if cell.device == "cuda" and not selection.cuda_is_available():
        raise UnusableCall(f"{found.id} was found on cuda, and torch sees no CUDA device here")
    implementation = load(found.implementation, cell.device)
    task = runner.Task(
        claim=claim.name,
        implementation=found.implementation,
        device=cell.device,
        format=cell.format,
        profile="ci",
        seed=None,
        chapter=found.chapter,
    )
    try:
        with redirect_stdout(sys.stderr):  # as runner.run_task does
            result = runner.replay(task, found.counterexample.inputs)
    except MalformedInput as error:
        raise UnusableFinding(f"{found.id}: {error}; find it again") from error
    expectations = ledger.read(_book())
    if found.chapter:
        own = load_chapter(found.chapter)
        expectations = ledger.with_chapter(expectations, own, Path(found.chapter))
    reproduced = result.verdict is found.verdict
    outcome = reports.Run(
        judgements=(),
        implementations=(implementation,),
        claims={claim.name: claim},
        formats=(cell.format,),
        ledger=expectations,
        report=report,
        profile="ci",
        reals={claim.name: _reals(claim)},
    )
    console = _console()
    terminal.show_judgement(outcome, ledger.Judgement(result, expectations.expected(cell)), console)
    if found.file_has_changed():
        terminal.say(console, f"{found.file} has changed since {found.id} was found")
    again = "reproduced" if reproduced else f"not reproduced: it was {found.verdict.name}"
    terminal.say(console, f"{found.id} {again}")
    return EXPECTED if reproduced else UNEXPECTED


if __name__ == "__main__":
    main()

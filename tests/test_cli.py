"""The command line: what it prints, what it writes and how it ends."""

import json
import multiprocessing
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from checks import cli, ledger, runner, selection
from checks.findings import identify
from checks.loading import load
from checks.lowering import LoweringError
from checks.unusable import UnusableFile
from checks.verdict import Cell, Counterexample, Result, Verdict
from theory.book import CLAIMS
from theory.claim import Standing, apart
from theory.contents import SECTIONS
from theory.heads import HEADS
from theory.proof import Outcome, Proof
from theory.sources import DOCUMENTS, ML38

POSITIVE = "sigmoid_slope_is_positive"
QUARTER = "sigmoid_slope_at_most_a_quarter"
REFUTED = "relu_cannot_explode_or_vanish"
TREE = Path(cli.__file__).parents[1]
BOOK = {claim.name: claim for claim in CLAIMS}

EXPECT_A_LIMIT = f"""
[[expect]]
claim = "{POSITIVE}"
implementation = ["numpy-textbook", "torch-eager"]
format = "float16"
verdict = "METHOD_LIMIT"
reason = "the slope is computed from the saved output"
"""
FOUND = Counterexample(
    {"x": {"shape": [1], "values": ["0x1.0a40000000000p+3"]}},
    "",
    0.0,
    0.0,
    0.0,
    0.0,
    "left 0.0, right 0.0",
)
FAULT = Counterexample(
    {"n": "2", "W[1]": {"shape": [2, 3], "values": ["0x1p+0"] * 6}},
    "linear",
    1.0,
    2.0,
    1.0,
    0.5,
    "linear delivered 1.0, exact 2.0: gap 1 > bound 0.5",
)

Command = Callable[..., tuple[int, str, str]]
Verdicts = dict[tuple[str, str], Verdict]  # by claim and implementation, in float16


@pytest.fixture
def command(capsys, monkeypatch, tmp_path) -> Command:
    """A command line in an empty directory, with a ledger of one entry."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    for variable in ("FORCE_COLOR", "NO_COLOR", "TTY_COMPATIBLE"):
        monkeypatch.delenv(variable, raising=False)
    (tmp_path / "ledger.toml").write_text(EXPECT_A_LIMIT)
    monkeypatch.setattr(ledger, "find", lambda: tmp_path / "ledger.toml")

    def carried_out(*arguments: str) -> tuple[int, str, str]:
        code = cli.run(arguments)
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return carried_out


@pytest.fixture
def verdicts(monkeypatch) -> Verdicts:
    """What the cells of a run show, where that is not what is simply right."""
    exceptions: Verdicts = {
        (POSITIVE, "numpy-textbook"): Verdict.METHOD_LIMIT,
        (POSITIVE, "torch-eager"): Verdict.METHOD_LIMIT,
    }

    def run_all(work: Sequence[runner.Task], jobs: int, on_result: Any) -> list[Result]:
        results = [judged(task, exceptions) for task in work]
        for result in results:
            on_result(result)
        return results

    monkeypatch.setattr(runner, "run_all", run_all)
    fake_proofs(monkeypatch, "PROVED")
    return exceptions


def judged(task: runner.Task, exceptions: Verdicts) -> Result:
    name = load(task.implementation, task.device).name
    refuted = task.claim in BOOK and BOOK[task.claim].standing is Standing.REFUTED
    usual = Verdict.FALSE if refuted else Verdict.HOLDS
    verdict = exceptions.get((task.claim, name), usual)
    found = {Verdict.HOLDS: None, Verdict.UNDECIDED: None, Verdict.DEFECT: FAULT}
    return Result(
        cell=Cell(task.claim, name, task.format, task.device),
        verdict=verdict,
        coverage="exhaustive 63487",
        samples=63487,
        decided=1.0,
        slack_median=0.125,
        slack_largest=float("nan") if task.claim == REFUTED else 0.5,
        seconds=0.25,
        smallest=found.get(verdict, FOUND),
    )


def fake_proofs(monkeypatch: pytest.MonkeyPatch, outcome: str) -> None:
    def proved(claim: Any) -> Any:
        reason = "out of ideas" if outcome == "OPEN" else ""
        return Proof(Outcome[outcome], "by hand", reason, n_at_most=8, seconds=0.5)

    monkeypatch.setattr("theory.proof.prove", proved)


CHECK = ("check", "--claims", f"{POSITIVE},{QUARTER}", "--formats", "float16", "--devices", "cpu")


def one_line(err: str, *parts: str) -> bool:
    assert err.startswith("backproof: ")
    assert err.count("\n") == 1
    assert all(part in err for part in parts), err
    return True


# -- check ----------------------------------------------------------------------------------------


def test_what_is_as_expected_passes(command, verdicts):
    code, out, err = command(*CHECK)
    assert code == 0
    assert "6 cells: 4 holds, 2 method limit, 0 undecided (0%); all as expected;" in out
    assert "METHOD_LIMIT  sigmoid_slope_is_positive: the slope is computed from the saved" in out
    assert "float16 [numpy-textbook-cpu, torch-eager-cpu]  at x = 0x1.0a4p+3" in out
    assert "6/6 cells, 0 not as expected" in err


def test_the_matrix_has_a_row_for_each_claim_and_a_column_for_each_format(command, verdicts):
    _, out, _ = command(*CHECK[:3], "--formats", "float32,float16", "--devices", "cpu")
    matrix = out.split("torch-eager · cpu\n")[1].splitlines()
    assert matrix[0].split() == ["f16", "f32"]
    assert matrix[1].split() == [QUARTER, "+", "+"]
    assert matrix[2].split() == [POSITIVE, "M", "M!"]


def test_what_is_not_as_expected_is_cited_and_fails(command, verdicts):
    verdicts[QUARTER, "torch-eager"] = Verdict.DEFECT
    code, out, _ = command(*CHECK)
    citation = identify(Cell(QUARTER, "torch-eager", "float16", "cpu"), FAULT.inputs)
    place = BOOK[QUARTER].where.removeprefix(f"{TREE}/")
    assert code == 1
    for line in (
        f"DEFECT  {QUARTER}  [torch-eager-cpu · float16]  {citation}",
        "  The sigmoid is never steeper than 1/4.",
        "  at n = 2, W[1] of shape 2×3",
        "  linear delivered 1.0, exact 2.0: gap 1 > bound 0.5",
        "  expected HOLDS; found DEFECT",
        f"  over the reals: proved   ideal implementation: HOLDS   {place}",
        f"  replay: backproof replay {citation}",
    ):
        assert line in out.splitlines()
    assert "1 not as expected" in out
    assert (Path("backproof-report") / "findings" / f"{citation}.json").exists()


def test_an_entry_to_paste_is_printed(command, verdicts):
    verdicts[QUARTER, "ideal"] = Verdict.FORMAT_LIMIT
    code, out, _ = command(*CHECK)
    assert code == 1
    entry = out[out.index("[[expect]]") : out.index("\n\n", out.index("[[expect]]"))]
    Path("ledger.toml").write_text(EXPECT_A_LIMIT + entry)
    assert command(*CHECK)[0] == 0


def test_an_entry_that_no_longer_fails_is_stale(command, verdicts):
    verdicts[POSITIVE, "torch-eager"] = Verdict.HOLDS
    code, out, _ = command(*CHECK)
    assert code == 1
    assert "ledger.toml:2 expects METHOD_LIMIT, and it holds; remove the entry" in out


def test_an_entry_whose_cell_does_not_come_up_is_stale(command, verdicts, monkeypatch):
    whole = runner.tasks
    monkeypatch.setattr(runner, "tasks", lambda *parts: whole(*parts)[:-1])  # torch's float16
    code, out, _ = command(*CHECK, "--claims", POSITIVE)
    assert code == 1
    assert "STALE  ledger.toml:2 expects METHOD_LIMIT" in out


def test_a_run_of_less_judges_only_the_entries_inside(command, verdicts):
    assert command("check", "--claims", QUARTER, "--formats", "float16")[0] == 0
    assert command(*CHECK[:3], "--formats", "float16", "--implementation", "ideal")[0] == 0


def test_undecided_fails(command, verdicts):
    verdicts[QUARTER, "ideal"] = Verdict.UNDECIDED
    code, out, _ = command(*CHECK)
    assert code == 1
    assert "UNDECIDED is never a pass" in out
    assert "1 undecided (17%)" in out


def test_refuted_claims_are_expected_to_be_false(command, verdicts):
    code, out, _ = command("check", "--claims", REFUTED, "--formats", "float16")
    assert code == 0
    assert f"FALSE  {REFUTED}: refuted over the reals" in out


def test_slack_is_printed_when_asked_for_and_always_written(command, verdicts):
    assert "Slack" not in command(*CHECK)[1]
    assert "0.12 0.50" in command(*CHECK, "-v")[1]
    assert "0.12 0.50" in Path("backproof-report/report.txt").read_text()


def test_the_report_is_written_as_json(command, verdicts):
    command(*CHECK, "--claims", REFUTED, "--seed", "7", "--report", "elsewhere")
    report = json.loads(Path("elsewhere/report.json").read_text(), parse_constant=pytest.fail)
    assert report["passed"]
    assert report["seed"] == 7
    assert report["counts"]["METHOD_LIMIT"] == 2
    cell = next(cell for cell in report["cells"] if cell["claim"] == REFUTED)
    assert cell["verdict"] == "FALSE"
    assert cell["slack_largest"] == "nan"
    assert cell["id"] in {path.stem for path in Path("elsewhere/findings").iterdir()}


def test_the_report_is_written_as_text_without_colour(command, verdicts, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    _, out, _ = command(*CHECK)
    assert "\x1b[" in out
    text = Path("backproof-report/report.txt").read_text()
    assert "\x1b" not in text
    assert not any(line.endswith(" ") for line in text.splitlines())
    assert "all as expected" in text


@pytest.mark.parametrize("width", [40, 80])
def test_the_report_fits_a_narrow_terminal(command, verdicts, monkeypatch, width):
    monkeypatch.setenv("COLUMNS", str(width))
    verdicts[QUARTER, "ideal"] = Verdict.DEFECT
    _, out, _ = command("check", "-v", "--claims", "sigmoid*", "--devices", "cpu")
    printed = out.partition("[[expect]]")[0].splitlines()
    assert max(map(len, printed)) <= width
    assert "D!" in out


def test_the_usual_run_is_all_that_is_built_in_on_everything(command, verdicts, monkeypatch):
    asked: list[runner.Task] = []

    def run_all(work, jobs, on_result):
        asked.extend(work)
        raise KeyboardInterrupt

    monkeypatch.setattr(runner, "run_all", run_all)
    monkeypatch.setattr(selection, "cuda_is_available", lambda: True)
    command("check", "--devices", "cpu,cuda")
    cells = {(task.implementation, task.device, task.format) for task in asked}
    usual = [claim for claim in CLAIMS if not (claim.is_measured or claim.is_timed)]
    assert {task.claim for task in asked} == {claim.name for claim in usual}
    assert len(cells) == 4 * 4
    assert {device for name, device, _ in cells if name == "torch-eager"} == {"cpu", "cuda"}
    assert {device for name, device, _ in cells if name != "torch-eager"} == {"cpu"}


def test_only_the_cpu_is_judged_unless_cuda_is_asked_for(command, verdicts, monkeypatch):
    monkeypatch.setattr(selection, "cuda_is_available", lambda: True)
    code, out, _ = command("check", "--claims", QUARTER, "--formats", "float16")
    assert code == 0
    assert "cuda" not in out


def test_an_interrupted_run_keeps_what_it_has(command, verdicts, monkeypatch):
    def run_all(work, jobs, on_result):
        on_result(judged(work[0], verdicts))
        raise KeyboardInterrupt

    monkeypatch.setattr(runner, "run_all", run_all)
    code, out, err = command(*CHECK)
    assert code == 130
    assert "1 cell: 1 holds, 0 undecided (0%); not finished;" in out
    assert err.splitlines()[-1] == "backproof: interrupted"
    assert "Traceback" not in err
    report = json.loads(Path("backproof-report/report.json").read_text())
    assert (report["complete"], report["passed"], len(report["cells"])) == (False, False, 1)


@pytest.fixture
def interruptible():
    """Ctrl-C as in a terminal; a background job inherits a SIGINT that is ignored."""
    inherited = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, inherited)


def test_an_interrupt_ends_the_worker_processes(command, verdicts, monkeypatch, interruptible):
    worker = multiprocessing.get_context("spawn").Process(target=signal.pause)

    def run_all(work, jobs, on_result):
        worker.start()
        signal.raise_signal(signal.SIGINT)

    before = signal.getsignal(signal.SIGINT)
    monkeypatch.setattr(runner, "run_all", run_all)
    assert command(*CHECK)[0] == 130
    worker.join()
    assert worker.exitcode == -signal.SIGTERM
    assert signal.getsignal(signal.SIGINT) is before


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (runner.WorkerDied("a worker process died"), "a worker process died"),
        (UnusableFile("kernels.py: changed"), "kernels.py: changed"),
        (LoweringError("f: cannot be run\nwrite g"), "f: cannot be run write g"),
    ],
)
def test_a_run_that_cannot_go_on_says_why_in_one_line(
    command, verdicts, monkeypatch, error, message
):
    def run_all(work, jobs, on_result):
        raise error

    monkeypatch.setattr(runner, "run_all", run_all)
    code, _, err = command(*CHECK)
    assert code == 2
    assert one_line(err, message)


@pytest.mark.parametrize("jobs", ["1", "2"])
@pytest.mark.parametrize("end", ["os._exit(0)", "os._exit(3)", "os.kill(os.getpid(), 9)"])
def test_a_function_that_ends_its_process_is_found(command, tmp_path, end, jobs):
    path = tmp_path / "ending.py"
    path.write_text(f"import os\n\ndef sigmoid(x):\n    {end}\n")
    arguments = ("--implementation", str(path), "--claims", QUARTER, "--formats", "float16,float32")
    code, out, err = command("check", *arguments, "--jobs", jobs)
    assert code == 2
    assert "not finished" in out
    assert f"it was judging {QUARTER} [{path} · float16]" in err.splitlines()[-1]


def test_what_a_function_prints_is_no_part_of_the_report(command, tmp_path):
    path = tmp_path / "printing.py"
    path.write_text("def sigmoid(x):\n    print('here')\n    return x.sigmoid()\n")
    arguments = ("--implementation", str(path), "--claims", QUARTER, "--formats", "float32")
    code, out, _ = command("check", *arguments, "--jobs", "1")
    assert code == 0
    assert "here" not in out


@pytest.mark.parametrize("seed", ["-1", "2147483649"])
def test_a_seed_that_no_generator_takes_is_refused(command, seed):
    code, _, err = command("check", "--seed", seed)
    assert code == 2
    assert one_line(err, "--seed")


def test_a_fault_of_our_own_is_not_hidden(command, verdicts, monkeypatch):
    def run_all(work, jobs, on_result):
        raise AssertionError("a fault of ours")

    monkeypatch.setattr(runner, "run_all", run_all)
    with pytest.raises(AssertionError, match="a fault of ours"):
        command(*CHECK)


# -- every number ---------------------------------------------------------------------------------


def test_every_number_of_a_format_is_tried_on_demand(command, verdicts):
    code, out, err = command(
        "check", "--exhaustive", "--claims", POSITIVE, "--formats", "float16",
        "--implementation", "numpy-textbook",
    )  # fmt: skip
    assert code == 0
    assert "1/1 strides, 0 not as expected" in err
    assert "1 method limit" in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--formats", "float64"], "float64 has more numbers than a sweep can try"),
        (["--claims", "norm_clipping_bounds_the_norm"], "about one number alone"),
    ],
)
def test_what_cannot_be_swept_is_refused(command, arguments, message):
    code, _, err = command("check", "--exhaustive", *arguments)
    assert code == 2
    assert message in err


# -- a user's file --------------------------------------------------------------------------------

KERNELS = "def sigmoid(x):\n    return 1 / (1 + (-x).exp())\n"


def test_a_users_file_is_judged_on_the_claims_that_use_its_heads(command, verdicts):
    Path("kernels.py").write_text(
        KERNELS + 'WORKING_FORMAT = "storage"\nULPS = {"sigmoid": 3}\nLAYOUTS = ("cut",)\n',
        encoding="utf-8",
    )
    verdicts[POSITIVE, "kernels"] = Verdict.METHOD_LIMIT
    code, out, _ = command(
        "check", "--implementation", "kernels.py", "--formats", "float16", "--devices", "cpu"
    )
    assert code == 0
    assert "from kernels.py" in out
    assert "states: works in the storage format, sigmoid within 3 ulps" in out
    assert "takes arrays contiguous or cut" in out
    missing = [name for name in HEADS if name != "sigmoid"]
    assert f"not checked: {', '.join(missing)[:60]}" in out
    assert "norm_clipping_bounds_the_norm" not in out


def test_a_proof_that_takes_for_ever_does_not_hold_up_the_report(command, verdicts, monkeypatch):
    def endless(claim):
        while True:
            pass

    monkeypatch.setattr(cli, "_reals", endless)
    monkeypatch.setattr(cli, "PROOF_SECONDS", 0.2)
    verdicts[POSITIVE, "numpy-textbook"] = Verdict.DEFECT
    code, out, _ = command("check", "--claims", POSITIVE, "--formats", "float16")
    assert code == 1
    assert "over the reals: claimed true" in out


def test_what_of_a_users_file_is_not_judged_is_said(command, verdicts):
    others = (
        "def sigmiod(x):\n    return x\ndef helper(x):\n    return x\ndef mish(x):\n    return x\n"
    )
    Path("kernels.py").write_text(KERNELS + others, encoding="utf-8")
    verdicts[POSITIVE, "kernels"] = Verdict.METHOD_LIMIT
    call = ("check", "--implementation", "kernels.py", "--formats", "float16")
    _, out, _ = command(*call, "--claims", POSITIVE)
    assert "not checked, being no heads: sigmiod (did you mean sigmoid?)" in out
    assert "called by none of these claims: mish" in out
    assert "helper" not in out


def test_a_defect_of_a_users_file_fails_and_can_be_replayed(command, verdicts):
    Path("kernels.py").write_text(KERNELS)
    verdicts[QUARTER, "kernels"] = Verdict.DEFECT
    code, out, _ = command(*CHECK, "--implementation", "kernels.py")
    assert code == 1
    assert "[[expect]]" not in out
    citation = identify(Cell(QUARTER, "kernels", "float16", "cpu"), FAULT.inputs)
    finding = json.loads(Path(f"backproof-report/findings/{citation}.json").read_text())
    assert finding["file"] == "kernels.py"
    assert len(finding["sha256"]) == 64


def test_a_users_chapter_is_judged_like_the_book(command, verdicts):
    Path("notes.py").write_text(
        "from theory.language import *\n\n"
        '@claim(source=Document("Notes", "My notes").section("1"))\n'
        "def sigmoid_is_below_one(x: Real):\n"
        '    """The sigmoid stays below 1."""\n'
        "    return sigmoid(x) < 1\n"
    )
    verdicts["sigmoid_is_below_one", "ideal"] = Verdict.FORMAT_LIMIT
    with apart():
        code, out, _ = command(*CHECK, "--chapter", "notes.py", "--claims", "sigmoid_is_below_one")
    assert code == 1
    assert "ideal implementation: FORMAT_LIMIT   notes.py:3" in out
    citation = identify(Cell("sigmoid_is_below_one", "ideal", "float16", "cpu"), FOUND.inputs)
    finding = json.loads(Path(f"backproof-report/findings/{citation}.json").read_text())
    assert finding["chapter"] == "notes.py"
    entry = out[out.index("[[expect]]") : out.index("\n\n", out.index("[[expect]]"))]
    assert "write in notes.toml:" in out
    Path("notes.toml").write_text(entry)
    with apart():
        assert command(*CHECK, "--chapter", "notes.py", "--claims", "sigmoid_is*")[0] == 0


# -- calls that cannot be carried out -------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("check --claims sigmoid_slope_is_positiv_", f"(did you mean {POSITIVE}?)"),
        ("check --formats float8", "unknown format 'float8' (did you mean"),
        ("check --devices gpu", "unknown device 'gpu'"),
        ("check --profile cj", "unknown profile 'cj'; write ci, nightly, dev"),
        ("check --implementation torch-eagr", "(did you mean torch-eager?)"),
        ("check --implementation missing.py", "missing.py: there is no such file"),
        ("check --implementation ideal --devices cuda", "ideal runs on the cpu only"),
        ("check --implementation . ", "is a directory"),
        ("check --chapter missing.py", "missing.py: there is no such file"),
        ("check --report ledger.toml", "cannot write to ledger.toml"),
        ("check --jobs 0", "--jobs"),
        ("check --jobs two", "--jobs"),
        ("check --nonsense", "No such option"),
        ("chekc", "No such command"),
        ("list --by author", "unknown grouping 'author'; write chapter, document, verdict"),
        ("show", "Missing argument"),
        ("show sigmoid_slope_is_positiv", f"(did you mean {POSITIVE}?)"),
        ("prove sigmoid_slope_is_positiv_", f"(did you mean {POSITIVE}?)"),
        ("replay BP-000000", "there is no backproof-report/findings/BP-000000.json"),
        ("replay ledger.toml.json", "there is no ledger.toml.json"),
    ],
)
def test_a_call_that_cannot_be_carried_out_says_why_in_one_line(
    command, verdicts, arguments, message
):
    code, out, err = command(*arguments.split())
    assert code == 2
    assert out == ""
    assert one_line(err, message)


def test_a_ledger_that_cannot_be_read_says_why_in_one_line(command, verdicts):
    Path("ledger.toml").write_text(EXPECT_A_LIMIT.replace("METHOD_LIMIT", "METHOD"))
    code, _, err = command(*CHECK)
    assert code == 2
    assert one_line(err, "ledger.toml:2: unknown verdict 'METHOD'")


def test_cuda_that_is_asked_for_and_missing_says_so(command, verdicts, monkeypatch):
    monkeypatch.setattr(selection, "cuda_is_available", lambda: False)
    code, _, err = command(*CHECK[:-1], "cuda")
    assert code == 2
    assert one_line(err, "torch sees no CUDA device here; leave --devices cuda out")


def test_two_implementations_of_one_name_are_refused(command, verdicts):
    for folder in ("a", "b"):
        Path(folder).mkdir()
        Path(folder, "kernels.py").write_text(KERNELS)
    code, _, err = command(
        *CHECK, "--implementation", "a/kernels.py", "--implementation", "b/kernels.py"
    )
    assert code == 2
    assert one_line(err, "two implementations are called kernels on cpu; write NAME")


def test_a_run_with_nothing_to_judge_does_not_pass(command, verdicts):
    Path("kernels.py").write_text(KERNELS)
    code, _, err = command(
        "check", "--claims", "norm_clipping*", "--implementation", "kernels.py", "--devices", "cpu"
    )
    assert code == 2
    assert one_line(err, "none of these claims uses a head that kernels.py defines")


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("it_grows", ["it_grows"]),  # a name, though it begins another
        ("grows", ["it_grows", "it_grows_fast"]),
        ("it_*_fast", ["it_grows_fast"]),
        ("*", ["it_grows", "it_grows_fast", "it_shrinks"]),
    ],
)
def test_a_pattern_is_a_name_or_a_part_or_a_glob(pattern, found):
    names = ("it_grows", "it_grows_fast", "it_shrinks")
    claims: Any = [SimpleNamespace(name=name) for name in names]
    assert [claim.name for claim in selection.select(claims, [pattern])] == found


# -- reading the book -----------------------------------------------------------------------------


def test_the_profiles_are_those_of_the_runner():
    assert tuple(runner.PROFILES) == cli.PROFILES


def test_help_states_the_exit_codes(command):
    for arguments in ((), ("--help",), ("check", "--help")):
        code, out, _ = command(*arguments)
        assert code == 0
        assert "Exit codes: 0 every verdict is the expected one, 1 some are not" in out


def test_list_names_every_claim_under_its_chapter(command):
    code, out, _ = command("list")
    lines = out.splitlines()
    assert code == 0
    assert {(claim.kind.name, claim.name) for claim in CLAIMS} <= {
        (line[2:3], line[19:].strip()) for line in lines
    }
    assert {claim.chapter for claim in CLAIMS} <= set(lines)
    assert ["T", "++++", "M+++", "M+++", POSITIVE] in [line.split() for line in lines]
    assert "    The sigmoid rises everywhere." in lines
    assert "    Refuted: The slope of an active ReLU is 1" in out


def test_list_by_document_has_a_heading_for_each_section_and_one_for_the_rest(command):
    code, out, _ = command("list", "--by", "document")
    groups = dict(group.split("\n", 1) for group in out.split("\n\n")[1:])
    cited = {str(source) for claim in CLAIMS for source in claim.sources}
    assert code == 0
    assert POSITIVE in groups[f"ML38 §二  {ML38.title}"]
    assert {f"{short} §{number}" for short in SECTIONS for number in SECTIONS[short]} == {
        " ".join(heading.split()[:2]) for heading in groups if "§" in heading
    }
    for claim in CLAIMS:
        at = [heading for heading in groups if f" {claim.name}\n" in groups[heading]]
        beyond = not any(source.document in DOCUMENTS for source in claim.sources)
        assert {" ".join(heading.split()[:2]) for heading in at} <= cited | {"beyond the"}
        assert ("beyond the documents" in at) == beyond


def test_list_by_verdict_puts_the_gravest_first(command):
    code, out, _ = command("list", "--by", "verdict")
    headings = re.findall(r"^([A-Z_]+): \d+$", out, re.MULTILINE)
    assert code == 0
    assert headings == ["FALSE", "METHOD_LIMIT", "HOLDS"]
    assert "METHOD_LIMIT: 1\n" in out
    refuted, limited = out.index(f" {REFUTED}\n"), out.index(f" {POSITIVE}\n")
    assert refuted < limited < out.index(f" {QUARTER}\n")


def test_show_tells_everything_about_a_claim(command):
    code, out, _ = command("show", POSITIVE)
    assert code == 0
    for part in (
        f"{POSITIVE}  T  claimed true",
        "formula  Slope(sigmoid(x), x) > 0",
        r"LaTeX  \frac{\mathrm{d}",
        "x  Real: A real number",
        "source  ML38 §二: ",
        f"which says  {SECTIONS['ML38']['二'][:40]}",
        "over the reals  proved: exact: polynomial in s = sigmoid(x)",
        f"same heads  {QUARTER}",
        "heads  sigmoid",
        "written at  theory/chapters/activations.py:",
        "    def sigmoid_slope_is_positive(x: Real):",
        "METHOD_LIMIT: the slope is computed from the saved output  (ledger.toml:2)",
    ):
        assert part in out
    rows = {line.split("·")[0].strip(): line.split() for line in out.splitlines() if "·" in line}
    assert rows["numpy-textbook"][3:] == ["M", "+", "+", "+"]
    assert "first failing inputs" not in out


def test_show_tells_the_twin_and_the_witness_of_a_refuted_claim(command):
    out = command("show", REFUTED)[1]
    assert "counterexample  n = 20, x = 1, w = 1/2" in out
    assert "over the reals  refuted: exact evaluation at n=20, x=1, w=2: left 1048576" in out
    assert "witness  n = 20, x = 1, w = 2, left = 1048576, right = 1" in out
    assert "true instead  relu_chain_gradient_is_the_product_of_its_weights" in out
    assert f"corrects  {REFUTED}" in command("show", BOOK[REFUTED].instead)[1]


def test_show_waits_for_a_proof_only_when_asked_to(command, monkeypatch):
    def endless(claim: Any) -> Any:
        while True:
            pass

    monkeypatch.setattr("theory.proof.prove", endless)
    code, out, _ = command("show", POSITIVE)
    assert code == 0
    assert f"over the reals  the proof takes its time; `backproof show {POSITIVE} --prove`" in out
    fake_proofs(monkeypatch, "PROVED")
    out = command("show", POSITIVE, "--prove")[1]
    assert "proved for  depths up to 8" in out


def test_show_tells_where_a_claim_fails_first(command, verdicts):
    pin = 'first = {float16 = "0x1.0a4p+3"}\n'
    Path("ledger.toml").write_text(EXPECT_A_LIMIT + pin, encoding="utf-8")
    pinned = "    float16  x = 0x1.0a4p+3 (8.32)  [numpy-textbook-cpu, torch-eager-cpu]"
    out = command("show", POSITIVE)[1].splitlines()
    assert out[out.index("  first failing inputs, by the ledger") + 1] == pinned
    command(*CHECK, "--report", "elsewhere")
    out = command("show", POSITIVE, "--report", "elsewhere")[1]
    citation = identify(Cell(POSITIVE, "torch-eager", "float16", "cpu"), FOUND.inputs)
    assert "first failing inputs, by elsewhere\n" in out
    assert "METHOD_LIMIT  [torch-eager-cpu · float16]  x = 0x1.0a4p+3 (8.32)" in out
    assert f"backproof replay {citation} --report elsewhere" in " ".join(out.split())


@pytest.mark.parametrize("text", ["{", "[]", '{"schema": 0, "cells": []}', '{"schema": 1}'])
def test_a_report_that_cannot_be_read_is_no_report(command, text):
    Path("backproof-report").mkdir()
    Path("backproof-report/report.json").write_text(text)
    code, out, _ = command("show", POSITIVE)
    assert code == 0
    assert "first failing inputs" not in out


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.name)
def test_every_claim_can_be_shown(command, monkeypatch, claim):
    fake_proofs(monkeypatch, "PROVED")
    code, out, _ = command("show", claim.name)
    assert code == 0
    assert f"def {claim.name}(" in out
    for twin in (claim.instead, *claim.corrects):
        assert twin is None or twin in out


def test_heads_prints_every_signature(command):
    code, out, _ = command("heads")
    assert code == 0
    assert {head.signature() for head in HEADS.values()} <= set(out.splitlines())


def test_the_book_is_read_without_what_runs_it_and_on_a_terminal_of_ascii():
    heavy = "{'torch', 'numpy', 'scipy', 'hypothesis', 'ml_dtypes'}"
    script = (
        "import sys; from checks.cli import run; "
        f"code = run(['list']) or run(['show', '{POSITIVE}']) or run(['heads']); "
        f"print(code, {heavy} & set(sys.modules), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=TREE,
        env={"PYTHONPATH": str(TREE), "PYTHONIOENCODING": "ascii", "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr.strip() == "0 set()"
    assert POSITIVE in done.stdout


# -- prove ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "outcome", "code"),
    [
        (POSITIVE, "PROVED", 0),
        (POSITIVE, "OPEN", 0),
        (POSITIVE, "REFUTED", 1),
        (REFUTED, "PROVED", 1),
        (REFUTED, "OPEN", 0),
        (REFUTED, "REFUTED", 0),
    ],
)
def test_only_a_proof_that_contradicts_the_book_fails(command, monkeypatch, name, outcome, code):
    fake_proofs(monkeypatch, outcome)
    found, out, _ = command("prove", name)
    assert found == code
    assert out.split()[:2] == [outcome + "!" * code, name]
    assert {"         by hand", "         depths up to 8"} <= set(out.splitlines())


def test_several_claims_are_proved_together(command):
    names = ["sigmoid_slope_is_even", "tanh_slope_at_most_one"]
    code, out, _ = command("prove", *names)
    assert code == 0
    assert all(name in out for name in names)


def test_prove_decides_the_whole_book(command, monkeypatch):
    fake_proofs(monkeypatch, "OPEN")
    code, out, _ = command("prove")
    assert code == 0
    assert out.count("out of ideas") == len(CLAIMS)


# -- replay ---------------------------------------------------------------------------------------


@pytest.fixture
def cited(command, verdicts) -> str:
    verdicts[QUARTER, "kernels"] = Verdict.DEFECT
    Path("kernels.py").write_text(KERNELS)
    command(*CHECK, "--implementation", "kernels.py")
    return identify(Cell(QUARTER, "kernels", "float16", "cpu"), FAULT.inputs)


def replays(monkeypatch: pytest.MonkeyPatch, verdict: Verdict) -> list[Any]:
    calls: list[Any] = []

    def replay(task: runner.Task, inputs: Any) -> Result:
        calls.append((task, inputs))
        return judged(task, {(task.claim, "kernels"): verdict})

    monkeypatch.setattr(runner, "replay", replay)
    return calls


def test_a_finding_that_shows_the_same_is_reproduced(command, cited, monkeypatch):
    calls = replays(monkeypatch, Verdict.DEFECT)
    code, out, _ = command("replay", cited)
    assert code == 0
    assert f"{cited} reproduced" in out
    ((task, inputs),) = calls
    assert (task.claim, task.implementation, task.format) == (QUARTER, "kernels.py", "float16")
    assert inputs == FAULT.inputs


def test_a_finding_that_was_mended_is_not_reproduced(command, cited, monkeypatch):
    replays(monkeypatch, Verdict.HOLDS)
    Path("kernels.py").write_text(KERNELS + "# mended\n")
    code, out, _ = command("replay", f"backproof-report/findings/{cited}.json")
    assert code == 1
    assert f"kernels.py has changed since {cited} was found" in out
    assert f"{cited} not reproduced: it was DEFECT" in out


def test_a_finding_whose_file_is_gone_says_so(command, cited):
    Path("kernels.py").unlink()
    code, _, err = command("replay", cited)
    assert code == 2
    assert one_line(err, "kernels.py: there is no such file")


# -- from end to end ------------------------------------------------------------------------------


def test_a_wrong_kernel_is_found_cited_and_replayed(command, monkeypatch):
    fake_proofs(monkeypatch, "PROVED")
    Path("kernels.py").write_text(
        'ARRAY_LIBRARY = "numpy"\n'
        "def sigmoid_backward(grad, x, y):\n"
        "    return grad * y\n",  # without the factor 1 - y
        encoding="utf-8",
    )
    code, out, _ = command(*CHECK, "--implementation", "kernels.py", "--jobs", "1")
    assert code == 1
    citation = next(word for word in out.split() if word.startswith("BP-"))
    code, out, _ = command("replay", citation)
    assert code == 0
    assert f"{citation} reproduced" in out

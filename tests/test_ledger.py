"""The ledger expects what it says, complains of everything else, and writes its own entries."""

import tomllib
from pathlib import Path
from typing import Any

import pytest

from checks import ledger
from checks.ledger import Ledger, LedgerError, read, stanzas
from checks.verdict import Cell, Counterexample, Result, Verdict
from theory.book import CLAIMS

POSITIVE = "sigmoid_slope_is_positive"
QUARTER = "sigmoid_slope_at_most_a_quarter"
REFUTED = "relu_cannot_explode_or_vanish"

ENTRY = f"""
[[expect]]
claim = "{POSITIVE}"
implementation = ["numpy-textbook", "torch-eager"]
format = ["float16", "bfloat16"]
verdict = "METHOD_LIMIT"
first = {{float16 = "0x1.0a4p+3"}}
reason = "the slope is computed from the saved output"

[[expect]]
claim = "{POSITIVE}"
implementation = "ideal"
format = "float16"
verdict = "FORMAT_LIMIT"
reason = "the slope underflows"
"""


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "ledger.toml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture
def book(tmp_path: Path) -> Ledger:
    return read(CLAIMS, written(tmp_path, ENTRY))


def at(first: str) -> Counterexample:
    inputs = {"x": {"shape": [1], "values": [first]}}
    return Counterexample(inputs, "", 0.0, 0.0, 0.0, 0.0, "")


def result(
    verdict: Verdict = Verdict.HOLDS,
    claim: str = POSITIVE,
    implementation: str = "torch-eager",
    fmt: str = "float16",
    device: str = "cpu",
    first: str | None = None,
    coverage: str = "exhaustive 63487",
) -> Result:
    return Result(
        cell=Cell(claim, implementation, fmt, device),
        verdict=verdict,
        coverage=coverage,
        samples=1,
        decided=1.0,
        slack_median=0.1,
        slack_largest=0.5,
        seconds=0.1,
        smallest=at(first) if first else None,
    )


def test_the_ledger_of_the_tree_can_be_read():
    path = Path(ledger.__file__).parent.parent / "ledger.toml"
    assert read(CLAIMS).files == {claim.name: path for claim in CLAIMS}


# -- strict both ways -----------------------------------------------------------------------------


def test_a_true_claim_is_expected_to_hold(book):
    assert book.judge(result(claim=QUARTER)).complaint == ""
    assert book.expected(result(claim=QUARTER).cell).verdict is Verdict.HOLDS


def test_a_refuted_claim_is_expected_to_be_false(book):
    assert book.judge(result(Verdict.FALSE, REFUTED)).complaint == ""


@pytest.mark.parametrize("verdict", [v for v in Verdict if v is not Verdict.FALSE])
def test_a_refuted_claim_that_is_not_found_false_is_unexpected(book, verdict):
    assert "expected FALSE" in book.judge(result(verdict, REFUTED)).complaint


@pytest.mark.parametrize("verdict", [v for v in Verdict if v is not Verdict.HOLDS])
def test_a_true_claim_that_does_not_hold_is_unexpected(book, verdict):
    complaint = book.judge(result(verdict, QUARTER)).complaint
    assert "expected HOLDS; " in complaint
    assert verdict.name in complaint


def test_an_entry_is_expected(book):
    judgement = book.judge(result(Verdict.METHOD_LIMIT, first="0x1.0a4p+3"))
    assert judgement.complaint == ""
    assert judgement.expected.reason == "the slope is computed from the saved output"


def test_an_entry_whose_cell_holds_is_stale(book):
    complaint = book.judge(result()).complaint
    assert complaint == "ledger.toml:2 expects METHOD_LIMIT, and it holds; remove the entry"


def test_an_entry_whose_cell_shows_something_else_is_unexpected(book):
    complaint = book.judge(result(Verdict.DEFECT)).complaint
    assert complaint == "expected METHOD_LIMIT by ledger.toml:2; found DEFECT"


def test_undecided_is_never_a_pass(book):
    assert "never a pass" in book.judge(result(Verdict.UNDECIDED)).complaint
    assert "never a pass" in book.judge(result(Verdict.UNDECIDED, QUARTER)).complaint


def test_an_entry_speaks_of_its_own_cells_only(book):
    for other in ({"fmt": "float32"}, {"device": "cuda"}, {"implementation": "ideal"}):
        assert book.judge(result(Verdict.METHOD_LIMIT, first="0x1.0a4p+3", **other)).complaint


def test_a_pinned_input_is_compared_by_its_value(book):
    assert not book.judge(result(Verdict.METHOD_LIMIT, first="0x1.0a40000000000p+3")).complaint
    complaint = book.judge(result(Verdict.METHOD_LIMIT, first="0x1.0a8p+3")).complaint
    assert "to 0x1.0a4p+3, and it is x = 0x1.0a8p+3; correct first" in complaint


def test_a_format_without_a_pinned_input_takes_any(book):
    assert not book.judge(result(Verdict.METHOD_LIMIT, fmt="bfloat16", first="0x1p+3")).complaint


def test_several_inputs_are_pinned_by_name(tmp_path):
    text = ENTRY.replace('"0x1.0a4p+3"', '{q = "0x1.8p+0", n = "28"}')
    book = read(CLAIMS, written(tmp_path, text))
    inputs: dict[str, Any] = {"n": "28", "q": {"shape": [1], "values": ["0x1.8p+0"]}}
    found = Counterexample(inputs, "", 0.0, 0.0, 0.0, 0.0, "")
    cell = Result(
        result().cell, Verdict.METHOD_LIMIT, "sampled 1", 1, 1.0, 0.0, 0.0, 0.0, smallest=found
    )
    assert not book.judge(cell).complaint
    inputs["n"] = "27"
    assert "pins" in book.judge(cell).complaint


def unseen(book: Ledger, results: list[Result], **limits: Any) -> list[str]:
    scope = {
        "claims": {POSITIVE},
        "implementations": {("torch-eager", "cpu"), ("numpy-textbook", "cpu")},
        "formats": {"float16", "bfloat16"},
    }
    return book.unseen(results, **{**scope, **limits})


def test_an_entry_that_a_whole_run_never_met_is_stale(book):
    results = [
        result(Verdict.METHOD_LIMIT, implementation=implementation, fmt=fmt)
        for implementation in ("torch-eager", "numpy-textbook")
        for fmt in ("float16", "bfloat16")
    ]
    assert unseen(book, results) == []
    (complaint,) = unseen(book, results[1:])
    assert "sigmoid_slope_is_positive [torch-eager-cpu · float16], which was not run" in complaint


@pytest.mark.parametrize(
    "limits", [{"claims": {QUARTER}}, {"implementations": {("ideal", "cuda")}}, {"formats": ()}]
)
def test_an_entry_outside_the_run_is_not_judged(book, limits):
    assert unseen(book, [], **limits) == []


# -- a user's file --------------------------------------------------------------------------------


@pytest.mark.parametrize("verdict", [Verdict.HOLDS, Verdict.METHOD_LIMIT, Verdict.FORMAT_LIMIT])
@pytest.mark.parametrize("library", ["numpy", "torch"])
def test_a_users_file_may_show_the_limit_of_the_usual_method(book, verdict, library):
    assert book.judge(result(verdict, implementation="kernels"), library).complaint == ""


def test_a_users_file_may_show_the_limit_of_the_format(tmp_path):
    book = read(CLAIMS, written(tmp_path, ENTRY.partition("\n\n")[2]))
    user = result(Verdict.METHOD_LIMIT, implementation="kernels", device="cuda")
    assert book.judge(user, "torch").complaint == ""
    assert book.judge(user, "torch").expected.reason == "the slope underflows"


@pytest.mark.parametrize("verdict", [Verdict.DEFECT, Verdict.UNDECIDED, Verdict.FALSE])
def test_a_users_file_is_never_excused_a_defect(book, verdict):
    assert book.judge(result(verdict, implementation="kernels"), "torch").complaint


def test_a_users_file_is_excused_no_limit_that_nobody_else_has(book):
    user = result(Verdict.METHOD_LIMIT, QUARTER, implementation="kernels")
    assert book.judge(user, "torch").complaint == "expected HOLDS; found METHOD_LIMIT"


def test_a_users_file_is_expected_to_find_refuted_claims_false(book):
    user = result(Verdict.FALSE, REFUTED, implementation="kernels")
    assert book.judge(user, "torch").complaint == ""


# -- a user's chapter -----------------------------------------------------------------------------


def test_a_users_chapter_has_a_ledger_beside_it(tmp_path):
    quarter = [claim for claim in CLAIMS if claim.name == QUARTER]
    book = read([claim for claim in CLAIMS if claim.name != QUARTER], written(tmp_path, ENTRY))
    (tmp_path / "notes.toml").write_text(ENTRY.replace(POSITIVE, QUARTER))
    both = ledger.with_chapter(book, quarter, tmp_path / "notes.py")
    assert both.expected(result().cell) == book.expected(result().cell)
    assert both.expected(result(claim=QUARTER).cell).verdict is Verdict.METHOD_LIMIT
    assert both.files[QUARTER] == tmp_path / "notes.toml"


def test_a_users_chapter_needs_no_ledger(tmp_path, book):
    assert ledger.with_chapter(book, (), tmp_path / "notes.py") == book


def test_the_ledger_of_a_users_chapter_speaks_of_its_claims_alone(tmp_path, book):
    (tmp_path / "notes.toml").write_text(ENTRY)
    with pytest.raises(LedgerError, match=r"notes\.toml:2: unknown claim"):
        ledger.with_chapter(book, (), tmp_path / "notes.py")


# -- a ledger that cannot be read -----------------------------------------------------------------


def line(key: str, value: str) -> str:
    """The first entry with one line exchanged."""
    lines = [text for text in ENTRY.partition("\n\n")[0].splitlines() if not text.startswith(key)]
    return "\n".join([*lines, f"{key} = {value}" if value else ""])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[[expect]\n", "ledger.toml is no TOML: "),
        ("[[expects]]\n", "unknown table 'expects'; entries begin with [[expect]]"),
        ("expect = 3\n", "write [[expect]]"),
        ("[expect]\n", "write [[expect]]"),
        (line("claim", ""), "ledger.toml:2: no claim; write claim = "),
        (line("implementation", ""), "no implementation; write implementation = "),
        (line("format", ""), "no format; write format = "),
        (line("verdict", ""), 'no verdict; write verdict = "METHOD_LIMIT"'),
        (line("reason", ""), "no reason; write reason = "),
        (line("reason", '" "'), "the reason is empty; say why"),
        (line("reason", "3"), "reason is 3 and no text; put it in quotes"),
        (line("claim", '"sigmoid_slope_is_positiv"'), f"(did you mean {POSITIVE}?)"),
        (line("claim", f'["{POSITIVE}"]'), "unknown claim ['sigmoid_slope_is_positive']"),
        (line("implementation", '"torch"'), "unknown implementation 'torch'"),
        (line("implementation", "[]"), "implementation is empty"),
        (line("format", '["float16", "float8"]'), "unknown format 'float8' (did you mean"),
        (line("format", '["float16", "float16"]'), "says something twice"),
        (line("device", '"gpu"'), "unknown device 'gpu'"),
        (line("device", '"cuda"'), "numpy-textbook runs on the cpu only; leave device out"),
        (line("verdict", '"METHODLIMIT"'), "(did you mean METHOD_LIMIT?)"),
        (line("verdict", "3"), "unknown verdict 3"),
        (line("verdict", '"HOLDS"'), "HOLDS needs no entry"),
        (line("verdict", '"FALSE"'), "FALSE needs no entry"),
        (line("verdict", '"UNDECIDED"'), "no cell may be expected to stay undecided"),
        (line("verdict", '"DEFECT"'), "a DEFECT needs reported; write where"),
        (line("first", '"0x1p+3"'), "and no table by format; write first = {float16 ="),
        (line("first", '{float32 = "0x1p+3"}'), "first names float32, which is no format of this"),
        (line("first", '{float16 = "eight"}'), "first is 'eight' in float16, no input"),
        (line("first", "{float16 = 8}"), "first is 8 in float16, no input"),
        (line("frist", '{float16 = "8"}'), "unknown key frist (did you mean first?)"),
        (ENTRY + ENTRY, "is expected twice, first in ledger.toml:2; keep one of the two"),
    ],
)
def test_a_ledger_that_cannot_stand_is_refused_in_one_line(tmp_path, text, message):
    with pytest.raises(LedgerError) as caught:
        read(CLAIMS, written(tmp_path, text))
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_ledger_is_refused(tmp_path):
    with pytest.raises(LedgerError, match="there is no"):
        read(CLAIMS, tmp_path / "ledger.toml")


def test_a_ledger_that_is_not_utf_8_is_refused(tmp_path):
    path = tmp_path / "ledger.toml"
    path.write_bytes(b"# \xff\n")
    with pytest.raises(LedgerError, match="not UTF-8 at byte 2"):
        read(CLAIMS, path)


def test_the_packaged_ledger_comes_before_that_of_the_tree(tmp_path, monkeypatch):
    (tmp_path / "checks").mkdir()
    monkeypatch.setattr(ledger, "__file__", str(tmp_path / "checks" / "ledger.py"))
    assert ledger.find() == tmp_path / "ledger.toml"
    (tmp_path / "checks" / "ledger.toml").touch()
    assert ledger.find() == tmp_path / "checks" / "ledger.toml"


# -- the entries that it writes -------------------------------------------------------------------


def test_an_entry_for_what_was_found_can_be_pasted(book, tmp_path):
    results = [
        result(Verdict.METHOD_LIMIT, QUARTER, implementation, fmt, first=first)
        for implementation in ("numpy-textbook", "torch-eager")
        for fmt, first in (("float16", "0x1.0a4p+3"), ("bfloat16", "0x1.8p+2"))
    ]
    text = stanzas(map(book.judge, results))
    (entry,) = tomllib.loads(text)["expect"]
    assert entry["implementation"] == ["numpy-textbook", "torch-eager"]
    assert entry["first"] == {"float16": "0x1.0a4p+3", "bfloat16": "0x1.8p+2"}
    pasted = read(CLAIMS, written(tmp_path, ENTRY + text))
    assert [pasted.judge(one).complaint for one in results] == [""] * 4


def test_an_entry_for_a_defect_asks_for_the_report(book, tmp_path):
    text = stanzas([book.judge(result(Verdict.DEFECT, QUARTER, device="cuda"))])
    assert 'device = "cuda"' in text
    with pytest.raises(LedgerError, match="a DEFECT needs reported"):
        read(CLAIMS, written(tmp_path, text))


def test_what_was_sampled_is_not_pinned(book):
    sampled = result(Verdict.METHOD_LIMIT, QUARTER, first="0x1p+3", coverage="sampled 400")
    assert "first" not in stanzas([book.judge(sampled)])


@pytest.mark.parametrize("verdict", [Verdict.HOLDS, Verdict.FALSE, Verdict.UNDECIDED])
def test_nothing_is_written_for_what_no_ledger_can_expect(book, verdict):
    assert stanzas([book.judge(result(verdict))]) == ""


def test_nothing_is_written_for_a_users_file(book):
    assert stanzas([book.judge(result(Verdict.DEFECT, implementation="kernels"), "torch")]) == ""

"""A finding is cited by an ID that does not move, and read back as it was written."""

import json
import math
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from checks.findings import (
    Finding,
    as_json,
    canonical,
    claim_of,
    finding_of,
    identify,
    number,
    read,
    shortest,
    write,
)
from checks.unusable import UnusableFinding
from checks.verdict import Cell, Counterexample, Result, Verdict

CELL = Cell("sigmoid_slope_is_positive", "torch-eager", "float16", "cpu")
INPUTS = {"x": {"shape": [1], "values": ["0x1.0a40000000000p+3"]}}
FOUND = Counterexample(INPUTS, "", 0.0, 0.0, 0.0, 0.0, "left 0.0, right 0.0")
FINDING = Finding(CELL, Verdict.METHOD_LIMIT, FOUND, "0.1.0")


def test_an_id_is_bp_and_six_hexadecimal_digits():
    assert re.fullmatch(r"BP-[0-9a-f]{6}", FINDING.id)


def test_an_id_is_the_same_in_every_release():
    # Cited in code reviews and bug reports: changing this line breaks every one of them.
    assert FINDING.id == "BP-131ec7"


@pytest.mark.parametrize("part", ["claim", "implementation", "format", "device"])
def test_an_id_depends_on_every_part_of_the_cell(part):
    assert identify(replace(CELL, **{part: "other"}), INPUTS) != FINDING.id


def test_an_id_depends_on_the_inputs():
    other = {"x": {"shape": [1], "values": ["0x1.0a8p+3"]}}
    assert identify(CELL, other) != FINDING.id


def test_an_id_depends_neither_on_the_spelling_nor_on_the_order_of_the_inputs():
    spelt = {"x": {"values": ["0x1.0a4p3"], "shape": [1]}}
    assert identify(CELL, spelt) == FINDING.id
    assert identify(CELL, {"n": "2/4", "q": "3"}) == identify(CELL, {"q": "3/1", "n": "1/2"})


def test_an_id_does_not_depend_on_files_versions_or_messages():
    moved = replace(
        FINDING,
        version="9.9",
        file="elsewhere/kernels.py",
        sha256="0",
        chapter="notes.py",
        counterexample=replace(FOUND, message="reworded", gap=1.0),
    )
    assert moved.id == FINDING.id


@pytest.mark.parametrize(
    ("text", "spelling"),
    [
        ("0x1.8000000000000p+1", "0x1.8p+1"),
        ("0x1.0000000000000p+0", "0x1p+0"),
        ("-0x0.0p+0", "-0x0p+0"),
        ("0x0.0000000000001p-1022", "0x0.0000000000001p-1022"),
        ("inf", "inf"),
        ("-inf", "-inf"),
        ("nan", "nan"),
        ("6/4", "3/2"),
        ("28", "28"),
    ],
)
def test_a_number_has_one_spelling(text, spelling):
    assert number(text) == spelling
    assert number(spelling) == spelling


@pytest.mark.parametrize("text", ["", "one", "1/0", "0xg"])
def test_what_is_no_number_is_refused(text):
    with pytest.raises(ValueError, match=r"no number|invalid"):
        number(text)


@pytest.mark.parametrize("value", [0.1, 1.0, -2.5e-320, 6.5e4])
def test_the_shortest_spelling_names_the_same_float(value):
    assert float.fromhex(shortest(value)) == value


def test_shapes_are_no_numbers_to_respell():
    assert canonical({"shape": [2, 3], "W": [{"shape": [1], "values": ["0x1.0p+0"]}]}) == {
        "shape": [2, 3],
        "W": [{"shape": [1], "values": ["0x1p+0"]}],
    }


# -- writing and reading --------------------------------------------------------------------------


def test_a_finding_is_read_back_as_it_was_written(tmp_path):
    path = write(FINDING, tmp_path)
    assert path == tmp_path / "findings" / f"{FINDING.id}.json"
    expected = replace(FINDING, counterexample=replace(FOUND, inputs=canonical(INPUTS)))
    assert read(FINDING.id, tmp_path) == expected
    assert read(FINDING.id.removeprefix("BP-").upper(), tmp_path) == expected
    assert read(str(path), tmp_path / "elsewhere") == expected


def test_nan_and_infinity_survive_json(tmp_path):
    inputs = {"x": {"shape": [3], "values": ["inf", "-inf", "nan"]}}
    lost = Counterexample(inputs, "sigmoid", math.nan, -math.inf, math.inf, math.nan, "lost")
    path = write(replace(FINDING, counterexample=lost), tmp_path)
    json.loads(path.read_text(), parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
    found = read(str(path), tmp_path).counterexample
    assert math.isnan(found.left)
    assert found.right == -math.inf
    assert found.gap == math.inf
    assert found.inputs == inputs


def test_floats_are_written_exactly_and_readably():
    assert as_json(replace(FINDING, counterexample=replace(FOUND, gap=0.1)))["gap"] == {
        "hex": "0x1.999999999999ap-4",
        "decimal": "0.1",
    }


def test_the_finding_of_a_result_is_its_smallest_counterexample(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    kernels = tmp_path / "kernels.py"
    kernels.write_text("def sigmoid(x): ...\n")
    worst = replace(FOUND, inputs={"x": {"shape": [1], "values": ["0x1p+9"]}})
    result = Result(
        CELL, Verdict.DEFECT, "sampled 9", 9, 1.0, 0.1, 0.2, 1.5, smallest=FOUND, worst=worst
    )
    finding = finding_of(result, kernels, "notes.py")
    assert finding.counterexample == FOUND
    assert finding.implementation == finding.file == "kernels.py"
    assert finding.chapter == "notes.py"
    assert not finding.file_has_changed()
    kernels.write_text("def sigmoid(x): return x\n")
    assert finding.file_has_changed()


def test_a_result_without_a_counterexample_is_no_finding():
    result = Result(CELL, Verdict.HOLDS, "sampled 9", 9, 1.0, 0.1, 0.2, 1.5)
    with pytest.raises(ValueError, match="has no counterexample"):
        finding_of(result)


def test_a_missing_finding_is_refused_with_where_it_was_sought(tmp_path):
    with pytest.raises(UnusableFinding, match=r"there is no .*BP-000000\.json; give the report's"):
        read("BP-000000", tmp_path)


def test_a_finding_that_cannot_be_read_is_refused(tmp_path):
    with pytest.raises(UnusableFinding, match="cannot be read"):
        read(str(make_directory(tmp_path / "finding.json")), tmp_path)


def make_directory(path: Path) -> Path:
    path.mkdir()
    return path


@pytest.mark.parametrize("text", [b"", b"{", b"\xff\xfe", b"[" * 100_000])
def test_a_file_that_is_no_json_is_refused(tmp_path, text):
    path = tmp_path / "finding.json"
    path.write_bytes(text)
    with pytest.raises(UnusableFinding, match="is no JSON"):
        read(str(path), tmp_path)


def edited(**changes: Any) -> Callable[[dict[str, Any]], Any]:
    return lambda fields: {**fields, **changes}


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        pytest.param(lambda fields: [fields], "is no finding", id="a list"),
        pytest.param(lambda fields: {}, "is no finding", id="empty"),
        pytest.param(edited(schema=2), "has schema 2, and this version reads 1", id="schema"),
        pytest.param(edited(verdict="WRONG"), "lacks or misspells 'WRONG'", id="verdict"),
        pytest.param(edited(claim=7), "is damaged", id="claim"),
        pytest.param(edited(gap="big"), "is damaged", id="gap"),
        pytest.param(edited(gap={"hex": "0x1p+99999"}), "is damaged", id="too large"),
        pytest.param(edited(inputs=[1]), "is damaged", id="inputs"),
        pytest.param(edited(inputs={"x": "two"}), "is damaged", id="no number"),
        pytest.param(edited(format="float32"), "was edited: its claim, cell", id="edited"),
        pytest.param(
            lambda fields: {key: fields[key] for key in fields if key != "message"},
            "lacks or misspells 'message'",
            id="incomplete",
        ),
    ],
)
def test_a_finding_that_is_damaged_is_refused_in_one_line(tmp_path, edit, message):
    path = tmp_path / "finding.json"
    path.write_text(json.dumps(edit(as_json(FINDING))))
    with pytest.raises(UnusableFinding, match=message) as caught:
        read(str(path), tmp_path)
    assert "\n" not in str(caught.value)


def test_a_claim_that_this_version_does_not_have_is_named():
    assert claim_of(FINDING).name == CELL.claim
    unknown = replace(FINDING, cell=replace(CELL, claim="forgotten"))
    with pytest.raises(UnusableFinding, match="no claim forgotten in this version"):
        claim_of(unknown)

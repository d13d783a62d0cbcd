"""The ledger: the expected verdict of every cell that does not simply hold.

A true claim is expected to hold and a refuted one to be found false, everywhere, unless an entry of
ledger.toml says which limit or defect a cell shows, and why. It is strict both ways: what no entry
expects is a failure, and so is an entry whose cell no longer shows what it says.
"""

import json
import re
import tomllib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from checks.findings import canonical, number
from checks.unusable import Unusable, did_you_mean
from checks.verdict import Cell, Result, Verdict
from checks.vocabulary import BASELINES, BUILT_IN, DEVICES, DEVICES_OF, FORMATS
from theory.claim import Claim, Standing

LIMITS = (Verdict.FORMAT_LIMIT, Verdict.METHOD_LIMIT)
ENTERED = (*LIMITS, Verdict.DEFECT)
REQUIRED = ("claim", "implementation", "format", "verdict", "reason")
KEYS = ("claim", "implementation", "format", "device", "verdict", "first", "reason", "reported")


class LedgerError(Unusable):
    """A ledger that cannot be read."""


@dataclass(frozen=True)
class Expected:
    """What a cell is expected to show: `entry` is the place in the ledger that says so, if any.

    `first` is the exact smallest failing input where it is pinned: a number, or one by variable.
    """

    verdict: Verdict
    entry: str = ""
    reason: str = ""
    reported: str = ""
    first: Any = None


@dataclass(frozen=True)
class Judgement:
    """A result, what was expected of it, and what is wrong with it: nothing, where it is empty."""

    result: Result
    expected: Expected
    complaint: str = ""


@dataclass(frozen=True)
class Ledger:
    """The entries by cell, the standing of every claim that they may speak of, and its file."""

    entries: Mapping[Cell, Expected]
    standings: Mapping[str, Standing]
    files: Mapping[str, Path]

    def expected(self, cell: Cell) -> Expected:
        """What a cell is expected to show; only those of built-in implementations have entries."""
        if cell in self.entries:
            return self.entries[cell]
        if self.standings.get(cell.claim) is Standing.REFUTED:
            return Expected(Verdict.FALSE, reason="refuted over the reals")
        return Expected(Verdict.HOLDS)

    def judge(self, result: Result, library: str | None = None) -> Judgement:
        """Compare a result with the ledger; `library` is that of a user's file."""
        expected = self.expected(result.cell)
        if library and result.verdict in LIMITS:
            expected = self._excuse(result.cell, library) or expected
            if expected.verdict in LIMITS:
                return Judgement(result, replace(expected, verdict=result.verdict, first=None))
        return Judgement(result, expected, _complaint(result, expected))

    def _excuse(self, cell: Cell, library: str) -> Expected | None:
        """The limit that the usual method or the format itself shows in a user's cell."""
        baseline = replace(cell, implementation=BASELINES[library])
        for place in (baseline, replace(cell, implementation="ideal", device="cpu")):
            if self.expected(place).verdict in LIMITS:
                return self.expected(place)
        return None

    def unseen(
        self,
        results: Iterable[Result],
        claims: Collection[str],
        implementations: Collection[tuple[str, str]],
        formats: Collection[str],
    ) -> list[str]:
        """Complaints of entries that a whole run should have met and did not.

        `implementations` are pairs of a name and a device.
        """
        seen = {result.cell for result in results}
        return [
            f"{expected.entry} expects {expected.verdict.name} of {cell}, which was not run; "
            "remove it from the entry"
            for cell, expected in self.entries.items()
            if cell not in seen
            and cell.claim in claims
            and (cell.implementation, cell.device) in implementations
            and cell.format in formats
        ]


def _complaint(result: Result, expected: Expected) -> str:
    verdict = result.verdict
    if verdict is expected.verdict:
        if expected.first is None or result.smallest is None:
            return ""
        found = _plain(result.smallest.inputs)
        if found == _pinned(expected.first, found):
            return ""
        return (
            f"{expected.entry} pins the first failing input to {_shown(expected.first)}, and it is "
            f"{_shown(found)}; correct first"
        )
    if verdict is Verdict.HOLDS and expected.entry:
        return f"{expected.entry} expects {expected.verdict.name}, and it holds; remove the entry"
    if verdict is Verdict.UNDECIDED:
        return f"expected {expected.verdict.name}; UNDECIDED is never a pass"
    if expected.verdict is Verdict.FALSE:
        return f"expected FALSE, the claim being refuted; found {verdict.name}"
    by = f" by {expected.entry}" if expected.entry else ""
    refuted = verdict is Verdict.FALSE and not result.reason
    why = ": the exact reading refutes the claim" if refuted else ""
    return f"expected {expected.verdict.name}{by}; found {verdict.name}{why}"


def _plain(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Inputs as a ledger pins them: a number where there is one, else the list of them."""

    def values(part: Any) -> list[Any]:
        if isinstance(part, Mapping):
            return values(part.get("values", []))
        if isinstance(part, list | tuple):
            return [value for one in part for value in values(one)]
        return [part]

    flat = {name: values(part) for name, part in canonical(inputs).items()}
    return {name: part[0] if len(part) == 1 else part for name, part in flat.items()}


def _pinned(first: Any, found: Mapping[str, Any]) -> dict[str, Any]:
    """The pinned inputs by variable; a bare number is that of the only variable there is."""
    return dict(first) if isinstance(first, Mapping) else dict.fromkeys(found, first)


def _shown(inputs: Any) -> str:
    if not isinstance(inputs, Mapping):
        return str(inputs)
    return ", ".join(f"{name} = {value}" for name, value in inputs.items())


# -- reading --------------------------------------------------------------------------------------


def find() -> Path:
    """Where the ledger is: packaged beside this file, or at the top of the tree."""
    here = Path(__file__).parent
    packaged = here / "ledger.toml"
    return packaged if packaged.exists() else here.parent / "ledger.toml"


def read(claims: Iterable[Claim], path: Path | None = None) -> Ledger:
    """Read the ledger of these claims. Raises LedgerError."""
    path = path or find()
    book = {entry.name: entry for entry in claims}
    return Ledger(_entries(path, book), _standings(book), dict.fromkeys(book, path))


def with_chapter(book: Ledger, claims: Iterable[Claim], chapter: Path) -> Ledger:
    """The book's ledger and that of a user's chapter, which lies beside it: notes.toml by notes.py.

    It speaks of the chapter's claims alone, and there need not be one. Raises LedgerError.
    """
    path = chapter.with_suffix(".toml")
    mine = {entry.name: entry for entry in claims}
    own = _entries(path, mine) if path.exists() else {}
    standings, files = _standings(mine), dict.fromkeys(mine, path)
    return Ledger({**book.entries, **own}, {**book.standings, **standings}, {**book.files, **files})


def _standings(claims: Mapping[str, Claim]) -> dict[str, Standing]:
    return {name: entry.standing for name, entry in claims.items()}


def _entries(path: Path, claims: Mapping[str, Claim]) -> dict[Cell, Expected]:
    try:
        text = path.read_bytes().decode()
        content = tomllib.loads(text)
    except FileNotFoundError as error:
        raise LedgerError(f"there is no {path}; install backproof again") from error
    except OSError as error:
        raise LedgerError(f"{path} cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise LedgerError(f"{path.name} is not UTF-8 at byte {error.start}; save it so") from error
    except tomllib.TOMLDecodeError as error:
        raise LedgerError(f"{path.name} is no TOML: {error}; mind quotes and brackets") from error
    if unknown := sorted(set(content) - {"expect"}):
        raise LedgerError(
            f"{path.name}: unknown table {unknown[0]!r}; entries begin with [[expect]]"
        )
    tables = content.get("expect", [])
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise LedgerError(f"{path.name}: expect is no list of tables; write [[expect]], twice each")
    headings = re.finditer(r"^\s*\[\[\s*expect\s*\]\]", text, re.MULTILINE)
    lines = [text.count("\n", 0, match.end()) + 1 for match in headings]
    entries: dict[Cell, Expected] = {}
    for at, table in enumerate(tables):
        place = f"{path.name}:{lines[at]}" if at < len(lines) else f"{path.name}, entry {at + 1}"
        for cell, expected in _cells(place, table, claims):
            if cell in entries:
                raise LedgerError(
                    f"{place}: {cell} is expected twice, first in {entries[cell].entry}; "
                    "keep one of the two"
                )
            entries[cell] = expected
    return entries


def _cells(
    place: str, table: Mapping[str, Any], claims: Mapping[str, Claim]
) -> Iterable[tuple[Cell, Expected]]:
    for key in REQUIRED:
        if key not in table:
            raise LedgerError(f"{place}: no {key}; write {key} = {_EXAMPLES[key]}")
    for key in table:
        if key not in KEYS:
            raise LedgerError(f"{place}: unknown key {key}{did_you_mean(key, KEYS)}; leave it out")
    (claim,) = _names(place, table, "claim", claims)
    implementations = _names(place, table, "implementation", BUILT_IN)
    formats = _names(place, table, "format", FORMATS)
    devices = _names(place, {"device": "cpu", **table}, "device", DEVICES)
    for name in implementations:
        if not set(devices) & set(DEVICES_OF[name]):
            raise LedgerError(f"{place}: {name} runs on the cpu only; leave device out")
    verdict = _verdict(place, table["verdict"], claims[claim])
    reason, reported = _text(place, table, "reason"), _text(place, table, "reported")
    if not reason:
        raise LedgerError(f"{place}: the reason is empty; say why the cell does not hold")
    if verdict is Verdict.DEFECT and not reported:
        raise LedgerError(f"{place}: a DEFECT needs reported; write where it was reported upstream")
    first = _first(place, table.get("first", {}), formats)
    for implementation in implementations:
        for device in devices:
            if device in DEVICES_OF[implementation]:
                for fmt in formats:
                    yield (
                        Cell(claim, implementation, fmt, device),
                        Expected(verdict, place, reason, reported, first.get(fmt)),
                    )


_EXAMPLES = {
    "claim": '"sigmoid_slope_is_positive"',
    "implementation": '["numpy-textbook", "torch-eager"]',
    "format": '["float16", "bfloat16"]',
    "verdict": '"METHOD_LIMIT"',
    "reason": '"the slope is computed from the saved output"',
}


def _names(
    place: str, table: Mapping[str, Any], key: str, known: Collection[str]
) -> tuple[str, ...]:
    value = table[key]
    names = value if isinstance(value, list) and key != "claim" else [value]
    for name in names:
        if not isinstance(name, str) or name not in known:
            raise LedgerError(
                f"{place}: unknown {key} {name!r}{did_you_mean(str(name), known)}; "
                f"write {key} = {_EXAMPLES.get(key, json.dumps(DEVICES[1]))}"
            )
    if not names or len(set(names)) != len(names):
        raise LedgerError(f"{place}: {key} is empty or says something twice; name each once")
    return tuple(names)


def _verdict(place: str, value: Any, claim: Claim) -> Verdict:
    # What takes longer is no theorem: an implementation may turn a true claim about times round.
    entered = (*ENTERED, Verdict.FALSE) if claim.is_timed else ENTERED
    names = [verdict.name for verdict in entered]
    if value in names:
        return Verdict[value]
    advice = f"write {', '.join(names[:-1])} or {names[-1]}"
    if value in Verdict.__members__:
        why = {
            "HOLDS": "a true claim that no entry mentions is expected to hold",
            "FALSE": "a refuted claim is expected to be found false without an entry",
            "UNDECIDED": "no cell may be expected to stay undecided",
        }[value]
        raise LedgerError(f"{place}: {value} needs no entry: {why}; {advice}")
    raise LedgerError(
        f"{place}: unknown verdict {value!r}{did_you_mean(str(value), names)}; {advice}"
    )


def _text(place: str, table: Mapping[str, Any], key: str) -> str:
    value = table.get(key, "")
    if not isinstance(value, str):
        raise LedgerError(f"{place}: {key} is {value!r} and no text; put it in quotes")
    return value.strip()


def _first(place: str, table: Any, formats: Collection[str]) -> dict[str, Any]:
    proper = 'write first = {float16 = "0x1.0a4p+3"}, or {float16 = {q = "0x1.8p+0", n = "28"}}'
    if not isinstance(table, dict):
        raise LedgerError(f"{place}: first is {table!r} and no table by format; {proper}")
    for fmt, value in table.items():
        if fmt not in formats:
            raise LedgerError(
                f"{place}: first names {fmt}, which is no format of this entry; {proper}"
            )
        try:
            for part in value.values() if isinstance(value, dict) else [value]:
                for entry in part if isinstance(part, list) else [part]:
                    number(entry)
        except (AttributeError, TypeError, ValueError, OverflowError) as error:
            raise LedgerError(
                f"{place}: first is {value!r} in {fmt}, no input; {proper}"
            ) from error
    return {fmt: canonical(value) for fmt, value in table.items()}


# -- writing --------------------------------------------------------------------------------------


def stanzas(judgements: Iterable[Judgement]) -> str:
    """The entries that would expect what was found, where a ledger can expect it."""
    groups: dict[tuple[str, str, str, Verdict], dict[str, Any]] = {}
    for judgement in judgements:
        result, cell = judgement.result, judgement.result.cell
        if result.verdict in ENTERED and cell.implementation in BUILT_IN:
            key = cell.claim, cell.implementation, cell.device, result.verdict
            groups.setdefault(key, {})[cell.format] = _pin(result)
    # Implementations that show the same share an entry.
    merged: dict[str, tuple[list[str], str, str, Verdict, dict[str, Any]]] = {}
    for (claim, implementation, device, verdict), first in groups.items():
        same = repr((claim, device, verdict, first))
        merged.setdefault(same, ([], claim, device, verdict, first))[0].append(implementation)
    return "\n".join(_stanza(*group) for group in merged.values())


def _pin(result: Result) -> str | None:
    """The first failing input, where the search was exhaustive and there is one number to pin."""
    if result.smallest is None or not result.coverage.startswith("exhaustive"):
        return None
    values = list(_plain(result.smallest.inputs).values())
    return values[0] if len(values) == 1 and isinstance(values[0], str) else None


def _stanza(
    implementations: list[str], claim: str, device: str, verdict: Verdict, first: Mapping[str, Any]
) -> str:
    pins = {fmt: value for fmt, value in first.items() if value is not None}
    lines = [
        "[[expect]]",
        f"claim = {_toml(claim)}",
        f"implementation = {_toml(implementations)}",
        f"format = {_toml(list(first))}",
        *([f"device = {_toml(device)}"] if device != "cpu" else []),
        f"verdict = {_toml(verdict.name)}",
        *([f"first = {_toml(pins)}"] if pins else []),
        f"reason = {_toml(verdict.value)}",
        *(['reported = ""  # where it was reported upstream'] if verdict is Verdict.DEFECT else []),
    ]
    return "\n".join(lines) + "\n"


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {_toml(part)}" for key, part in value.items()) + "}"
    if isinstance(value, list):
        return _toml(value[0]) if len(value) == 1 else f"[{', '.join(map(_toml, value))}]"
    return json.dumps(value, ensure_ascii=False)

"""Findings: a short ID that can be cited, and a JSON file that can be replayed.

The ID is made of what was found and of nothing that moves: claim, implementation, format, device
and the input in hexadecimal. Lines of source, file paths, messages and versions do not enter it.
"""

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from checks.unusable import UnusableFinding
from checks.verdict import Cell, Counterexample, Result, Verdict
from checks.vocabulary import LAYOUTS
from theory.claim import Claim

SCHEMA = 1


@dataclass(frozen=True)
class Finding:
    """A cell, its verdict and the smallest input that shows it.

    `file` and `sha256` are those of a user's implementation, `chapter` the file of a claim that is
    not in the book, `version` that of the suite that found it.
    """

    cell: Cell
    verdict: Verdict
    counterexample: Counterexample
    version: str
    file: str | None = None
    sha256: str | None = None
    chapter: str | None = None

    @property
    def id(self) -> str:
        """The citable ID."""
        return identify(self.cell, self.counterexample.inputs)

    @property
    def implementation(self) -> str:
        """What to load: a built-in name, or a path."""
        return self.file or self.cell.implementation

    def file_has_changed(self) -> bool:
        """Whether the user's file is another one than the one that was judged."""
        return self.file is not None and digest(Path(self.file)) != self.sha256


def identify(cell: Cell, inputs: Mapping[str, Any]) -> str:
    """The ID of a finding: "BP-" and six hexadecimal digits."""
    place = (cell.claim, cell.implementation, cell.format, cell.device)
    text = json.dumps(canonical(inputs), sort_keys=True, separators=(",", ":"))
    return f"BP-{hashlib.sha256('|'.join((*place, text)).encode()).hexdigest()[:6]}"


def finding_of(result: Result, file: Path | None = None, chapter: str | None = None) -> Finding:
    """The finding of a result that has a counterexample."""
    if result.smallest is None:
        raise ValueError(f"{result.cell} has no counterexample")
    return Finding(
        cell=result.cell,
        verdict=result.verdict,
        counterexample=result.smallest,
        version=version(),
        file=_portable(file) if file else None,
        sha256=digest(file) if file else None,
        chapter=_portable(Path(chapter)) if chapter else None,
    )


def claim_of(finding: Finding) -> Claim:
    """The claim of a finding, whose chapter is loaded. Raises UnusableFinding or UnusableFile."""
    import theory.book
    from theory.claim import REGISTRY

    name = finding.cell.claim
    if finding.chapter and name not in REGISTRY:
        from checks.loading import load_chapter

        load_chapter(finding.chapter)
    if name not in REGISTRY:
        where = finding.chapter or f"this version, which has {len(theory.book.CLAIMS)}"
        raise UnusableFinding(
            f"{finding.id}: there is no claim {name} in {where}; "
            f"install backproof {finding.version}"
        )
    return REGISTRY[name]


def version() -> str:
    """The version of the suite."""
    from importlib.metadata import PackageNotFoundError, version as installed

    try:
        return installed("backproof")
    except PackageNotFoundError:  # run from a tree that was never installed
        return "0+unknown"


def digest(file: Path) -> str:
    """The SHA-256 of a file, or nothing where there is none."""
    try:
        return hashlib.sha256(file.read_bytes()).hexdigest()
    except OSError:
        return ""


def _portable(file: Path) -> str:
    """Relative below the working directory, so that it is found in other checkouts."""
    absolute = file.resolve()
    here = Path.cwd()
    return absolute.relative_to(here).as_posix() if absolute.is_relative_to(here) else str(absolute)


# -- inputs ---------------------------------------------------------------------------------------


def canonical(value: Any) -> Any:
    """Inputs with every number spelt in the one shortest way, whoever wrote them."""
    if isinstance(value, Mapping):
        return {str(key): canonical(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [canonical(part) for part in value]
    return number(value) if isinstance(value, str) and value not in LAYOUTS else value


def number(text: str) -> str:
    """A number in its shortest spelling: 0x1.8p+0, -0x0p+0, 3, 1/3, inf, nan. Raises ValueError."""
    if "0x" not in text.lower() and text.lower().lstrip("+-") not in {"inf", "nan"}:
        try:
            return str(Fraction(text))
        except (ValueError, ZeroDivisionError):
            raise ValueError(f"{text!r} is no number") from None
    return shortest(float.fromhex(text))


def shortest(value: float) -> str:
    """C's hexadecimal notation without trailing zeros."""
    mantissa, mark, exponent = value.hex().partition("p")
    if not mark:
        return mantissa  # inf or nan
    return f"{mantissa.rstrip('0').rstrip('.') if '.' in mantissa else mantissa}p{exponent}"


# -- JSON -----------------------------------------------------------------------------------------


def as_json(finding: Finding) -> dict[str, Any]:
    """The finding in JSON's types; floats as text, because JSON knows neither inf nor NaN."""
    found = finding.counterexample
    return {
        "schema": SCHEMA,
        "id": finding.id,
        "backproof": finding.version,
        "claim": finding.cell.claim,
        "implementation": finding.cell.implementation,
        "format": finding.cell.format,
        "device": finding.cell.device,
        "verdict": finding.verdict.name,
        **counterexample_as_json(found),
        "file": finding.file,
        "sha256": finding.sha256,
        "chapter": finding.chapter,
    }


def counterexample_as_json(found: Counterexample) -> dict[str, Any]:
    """A counterexample in JSON's types."""
    return {
        "inputs": canonical(found.inputs),
        "operation": found.operation,
        "left": float_as_json(found.left),
        "right": float_as_json(found.right),
        "gap": float_as_json(found.gap),
        "bound": float_as_json(found.bound),
        "message": found.message,
    }


def float_as_json(value: float) -> dict[str, str]:
    """A float, exactly and readably."""
    return {"hex": shortest(value), "decimal": repr(float(value))}


def write(finding: Finding, report: Path) -> Path:
    """Write the finding below a report's directory and return its path."""
    path = report / "findings" / f"{finding.id}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = (
        f"  {json.dumps(key)}: {json.dumps(value, ensure_ascii=False, allow_nan=False)}"
        for key, value in as_json(finding).items()
    )
    text = "{\n" + ",\n".join(lines) + "\n}"
    # In one step, so that nobody ever reads half a finding.
    unfinished = path.with_suffix(".part")
    unfinished.write_text(text + "\n", encoding="utf-8")
    os.replace(unfinished, path)
    return path


def read(source: str, report: Path) -> Finding:
    """The finding with an ID in a report's directory, or in a file. Raises UnusableFinding."""
    path = Path(source)
    if path.suffix != ".json":
        path = report / "findings" / f"BP-{source.lower().removeprefix('bp-')}.json"
    try:
        fields = json.loads(path.read_bytes())
    except FileNotFoundError as error:
        raise UnusableFinding(
            f"{source}: there is no {path}; give the report's directory with --report, or the "
            "finding's .json file"
        ) from error
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise UnusableFinding(f"{path} cannot be read ({reason})") from error
    except (ValueError, RecursionError) as error:
        raise UnusableFinding(f"{path} is no JSON; find it again with `backproof check`") from error
    return _from_json(path, fields)


def _from_json(path: Path, fields: Any) -> Finding:
    if not isinstance(fields, dict) or "schema" not in fields:
        raise UnusableFinding(f"{path} is no finding; those lie in backproof-report/findings")
    if fields["schema"] != SCHEMA:
        raise UnusableFinding(
            f"{path} has schema {fields['schema']!r}, and this version reads {SCHEMA}; install "
            f"backproof {fields.get('backproof', 'of another version')}"
        )
    try:
        finding = Finding(
            cell=Cell(*(_text(fields, key) for key in CELL)),
            verdict=Verdict[_text(fields, "verdict")],
            counterexample=Counterexample(
                inputs=canonical(dict(fields["inputs"])),
                operation=_text(fields, "operation"),
                **{key: float.fromhex(fields[key]["hex"]) for key in FLOATS},
                message=_text(fields, "message"),
            ),
            version=_text(fields, "backproof"),
            file=fields["file"] and _text(fields, "file"),
            sha256=fields["sha256"] and _text(fields, "sha256"),
            chapter=fields["chapter"] and _text(fields, "chapter"),
        )
    except KeyError as error:
        raise UnusableFinding(f"{path} lacks or misspells {error}; find it again") from error
    except (TypeError, ValueError, OverflowError) as error:
        raise UnusableFinding(f"{path} is damaged ({error}); find it again") from error
    if finding.id != fields.get("id"):
        raise UnusableFinding(
            f"{path} was edited: its claim, cell and inputs make it {finding.id}, and it calls "
            f"itself {fields.get('id')}; correct its id or find it again"
        )
    return finding


CELL = ("claim", "implementation", "format", "device")
FLOATS = ("left", "right", "gap", "bound")


def _text(fields: Mapping[str, Any], key: str) -> str:
    if not isinstance(fields[key], str):
        raise TypeError(f"{key} is no text")
    return str(fields[key])

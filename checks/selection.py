"""From the options of a command line to what is judged: claims, formats, implementations."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from checks.unusable import UnusableCall, did_you_mean
from checks.vocabulary import BASELINES, BUILT_IN, DEVICES, DEVICES_OF

if TYPE_CHECKING:
    from checks.implementation import Implementation
    from theory.claim import Claim


def select(claims: Sequence[Claim], patterns: Sequence[str]) -> list[Claim]:
    """The claims that a pattern names, or else matches, or else is a part of; all without patterns.

    Raises UnusableCall for a pattern that nothing matches.
    """
    if not patterns:
        return list(claims)
    names = [claim.name for claim in claims]
    found: set[str] = set()
    for pattern in patterns:
        hits = {pattern} & set(names) or {
            name for name in names if fnmatchcase(name, pattern) or pattern in name
        }
        if not hits:
            raise UnusableCall(
                f"no claim matches {pattern!r}{did_you_mean(pattern, names)}; "
                "`backproof list` prints them"
            )
        found |= hits
    return [claim for claim in claims if claim.name in found]


def of_this_run(claims: Sequence[Claim], costs: bool, experiments: bool) -> list[Claim]:
    """The claims about times, those about runs of networks, or all others.

    What else runs would count among the times, and networks take minutes.
    """
    chosen = [one for one in claims if one.is_timed is costs and one.is_measured is experiments]
    if chosen:
        return chosen
    if costs or experiments:
        what = "is about times; leave --costs" if costs else "runs networks; leave --experiments"
        raise UnusableCall(f"none of these claims {what} out")
    timed, measured = any(one.is_timed for one in claims), any(one.is_measured for one in claims)
    raise UnusableCall(
        "these claims are about times, or run networks; add --costs or --experiments"
        if timed and measured
        else "these claims are about times; add --costs"
        if timed
        else "these claims run networks, which takes minutes; add --experiments"
    )


def swept(claims: Sequence[Claim], formats: tuple[str, ...]) -> tuple[list[Claim], tuple[str, ...]]:
    """The claims that a sweep can try on every number, and formats that it can get through."""
    from checks.sweeping import is_sweepable

    if "float64" in formats:
        raise UnusableCall(
            "float64 has more numbers than a sweep can try; leave it out, or leave --exhaustive out"
        )
    chosen = [one for one in claims if is_sweepable(one)]
    if not chosen:
        raise UnusableCall(
            "none of these claims is about one number alone, which a sweep could try all of; leave "
            "--exhaustive out"
        )
    return chosen, formats


def require_packages(experiments: bool, costs: bool, tensorboard: Path | None) -> None:
    """See that what an experiment needs is there before an hour is spent on it."""
    if experiments and costs:
        raise UnusableCall("--experiments and --costs are two runs; leave one of them out")
    if tensorboard is not None and not experiments:
        raise UnusableCall("--tensorboard shows what networks learn; add --experiments")
    packages = {"scikit-learn": "sklearn", "matplotlib": "matplotlib"} if experiments else {}
    packages |= {"tensorboard": "tensorboard"} if tensorboard is not None else {}
    missing = [name for name, module in packages.items() if find_spec(module) is None]
    if missing:
        raise UnusableCall(
            f"--experiments needs {' and '.join(missing)}, not installed here; run "
            "pip install 'backproof[experiments]'"
        )
    if tensorboard is not None:
        prepare(tensorboard)


def names_in(values: Iterable[str] | None) -> list[str]:
    """The names in a repeatable option, each of whose values may hold several."""
    names = [name.strip() for value in values or () for name in value.split(",")]
    if "" in names:
        raise UnusableCall("an option holds an empty name; leave the option out for all of them")
    return names


def among(kind: str, names: Sequence[str], known: Sequence[str]) -> tuple[str, ...]:
    """The names in the order in which they are known; all of them where none is given."""
    for name in names:
        if name not in known:
            raise UnusableCall(
                f"unknown {kind} {name!r}{did_you_mean(name, known)}; write {', '.join(known)}"
            )
    return tuple(name for name in known if not names or name in names)


def implementations_of(
    specs: Sequence[str], devices: Sequence[str]
) -> list[tuple[str, Implementation]]:
    """What is to be judged: each implementation once for each device that it runs on."""
    from checks.loading import load

    asked = among("device", devices, DEVICES)
    pairs = []
    for spec in dict.fromkeys(specs or BUILT_IN):
        loaded = load(spec, "cpu")
        possible = DEVICES_OF[BASELINES.get(loaded.library, "ideal")]
        mine = [device for device in possible if device in asked]
        if "cuda" in mine and not cuda_is_available():
            raise UnusableCall("torch sees no CUDA device here; leave --devices cuda out")
        if not mine and specs:
            raise UnusableCall(f"{spec} runs on the cpu only; leave --devices out")
        pairs += [(spec, replace(loaded, device=device)) for device in mine]
    names = [f"{one.name} on {one.device}" for _, one in pairs]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise UnusableCall(
            f"two implementations are called {twice[0]}; write NAME = ... in one of the files"
        )
    return pairs


def cuda_is_available() -> bool:
    """Whether torch sees a CUDA device."""
    # Asked of the driver's library, so that worker processes can still start CUDA themselves.
    os.environ.setdefault("PYTORCH_NVML_BASED_CUDA_CHECK", "1")
    import torch

    return torch.cuda.is_available()


def prepare(report: Path) -> None:
    """See that the report can be written before an hour is spent on it."""
    try:
        report.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UnusableCall(
            f"cannot write to {report} ({error.strerror}); give --report DIR"
        ) from error
    if not os.access(report, os.W_OK):
        raise UnusableCall(f"cannot write to {report} (no permission); give --report DIR")

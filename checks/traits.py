"""What a claim's domains tell about its examples."""

from typing import Any

from checks.formats import Format
from theory.claim import Claim
from theory.domains import Steps


def forms(claim: Claim) -> set[str]:
    """The forms of a claim's variables."""
    return {symbol.form for symbol in claim.variables.values()}


def is_bulk(claim: Claim) -> bool:
    """Whether every array of the claim holds one entry a sample."""
    arrays = forms(claim) - {"number", "depth", "shape", "seed"}
    return arrays <= {"entries", "layers of entries"}


def is_unary(claim: Claim) -> bool:
    """Whether a claim is about one real number: then a format can be swept in order."""
    return sorted(symbol.form for symbol in claim.variables.values()) == ["entries"]


def is_of_one(claim: Claim) -> bool:
    """Whether a claim is about one real number, with parameters or without."""
    kinds = [symbol.form for symbol in claim.variables.values()]
    return kinds.count("entries") == 1 and set(kinds) <= {"entries", "number"}


def the_entries(claim: Claim) -> tuple[str, Any]:
    """The variable of a claim about one number whose every entry is a sample, with its name."""
    (entries,) = (one for one in claim.variables.items() if one[1].form == "entries")
    return entries


def is_enumerable(claim: Claim, fmt: Format) -> bool:
    """Whether every input of the format is tried: one real number, in 16 bits."""
    return fmt.bits == 16 and is_of_one(claim)


def is_layered(claim: Claim) -> bool:
    """Whether each layer has weights of its own; a factor that repeats has none."""
    return any(form.startswith("layers") or form == "map" for form in forms(claim))


def is_stepwise(claim: Claim) -> bool:
    """Whether a claim is about the steps of an optimiser, whose roundings grow step by step."""
    return any(isinstance(symbol, Steps) for symbol in claim.variables.values())


def is_deep(claim: Claim) -> bool:
    """Whether the depth itself is what a claim is about, thousands of layers of it."""
    return "depth" in forms(claim) and not (is_layered(claim) or is_stepwise(claim))

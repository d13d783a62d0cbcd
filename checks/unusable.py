"""What is said of a call, a file or a finding that cannot be used."""

import difflib
from collections.abc import Iterable


class Unusable(ValueError):  # it names what was given, as Misbehaviour does
    """The message is one line: what happened, the likely cause, what to write instead."""


class UnusableCall(Unusable):
    """A command line that cannot be carried out."""


class UnusableFile(Unusable):
    """A user's file that cannot be checked."""


class UnusableFinding(Unusable):
    """A finding that cannot be read or replayed."""


def did_you_mean(name: str, known: Iterable[str], at_least: float = 0.6) -> str:
    """The nearest known name as a question in brackets, or nothing where none is near."""
    close = difflib.get_close_matches(name, list(known), n=1, cutoff=at_least)
    return f" (did you mean {close[0]}?)" if close else ""

"""Wrong implementations, each with the claims that must expose it.

A mutant is the textbook in NumPy, or torch, with one function replaced by a wrong one. Its name
says what is wrong with it, its docstring what it does and, where a released library really did
that, which. `exposed_by` are the claims that must find it, in every one of the `formats`: claim
after claim is tried in one format after the other, and each in all of them every night.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Any

from checks.implementation import Implementation
from checks.implementations.numpy_textbook import NUMPY_TEXTBOOK as NUMPY
from checks.implementations.torch_eager import torch_eager

TORCH = torch_eager()
textbook = SimpleNamespace(**NUMPY.functions)
HALF = ("float16", "bfloat16")
FULL = ("float32", "float64")
ALL = (*HALF, *FULL)


@dataclass(frozen=True)
class Mutant:
    """An implementation whose function `head` is wrong."""

    name: str
    head: str
    implementation: Implementation
    exposed_by: tuple[str, ...]
    formats: tuple[str, ...]

    def is_blamed_by(self, operation: str) -> bool:
        """Whether a finding names the wrong function, and the wrong pass where each has its own."""
        head, backward = self.head.removesuffix("_backward"), self.head.endswith("_backward")
        own_pass = self.implementation.library == "torch" or backward == ("backward" in operation)
        return head in operation.split() and own_pass


MUTANTS: dict[str, Mutant] = {}


def mutant(
    base: Implementation,
    head: str,
    exposed_by: tuple[str, ...],
    formats: tuple[str, ...] = ALL,
    layouts: tuple[str, ...] = (),
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Enter a function as the wrong version of a head, or of its backward pass.

    It is called with contiguous arrays, where it has to be found, and besides in some `layouts`.
    """

    def enter(function: Callable[..., Any]) -> Callable[..., Any]:
        name = function.__name__
        assert name not in MUTANTS
        replaced = replace(base.replace(**{head: function}), layouts=layouts)
        MUTANTS[name] = Mutant(name, head, replaced, exposed_by, formats)
        return function

    return enter


def one_by_one(terms):
    """A sum over the first axis that is rounded to the storage format after every term."""
    total = terms[0]
    for term in terms[1:]:
        total = total + term
    return total

"""Right implementations that are unlike the textbook, none of which may be called a defect.

A variant replaces one function of the textbook in NumPy, or of torch, by one that computes the same
by other means: another order of summation, fused or wider operations, another formula. Its name
says how. A claim about the head must judge it as it judges the textbook, but for the `limits` that
come with the method: claims that it breaks by a rounding and the textbook does not.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import reduce
from typing import Any

import numpy as np
import torch

from checks.implementation import Implementation
from checks.implementations.numpy_textbook import NUMPY_TEXTBOOK
from checks.implementations.torch_eager import torch_eager

NUMPY = NUMPY_TEXTBOOK
VIEWS = ("strided", "cut", "transposed", "single", "frozen")
QUARTER = "sigmoid_slope_at_most_a_quarter"


@dataclass(frozen=True)
class Variant:
    """An implementation whose function `head` is unusual and right."""

    name: str
    head: str
    implementation: Implementation
    formats: tuple[str, ...]
    limits: frozenset[str]


VARIANTS: dict[str, Variant] = {}


def variant(
    base: Implementation,
    head: str,
    formats: tuple[str, ...] = ("float16", "bfloat16", "float32", "float64"),
    limits: tuple[str, ...] = (),
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Enter a function as another way to compute a head, or its backward pass."""

    def enter(function: Callable[..., Any]) -> Callable[..., Any]:
        name = function.__name__
        assert name not in VARIANTS
        # Those of batch norm are written for rows.
        replaced = replace(base.replace(**{head: function}), layouts=VIEWS)
        VARIANTS[name] = Variant(name, head, replaced, formats, frozenset(limits))
        return function

    return enter


def double(x):
    """The array in the widest format that NumPy has for it: float64, and beyond for float64."""
    return x.astype(np.longdouble if x.dtype == np.float64 else np.float64)


def working(x):
    """A tensor in the format that heads work in."""
    return x.to(torch.promote_types(x.dtype, torch.float32))


def widened_batch_norm(x, gamma, beta, eps):
    """torch's own, in the working format."""
    return torch.nn.functional.batch_norm(
        working(x), None, None, working(gamma), working(beta), training=True, eps=eps
    ).to(x.dtype)


# torch's own batch norm rounds to 16 bits on the way, which is a defect and none of a variant's.
TORCH = torch_eager().replace(batch_norm=widened_batch_norm)


def one_by_one(terms):
    """A sum over the first axis from left to right."""
    return reduce(lambda total, term: total + term, terms)


def pairwise(terms):
    """A sum over the first axis as a balanced tree."""
    half = len(terms) // 2
    return terms[0] if half == 0 else pairwise(terms[:half]) + pairwise(terms[half:])

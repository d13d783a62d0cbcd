"""A wrong implementation is found, and the function that is wrong is named."""

from collections.abc import Iterator
from fractions import Fraction

import numpy as np
import pytest

from checks import counterexamples
from checks.example import Example
from checks.formats import FLOAT32, FORMATS
from checks.implementation import Implementation
from checks.implementations.numpy_textbook import NUMPY_TEXTBOOK as NUMPY
from checks.implementations.numpy_textbook.widening import wide
from checks.outcomes import judge
from checks.runner import Profile, check
from checks.verdict import Verdict
from tests.mutants import MUTANTS
from tests.mutants.gradients import CLIPPING
from tests.turns import in_turn
from theory.book import EVALUATED
from theory.heads import HEADS

BOOK = {claim.name: claim for claim in EVALUATED}
FEW = Profile(examples=10, derandomize=True)


def cells() -> Iterator[object]:
    for name, mutant in MUTANTS.items():
        for turn, claim in enumerate(mutant.exposed_by):
            for fmt in in_turn(mutant.formats, turn):
                yield pytest.param(mutant, claim, fmt, id=f"{name}-{claim}-{fmt}")


@pytest.mark.parametrize(("mutant", "claim", "fmt"), list(cells()))
def test_a_mutant_is_exposed_as_a_defect_of_the_function_that_is_wrong(
    mutant, claim, fmt, monkeypatch
):
    # Its input is hardly made smaller; whose defect it is shows all the same.
    monkeypatch.setattr(counterexamples, "BRIEF", 1)
    defect = Verdict.DEFECT
    result = check(BOOK[claim], mutant.implementation, FORMATS[fmt], FEW, expected=defect)
    assert result.verdict is defect
    assert mutant.is_blamed_by(result.smallest.operation), result.smallest.message


def test_every_claim_kills_a_mutant():
    assert {claim for mutant in MUTANTS.values() for claim in mutant.exposed_by} == set(BOOK)


def test_every_head_has_a_mutant():
    assert set(HEADS) <= {mutant.head.removesuffix("_backward") for mutant in MUTANTS.values()}


def masked_by_a_product(grads, max_norm):
    """Clip with a sentinel put in by norm · 0 + (−1) · 1 where the norm is ∞: ∞ · 0 is NaN.

    Reported as deepspeedai/DeepSpeed#7171.
    """
    norm = np.sqrt(sum((wide(grad) ** 2).sum() for grad in grads))
    infinite = norm.dtype.type(np.isinf(norm))
    norm = norm * (1 - infinite) - infinite
    factor = 1 if norm <= max_norm else norm.dtype.type(max_norm) / norm
    return [(wide(grad) * factor).astype(grad.dtype) for grad in grads]


def test_a_norm_whose_square_overflows_excuses_a_zero_and_no_nan():
    (claim,) = (BOOK[name] for name in CLIPPING)
    example = Example({"c": Fraction(1)}, {("g", 0): [np.array([2.0**100], np.float32)]})
    masked: Implementation = NUMPY.replace(clip_by_norm=masked_by_a_product)
    assert judge(claim, NUMPY, FLOAT32, example).gravest is not Verdict.DEFECT
    assert judge(claim, masked, FLOAT32, example).gravest is Verdict.DEFECT

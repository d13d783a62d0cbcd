"""Failing examples made small, and written down.

Hypothesis shrinks the structure and `checks.minimise` the values, both asking the same question:
does this example still fail in the same way? A refuted claim names its own counterexample.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from hypothesis import HealthCheck, Phase, find, settings
from hypothesis.errors import Flaky, NoSuchExample

from checks.evidence import breaks
from checks.example import Example, encode
from checks.formats import Format
from checks.implementation import Implementation
from checks.minimise import minimise
from checks.outcomes import breaks_ideally, judge
from checks.strategies import examples
from checks.tally import Tally
from checks.traits import is_deep, is_unary
from checks.verdict import PRECEDENCE, Counterexample, Verdict
from checks.vocabulary import LAYOUTS
from theory.claim import Claim

# Evaluations spent on the values of an input that is expected to fail.
BRIEF = 12


def counterexamples(
    claim: Claim,
    implementation: Implementation,
    fmt: Format,
    tally: Tally,
    verdict: Verdict,
    *,
    is_news: bool = True,
) -> tuple[Counterexample | None, Counterexample | None]:
    """The simplest failing input of a cell and, for a defect, the one that is furthest out.

    What the ledger expects is made less small: nobody has to look for its cause again.
    """
    if verdict not in tally.first or verdict is Verdict.UNDECIDED:
        return None, None

    def fails(example: Example) -> Any:
        outcomes = judge(claim, implementation, fmt, example)
        return outcomes.codes == PRECEDENCE.index(verdict)

    _, whole, at = tally.first[verdict]
    first = whole.sample(at)
    together = None
    if verdict is Verdict.DEFECT and not fails(first).any():
        together = _together(whole, at, fails)
    if verdict is Verdict.FALSE:  # the claim names its own counterexample
        smallest = first
    elif together is not None:
        smallest = together if is_unary(claim) else minimise(claim, fmt, together, fails, BRIEF)
    elif is_deep(claim):  # there is no structure but the depth, which is halved until it holds
        smallest = minimise(claim, fmt, first, _quick(claim, implementation, fmt, verdict, fails))
    elif is_news:
        smallest = minimise(claim, fmt, _shrunk(claim, fmt, first, fails), fails)
    else:
        smallest = minimise(claim, fmt, first, fails, BRIEF)
    described = describe(claim, implementation, fmt, smallest, verdict)
    if verdict is not Verdict.DEFECT:  # a limit has a first input and no worst one
        return described, None
    worst = tally.worst[verdict][1] if together is None else smallest
    return described, describe(claim, implementation, fmt, worst, verdict)


def _together(example: Example, at: int, fails: Callable[[Example], Any]) -> Example | None:
    """The fewest samples around one of them that fail as one array, where it does not alone."""
    width = 2
    while width < 2 * example.samples:
        low = max(0, min(at - width // 2, example.samples - width))
        part = example.part(low, low + width)
        joined = replace(part, samples=1)
        if fails(joined).any():
            return joined
        width *= 2
    return None


def _quick(
    claim: Claim, implementation: Implementation, fmt: Format, verdict: Verdict, fails: Any
) -> Callable[[Example], Any]:
    """For a format's limit it is enough that both runs break the relation; no enclosures needed."""
    if verdict is not Verdict.FORMAT_LIMIT:
        return fails

    def both_break(example: Example) -> Any:
        broken = breaks(claim, implementation, fmt, example)
        if implementation.library == "ideal":
            return broken
        return broken & breaks_ideally(claim, fmt, example)

    return both_break


def _shrunk(
    claim: Claim, fmt: Format, example: Example, fails: Callable[[Example], Any]
) -> Example:
    """The simplest structure that Hypothesis finds to fail alike, or the example as it is."""
    quiet = settings(
        max_examples=30,
        derandomize=True,
        database=None,
        deadline=None,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )
    drawn = examples(claim, fmt, enumerated=False).map(
        lambda drawn: replace(drawn, layout=example.layout)
    )
    try:
        simple = find(drawn, lambda example: bool(fails(example).any()), settings=quiet)
    except (NoSuchExample, Flaky):  # or what is judged does not do the same twice
        return example
    at = np.flatnonzero(fails(simple))
    return simple.sample(int(at[0])) if at.size else example


def describe(
    claim: Claim,
    implementation: Implementation,
    fmt: Format,
    example: Example,
    verdict: Verdict,
) -> Counterexample:
    """Run one failing example again and write down what it shows."""
    outcomes = judge(claim, implementation, fmt, example)
    evidence = outcomes.evidence
    fault = evidence.first_fault
    left, right = float(evidence.left[0]), float(evidence.right[0])
    if fault and fault.what:
        message = f"{fault.operation} {fault.what}"
    elif fault:
        of = f" for {fault.of}" if fault.of else ""
        given = "" if fault.given is None else f" and the gradient {fault.given!r}"
        message = (
            f"{fault.operation} delivered {fault.got!r}{of}{given}, exact {fault.expected!r}: "
            f"gap {fault.gap:.2g} > bound {fault.bound:.2g}"
        )
    else:
        message = f"left {left!r}, right {right!r}"
    if fault and example.layout:
        message += f", given {LAYOUTS[example.layout]}"
        if fault.what.startswith("raised"):
            message += "; a file whose functions do not take these states its LAYOUTS"
    if fault and "'Tensor' object has no attribute" in fault.what and implementation.path:
        message += '; a file of functions over NumPy arrays states ARRAY_LIBRARY = "numpy"'
    if outcomes.gravest is not verdict:
        message = (
            f"{verdict.name} among other values, and {outcomes.gravest.name} by itself: what is "
            "delivered depends on what stands beside it, or on more than the input"
        )
    if fault and fault.planted is not None and len(example.arrays) == 1 and example.samples == 1:
        ((key, values),) = example.arrays.items()
        if not isinstance(values, list) and values.size == 1:  # what it was is of no matter
            example = example.with_array(key, np.full_like(values, fault.planted))
    return Counterexample(
        inputs=encode(example),
        operation=fault.operation if fault else "",
        left=fault.got if fault else left,
        right=fault.expected if fault else right,
        gap=fault.gap if fault else abs(left - right),
        bound=fault.bound if fault else float(evidence.bound[0]),
        message=message,
    )

"""From a claim's domains to examples: Hypothesis draws structure, `checks.filling` the bulk.

Hypothesis decides what it is good at: depth, widths, rows, parameters, the region of the format
that values come from.
"""

from fractions import Fraction
from typing import Any

import numpy as np
from hypothesis import strategies as st

from checks import parameters
from checks.example import Example
from checks.filling import Structure, fill
from checks.formats import Format
from checks.traits import forms, is_layered, is_stepwise
from theory.calculus import FormatConstant
from theory.claim import Claim

ROWS = (2, 3, 4, 8, 16, 33, 64)
SHAPES = ((1,), (3,), (0,), (2, 3), (17,), (4, 5, 2), (300,))
# What a claim's arrays do not have is not drawn: Hypothesis would try the same example again.
WITHOUT_WIDTH = {"number", "depth", "seed", "entries", "layers of entries", "inputs", "tensors"}
WITH_ROWS = {"batch", "inputs"}
WITH_INNER = {"inputs", "inputs gates", "shape", "layers of matrix", "layers of features"}
REGIONS = ("moderate", "simple", "small", "large", "everywhere")


def examples(claim: Claim, fmt: Format, *, enumerated: bool = True) -> st.SearchStrategy[Example]:
    """Examples of a claim in a format; where possible each holds every value of the format."""
    return structures(claim, fmt).map(
        lambda structure: fill(claim, fmt, structure, enumerated=enumerated)
    )


def structures(claim: Claim, fmt: Format) -> st.SearchStrategy[Structure]:
    """What Hypothesis draws."""
    given = {
        name: numbers(symbol) for name, symbol in claim.variables.items() if symbol.form == "number"
    }
    kinds = forms(claim)
    lists = st.lists(st.sampled_from(SHAPES), min_size=1, max_size=3).map(tuple)
    regions, reach = regions_of(claim, fmt)
    return st.builds(
        Structure,
        numbers=st.fixed_dictionaries(given),
        depth=depths(claim, fmt),
        width=st.just(1) if kinds <= WITHOUT_WIDTH else st.integers(1, 6),
        rows=st.sampled_from(ROWS) if kinds & WITH_ROWS else st.just(1),
        inner=st.tuples(*[st.integers(1, 5)] * 4) if kinds & WITH_INNER else st.just((1,)),
        shapes=lists if "tensors" in kinds else st.just(((1,),)),
        region=st.sampled_from(regions),
        exponent=reach,
        seed=st.integers(0, 2**32 - 1),
    )


def regions_of(claim: Claim, fmt: Format) -> tuple[tuple[str, ...], st.SearchStrategy[int]]:
    """Where values come from: as far out as the claim can bear without drowning in overflow."""
    kinds = forms(claim)
    if kinds & {"row", "batch"}:  # matrices, whose products grow with the width
        return ("moderate", "simple", "small"), st.integers(-3, 0)
    if "tensors" in kinds:
        half = fmt.max_exponent // 2
        return REGIONS[:3], st.one_of(st.integers(-12, 4), st.integers(-half, half))
    several = sum(symbol.form == "entries" for symbol in claim.variables.values()) > 1
    if claim.formula.atoms(FormatConstant):  # it is about the ends of the range
        return REGIONS, st.integers(-3, 3)
    if "depth" in kinds or several:  # layers of one neuron, whose products leave the range
        return ("moderate", "simple", "small"), st.integers(-3, 3)
    return REGIONS, st.integers(-3, 3)


def depths(claim: Claim, fmt: Format) -> st.SearchStrategy[int]:
    """Depths to try: ten layers with weights of their own, five steps, any number of factors."""
    if "depth" not in forms(claim):
        return st.just(1)
    if forms(claim) & {"row", "batch"} or is_stepwise(claim):
        return st.integers(1, 5)
    if is_layered(claim):
        return st.integers(1, 10)
    # Every magnitude of depth is as likely as any other, shallow ones first.
    top = deepest(fmt)
    return st.one_of(
        [st.just(top)]
        + [st.integers(1, top >> halvings) for halvings in range(12) if top >> halvings]
    )


def deepest(fmt: Format) -> int:
    """Deep enough for the simplest factors, 3/2 and 4/5, to leave the format at either end."""
    return int((fmt.max_exponent + fmt.precision) / np.log2(1.25)) + 16


def numbers(domain: Any) -> st.SearchStrategy[Fraction]:
    """Numbers of a domain, simple ones first."""
    simple = parameters.simple(domain) + parameters.ends(domain)
    return st.one_of(st.sampled_from(simple), st.sampled_from(parameters.short(domain)))

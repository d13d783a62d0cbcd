"""From evidence to outcomes: what each sample of an example says of the cell."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from checks.evidence import Evidence, Flags, breaks, gather
from checks.example import Example
from checks.formats import Format
from checks.implementation import Implementation
from checks.implementations.ideal import IDEAL
from checks.infinities import at_infinity
from checks.layouts import laid_out
from checks.lowering import lower
from checks.nan import planted
from checks.pinned import is_witness
from checks.verdict import PRECEDENCE, Verdict
from theory.claim import Claim

_CODE = {verdict: code for code, verdict in enumerate(PRECEDENCE)}


@dataclass(frozen=True)
class Outcomes:
    """The evidence of one example, and the verdict of each of its samples."""

    evidence: Evidence
    codes: NDArray[np.int8]

    def of(self, verdict: Verdict) -> Any:
        """The indices of the samples with this verdict."""
        return np.flatnonzero(self.codes == _CODE[verdict])

    @property
    def gravest(self) -> Verdict:
        """The verdict that outvotes all others."""
        return PRECEDENCE[int(self.codes.min())]


def breaks_ideally(claim: Claim, fmt: Format, example: Example) -> Flags:
    """On which samples the format itself breaks the relation, whoever else does."""
    return lower(claim, example.numbers).known.of(
        ("breaks", fmt.name, example.bits), lambda: breaks(claim, IDEAL, fmt, example)
    )


def judge(claim: Claim, implementation: Implementation, fmt: Format, example: Example) -> Outcomes:
    """Run one example and say what each of its samples shows."""
    implementation = laid_out(implementation, example.layout)
    gathered = planted if claim.is_of_nan else at_infinity if claim.is_of_infinities else gather
    evidence = gathered(claim, implementation, fmt, example)
    codes = np.full(evidence.samples, _CODE[Verdict.HOLDS], dtype=np.int8)
    codes[~evidence.decided] = _CODE[Verdict.UNDECIDED]
    broken = evidence.broken & ~evidence.false & ~evidence.outside
    if broken.any():
        ideal = broken
        if implementation.library != "ideal":
            ideal = breaks_ideally(claim, fmt, example)
        codes[broken & ideal] = _CODE[Verdict.FORMAT_LIMIT]
        codes[broken & ~ideal] = _CODE[Verdict.METHOD_LIMIT]
    # A false claim is reproduced where the run shows it too; elsewhere its rounding hides it. No
    # enclosure says for certain that two sides are equal; at the claim's own counterexample the
    # proof does.
    false = evidence.false | (evidence.broken & is_witness(claim, fmt, example))
    codes[false & evidence.broken] = _CODE[Verdict.FALSE]
    codes[evidence.outside] = _CODE[Verdict.DEFECT]
    return Outcomes(evidence, codes)

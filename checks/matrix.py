"""Which cells the matrix has: importing this is free."""

from checks.vocabulary import MEASURED_ON
from theory.claim import Claim


def has_cell(claim: Claim, implementation: str, fmt: str, device: str) -> bool:
    """Whether a claim is judged there: one about runs of networks has a single cell.

    How long `ideal` takes says nothing of anything, and its exact numbers are no NaN and finite.
    """
    if claim.is_timed or claim.is_of_nan or claim.is_of_infinities:
        return implementation != "ideal"
    return not claim.is_measured or (implementation, fmt, device) == MEASURED_ON

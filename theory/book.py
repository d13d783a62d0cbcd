"""The book: every claim of every chapter, in the order of the chapters."""

from theory.chapters import (  # noqa: F401  # importing a chapter enters its claims
    activations,
    chain,
    clipping,
    descent,
    experiments,
    formats,
    initialization,
    normalization,
    recurrent,
    regularization,
    residual,
    symptoms,
)
from theory.claim import REGISTRY, Claim, check_links

CLAIMS: tuple[Claim, ...] = tuple(REGISTRY.values())
check_links(CLAIMS)
# What is evaluated input by input, what is measured run by run, and what is timed.
EVALUATED = tuple(claim for claim in CLAIMS if not (claim.is_measured or claim.is_timed))
MEASURED = tuple(claim for claim in CLAIMS if claim.is_measured)
TIMED = tuple(claim for claim in CLAIMS if claim.is_timed)

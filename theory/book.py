"""The book: every claim of every chapter, in the order of the chapters."""

from theory.chapters import (  # noqa: F401  # importing a chapter enters its claims
    activations,
    chain,
    clipping,
    formats,
    initialization,
    normalization,
    residual,
)
from theory.claim import REGISTRY, Claim, check_links

CLAIMS: tuple[Claim, ...] = tuple(REGISTRY.values())
check_links(CLAIMS)

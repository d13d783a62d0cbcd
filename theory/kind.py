"""Of which kind a claim is: what it takes to be sure of it.

A head whose presence alone decides the kind says so: `mark = Kind.F` on `Computed`, `Kind.S` on
`Expectation`. Of several the last in the order below wins; a refuted claim is of kind R whatever it
is about.
"""

from enum import Enum

from sympy import Basic, preorder_traversal


class Kind(Enum):
    """The kinds of claims, by the letter that lists print; the value says what to rely on."""

    T = "theorem: true over the reals, and proved where a method reaches it"
    R = "refuted: what a document says, and a counterexample to it"
    F = "law of floating-point formats: where rounding and range bend a theorem"
    S = "statistical: true of most random draws, with an exact interval"
    E = "experiment: true of most training runs, with an exact interval"
    C = "cost: a ratio of times, measured on the machine at hand"


def kind_of(formula: Basic, *, refuted: bool) -> Kind:
    """The kind of a claim with this formula."""
    if refuted:
        return Kind.R
    order = list(Kind)
    marks = (getattr(type(part), "mark", Kind.T) for part in preorder_traversal(formula))
    return max(marks, key=order.index)

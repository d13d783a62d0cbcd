"""Whether a node that a derivative is taken by keeps its identity in what is differentiated."""

from typing import Any

from sympy import Add, Indexed, Mul, Pow

from theory.domains import Domain
from theory.proving.errors import OutOfReachError


class Watch:
    """What is met on the way to a derivative by a node, to see that the node keeps its identity."""

    def __init__(self, node: Any) -> None:
        self.node = node
        self.used = False
        self.seen: set[Any] = set()

    @property
    def is_inner_node(self) -> bool:
        """Whether there is a network below the node."""
        return not isinstance(self.node, Domain | Indexed)

    def refuse_hidden(self) -> None:
        """Refuse a derivative by a sum or product that arithmetic merged into a larger one.

        SymPy flattens 2·(a·W) to a product of three, in which the node a·W is gone.
        """
        if not isinstance(self.node, Add | Mul | Pow):
            return
        parts = _parts(self.node, isinstance(self.node, Add))
        for other in self.seen - {self.node}:
            if isinstance(other, Add | Mul | Pow) and parts <= _parts(other, self.node.is_Add):
                raise OutOfReachError(
                    f"the derivative is by {self.node}, which is merged into {other}"
                )
        if not self.used:
            raise OutOfReachError(f"the derivative is by {self.node}, which does not occur as such")


def _parts(node: Any, terms: bool) -> set[Any]:
    """The terms of a sum without their coefficients, or the bases of a product."""
    if terms:
        return {term.as_coeff_Mul()[1] for term in Add.make_args(node)}
    return set(node.as_powers_dict())

"""The norm of a gradient by the largest singular value of the Jacobian that it came through.

Theory of operation. ‖gJ‖ is at most ‖g‖·σ_max(J), and σ_max(W) at most the Euclidean norm ‖W‖ of
all entries. So a bound by norms follows from one by singular values: theory.proving.singular.
"""

from typing import Any

from sympy import Le, Mul, Product

from theory.calculus import Gradient, Iterated, Jacobian, LargestSingularValue, Norm, Total
from theory.domains import Domain
from theory.proving.depth import the_network
from theory.proving.errors import OutOfReachError
from theory.proving.relations import upper_bound
from theory.proving.singular import by_singular_values


def by_norms(formula: Any, n: Any) -> str:
    """Prove ‖∂Σ(g·h(n))/∂h(0)‖ <= ‖g‖·R(n) for every n >= 1. Raises OutOfReachError."""
    length, bound = upper_bound(formula)
    if not (isinstance(length, Norm) and isinstance(length.args[0], Gradient)):
        raise OutOfReachError("what is bounded is not the norm of a gradient")
    loss, start = length.args[0].args
    network = the_network(formula, n)
    top = Iterated(*network.args[:4], n)
    upstream = [g for g in formula.free_symbols if loss == Total(g * top)]
    if len(upstream) != 1 or not isinstance(upstream[0], Domain) or top.has(upstream[0]):
        raise OutOfReachError("the loss is not the network's top, weighed by an upstream gradient")
    factors = list(Mul.make_args(bound))
    if Norm(upstream[0]) not in factors:
        raise OutOfReachError("the bound does not grow with the norm of the upstream gradient")
    factors.remove(Norm(upstream[0]))
    largest = Mul(*map(_by_singular_values, factors))
    how = by_singular_values(Le(LargestSingularValue(Jacobian(top, start)), largest), n)
    return f"{how}; a norm is at most that of the gradient above times the singular value"


def _by_singular_values(factor: Any) -> Any:
    """A factor with the largest singular value of a weight in the place of its norm: no larger."""
    if not factor.has(Norm):
        return factor
    if not isinstance(factor, Product) or not isinstance(factor.function, Norm):
        raise OutOfReachError("the norms of the weights are no product over the layers")
    return factor.func(LargestSingularValue(*factor.function.args), *factor.limits)

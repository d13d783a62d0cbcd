"""The readings of a program that are made of balls: exact, propagated and anchored.

    exact       no rounding at all: what the claim says of these inputs
    propagated  every operation rounds, and the errors pass from one to the next
    anchored    every operation is enclosed on the numbers that the run stored

Anchoring keeps the forward pass's rounding out of the bound, so it is tried first; where the two
sides of an equation were computed from different stored numbers, as for a batch and its shifted
copy, only the propagated balls have a common exact value to contain.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np

from checks.contract import Contract
from checks.enclosures import Arithmetic, Ball
from checks.lists import mapped
from checks.operations import is_drawn
from checks.program import Derivative, Node, Program
from checks.rules import RULES, Exact
from checks.tracing import Arrays, Trace, accumulate, seeds


@dataclass(frozen=True)
class Reading:
    """Balls for every value of the network and every derivative that the statement needs."""

    values: Mapping[int, Any]
    derivatives: Mapping[Node, Ball]


def points(arithmetic: Arithmetic, values: Any) -> Any:
    """Stored arrays as balls of radius zero."""
    return mapped(arithmetic.point, values)


def drawn(rules: Any, node: Node, stored: Any) -> Any:
    """What was drawn; where not everything can be, the nearest that can, or its enclosure."""
    if node.operation not in RULES:
        return stored
    return rules.forward(node.operation, *node.arguments, stored)


def exact(
    program: Program,
    arithmetic: Arithmetic,
    arrays: Arrays,
    trace: Trace,
    known: Mapping[int, Ball] = MappingProxyType({}),
) -> Reading:
    """The exact reading; what the run drew at random is taken from its trace, or is `known`."""
    return _read(program, Exact(arithmetic), arrays, trace, anchored=False, known=known)


def propagated(
    program: Program,
    contract: Contract,
    arrays: Arrays,
    trace: Trace,
    known: Mapping[int, Ball] = MappingProxyType({}),
) -> Reading:
    """Enclosures with every rounding passed on, from nodes on whose balls are `known`."""
    return _read(program, contract, arrays, trace, anchored=False, known=known)


def anchored(program: Program, contract: Contract, arrays: Arrays, trace: Trace) -> Reading:
    """Enclosures on the forward values that the run stored."""
    return _read(program, contract, arrays, trace, anchored=True)


def observed(program: Program, arithmetic: Arithmetic, trace: Trace) -> Reading:
    """What the run delivered, as it is."""
    needed = {a for node in program.statement if node.operation == "observe" for a in node.parents}
    return Reading(
        {index: points(arithmetic, trace.values[index]) for index in needed},
        {node: points(arithmetic, value) for node, value in trace.derivatives.items()},
    )


def _read(
    program: Program,
    rules: Any,
    arrays: Arrays,
    trace: Trace,
    *,
    anchored: bool,
    known: Mapping[int, Ball] = MappingProxyType({}),
) -> Reading:
    ar = rules.arithmetic
    outputs: dict[int, Any] = {}
    inputs: dict[int, Any] = {}  # what consumers read: the stored value, or the ball itself
    for index, node in enumerate(program.network):
        if index in known:
            outputs[index] = known[index]
        elif node.operation == "input":
            assert node.key is not None
            outputs[index] = points(ar, arrays[node.key])
        elif is_drawn(node.operation):
            outputs[index] = drawn(rules, node, points(ar, trace.values[index]))
        else:
            operands = [inputs[a] if isinstance(a, int) else a for a in node.arguments]
            outputs[index] = rules.forward(node.operation, *operands)
        inputs[index] = points(ar, trace.values[index]) if anchored else outputs[index]

    def pullback(path: Sequence[int], seed: Any) -> Mapping[int, Ball]:
        def contributions(index: int, grad: Ball) -> Sequence[Any]:
            node = program.network[index]
            operands = [inputs[a] if isinstance(a, int) else a for a in node.arguments]
            return rules.backward(node.operation, *operands, inputs[index], grad)

        return accumulate(program, path, ar.point(seed), contributions, rules.added)

    derivatives = {}
    passes: dict[tuple[int, bool], list[Mapping[int, Ball]]] = {}
    for node in program.derivatives:
        y, x = node.parents
        units = seeds(node.derivative, np.zeros(outputs[y].shape))
        if x in program.ancestors(y):
            key = y, node.derivative is Derivative.JACOBIAN
            if key not in passes:
                passes[key] = [pullback(program.paths[key], seed) for seed in units]
            rows = [gradients[x] for gradients in passes[key]]
        else:
            rows = [mapped(lambda part: ar.point(np.zeros(part.shape)), outputs[x])] * len(units)
        derivatives[node] = (
            Ball(
                np.concatenate([row.mid for row in rows]), np.concatenate([row.rad for row in rows])
            )
            if node.derivative is Derivative.JACOBIAN
            else rows[0]
        )
    return Reading(outputs, derivatives)

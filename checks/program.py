"""A claim at one concrete size: a graph of operations, two sides and a relation.

Two lists of nodes, each in an order in which it can be computed. The *network* is what an
implementation runs and differentiates. The *statement* is what is said about it; its leaves are
numbers, inputs, observed values of the network, and derivatives of one network node by another.
An argument is an int where it refers to an earlier node of the same list, and a Fraction where it
is a number; a tuple is a shape, and a ClosedForm a number that is no fraction.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from enum import Enum
from fractions import Fraction
from functools import cached_property
from typing import Any

from checks.operations import function_of, head_of, is_differentiable, state_of
from checks.recent import Recent

Key = tuple[str, int]  # a variable and its layer, which is 0 where it has none


@dataclass(frozen=True)
class ClosedForm:
    """A real number that a SymPy expression writes with pi, e or erf."""

    expression: Any


Argument = int | Fraction | tuple[int, ...] | ClosedForm


class Relation(Enum):
    """How the two sides compare."""

    EQUAL = "="
    AT_MOST = "≤"
    BELOW = "<"
    IFF = "⇔"
    IDENTICAL = "≡"
    PASSES_NAN = "NaN ⇒ NaN"
    SPREADS_NAN = "a NaN ⇒ all NaN"
    LIMITS = "→"


class Derivative(Enum):
    """What is differentiated: entry by entry, a scalar, or a row."""

    SLOPE = "slope"
    GRADIENT = "gradient"
    JACOBIAN = "jacobian"


@dataclass(frozen=True)
class Node:
    """One operation. Inputs carry their `key`, derivatives their `derivative`."""

    operation: str
    arguments: tuple[Argument, ...] = ()
    key: Key | None = None
    derivative: Derivative | None = None

    @property
    def parents(self) -> tuple[int, ...]:
        """The nodes that this one reads, each as often as it reads it."""
        return tuple(argument for argument in self.arguments if isinstance(argument, int))


@dataclass(frozen=True)
class Program:
    """A lowered claim; `left` and `right` are statement nodes, `limits` what left tends to."""

    network: tuple[Node, ...]
    statement: tuple[Node, ...]
    left: int
    right: int
    relation: Relation
    limits: tuple[float, float] | None = None
    _ancestors: dict[int, tuple[int, ...]] = field(default_factory=dict, compare=False)
    _calls: dict[Any, tuple[int, ...]] = field(default_factory=dict, compare=False, repr=False)
    # What does not depend on the implementation, by example and format.
    known: Recent[Any] = field(default_factory=lambda: Recent(64), compare=False, repr=False)

    @cached_property
    def derivatives(self) -> tuple[Node, ...]:
        """The derivatives that the statement needs."""
        return tuple(node for node in self.statement if node.derivative)

    @property
    def stored_sides(self) -> tuple[Node, ...]:
        """What both sides read, where each is a stored array as it is; nothing where one is not."""
        sides = [self.statement[side].parents for side in (self.left, self.right)]
        nodes = [self.statement[index] for parents in sides for index in parents]
        stored = [node for node in nodes if node.derivative or node.operation == "observe"]
        stored = [node for node in stored if node.parents]  # a number may be observed, too
        return tuple(stored) if len(stored) == 2 else ()

    @property
    def value_and_source(self) -> tuple[Node, Key] | None:
        """The value or slope on the left and the input on the right, where that is all."""
        sides = (self.statement[side].parents for side in (self.left, self.right))
        nodes = [self.statement[index] for parents in sides for index in parents]
        if [node.operation for node in nodes] not in (
            ["observe", "input"],
            ["derivative", "input"],
        ):
            return None
        (value, source) = nodes
        return (value, source.key) if value.parents and source.key else None

    def answerable(self, node: Node) -> str:
        """The function that delivers a value, or those whose backward passes deliver a slope."""
        value = node.parents[0]
        if not node.derivative:
            return function_of(self.network[value].operation)
        passed = (self.network[index].operation for index in self.ancestors(value))
        heads = dict.fromkeys(function_of(operation) for operation in passed if head_of(operation))
        return f"the backward pass of {' '.join(heads)}"

    @cached_property
    def operations(self) -> frozenset[str]:
        """The operations of the network."""
        return frozenset(node.operation for node in self.network)

    def ancestors(self, target: int) -> tuple[int, ...]:
        """The nodes that a gradient reaches on its way back from target, it included, in order."""
        if target not in self._ancestors:
            self._ancestors[target] = tuple(self._below(target))
        return self._ancestors[target]

    @cached_property
    def paths(self) -> dict[tuple[int, bool], tuple[int, ...]]:
        """The ways of the backward passes from each node, by rows or not: one answers for all x."""
        sources: dict[tuple[int, bool], set[int]] = {}
        for node in self.derivatives:
            y, x = node.parents
            sources.setdefault((y, node.derivative is Derivative.JACOBIAN), set()).add(x)
        return {(y, by_rows): self.path(y, xs) for (y, by_rows), xs in sources.items()}

    @cached_property
    def probes(self) -> dict[int, tuple[int, ...]]:
        """The ways of one more backward pass from each node.

        From the ends of the network it goes all the way, so that its functions are looked at even
        where the claim does not differentiate through them.
        """
        ways = {y: path for (y, by_rows), path in self.paths.items() if path and not by_rows}
        inner = {node for y in ways for node in self.ancestors(y) if node != y}
        return {y: path if y in inner else self.ancestors(y) for y, path in ways.items()}

    def outputs(self, index: int) -> tuple[int, ...]:
        """The nodes that are outputs of the same call as this one, it included, in order."""
        node = self.network[index]
        call = function_of(node.operation), node.arguments
        if call not in self._calls:
            self._calls[call] = tuple(
                other
                for other, one in enumerate(self.network)
                if (function_of(one.operation), one.arguments) == call
            )
        return self._calls[call]

    def path(self, y: int, sources: Collection[int]) -> tuple[int, ...]:
        """The nodes through which a gradient passes on its way from y to any of the sources.

        And the inputs beside the way that get all of their gradient on it, such as its weights.
        """
        reached = self.ancestors(y)
        on: set[int] = set()
        for index in reached:
            parents = self._differentiated_parents(index)
            if index in sources or any(parent in on for parent in parents):
                on.add(index)

        def given_by(nodes: set[int]) -> set[int]:
            return {parent for node in nodes for parent in self._differentiated_parents(node)}

        beside = given_by(on) - given_by(set(reached) - on)
        return tuple(sorted(on | {i for i in beside if self.network[i].operation == "input"}))

    def _below(self, target: int) -> Iterator[int]:
        reached = {target}
        for index in range(target, -1, -1):
            if index in reached:
                reached.update(self._differentiated_parents(index))
        return iter(sorted(reached))

    def _differentiated_parents(self, index: int) -> Iterator[int]:
        """The parents of a node that get a gradient from it."""
        node = self.network[index]
        if not is_differentiable(node.operation):
            return
        state = state_of(node.operation)
        for place, parent in enumerate(node.arguments):
            if not isinstance(parent, int) or place in state:
                continue
            if is_differentiable(self.network[parent].operation):
                yield parent

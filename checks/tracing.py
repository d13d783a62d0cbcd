"""Running a program on an implementation, and keeping everything that it stored.

The trace is what enclosures are anchored to: the output of every operation as it was stored, and
for every derivative the gradient that arrived at every node on the way. Both passes can then be
judged one operation at a time, on the numbers that the operation was really given.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from checks import modes
from checks.deadline import OutOfTime
from checks.formats import Format
from checks.implementation import Implementation, Misbehaviour
from checks.lists import entered, mapped
from checks.oneline import one_line
from checks.operations import as_called, function_of, head_of, output_number, outputs_of
from checks.program import Derivative, Key, Node, Program

Array = Any  # of the implementation's library
Stored = NDArray[Any]
Arrays = Mapping[Key, Any]  # NumPy arrays, or lists of them, in the format under test


# Nodes of a network up to which one more backward pass costs little; the longer ones are chains of
# what the shorter ones are made of.
PROBED = 64

# The gradients of such a pass: of all bits, and one above 1. Five, as 2 and 5 have no factor in
# common: every bit of a number has a say in which is its own.
PROBES = np.array([1 / 3, -3, 0.7, -1 / 7, 0.9])


@dataclass(frozen=True)
class Pullback:
    """One backward pass: from a seed at node y to the nodes that it passes through."""

    y: int
    seed: Stored
    gradients: Mapping[int, Stored]


@dataclass
class Trace:
    """What a run stored: `values` by network node, `derivatives` by statement node."""

    values: dict[int, Any] = field(default_factory=dict)
    derivatives: dict[Node, Stored] = field(default_factory=dict)
    pullbacks: list[Pullback] = field(default_factory=list)
    strayed: frozenset[int] = frozenset()  # residuals whose branch has a graph of its own

    def observed(self, node: Node) -> Any:
        """What a statement node reads of the run: a derivative, or a value."""
        return self.derivatives[node] if node.derivative else self.values[node.parents[0]]


class Machine:
    """How one array library computes: subclasses exist for NumPy, torch and the ideal control."""

    def __init__(self, implementation: Implementation, fmt: Format) -> None:
        self.implementation = implementation
        self.format = fmt
        self.inputs: dict[int, Any] = {}  # what was loaded, by node, for fresh evaluations
        self.strayed: set[int] = set()  # residuals that called their branch on something new

    def load(self, values: Any, *, differentiated: bool = True) -> Array:
        """NumPy array to the library's; a list's parts are leaves where they are differentiated."""
        raise NotImplementedError

    def save(self, array: Array) -> Any:
        """The library's array to NumPy."""
        raise NotImplementedError

    def forward(self, program: Program, index: int, arguments: Sequence[Any]) -> Array:
        """One operation."""
        raise NotImplementedError

    def halved(self, values: Any) -> Any:
        """Half of an array, by the library's own multiplication."""
        return self.save(self.load(values) * 0.5)

    def flushes(self, working: Format) -> bool:
        """Whether the device puts subnormals of the working format to zero, found by trying."""
        smallest = np.array([working.smallest_normal], dtype=working.dtype)
        return bool(np.asarray(self.halved(smallest))[0] == 0)

    def pull(
        self, program: Program, values: Mapping[int, Array], path: Sequence[int], seed: Stored
    ) -> dict[int, Stored]:
        """The gradients that arrive at the nodes of a path, at the end of which is the seed."""
        raise NotImplementedError

    def copy(self, array: Array) -> Array:
        """The same numbers in an array of their own, on the same graph."""
        raise NotImplementedError

    def called(self, operation: str, function: Callable[..., Any], *arguments: Any) -> Any:
        """A call of an implementation's function, which has to leave its arguments as they are."""
        arrays = [part for part in arguments if isinstance(part, list) or hasattr(part, "dtype")]
        before = [self.save(array) for array in arrays]
        result = called(operation, function, *arguments)
        for array, held in zip(arrays, before, strict=True):
            if _bits(self.save(array)) != _bits(held):
                raise Misbehaviour(operation, "changed an array that it was given")
        return result

    def branch(self, program: Program, index: int, x: Array, value: Array) -> Callable[..., Array]:
        """A residual's branch as a function: the recorded value at x, else a fresh evaluation."""
        start, end = program.network[index].parents

        def evaluate(argument: Array) -> Array:
            if argument is x:
                return self.copy(value)  # to the caller it is new, and may be added to in place
            self.strayed.add(index)
            return self._evaluate(program, start, end, argument)

        return evaluate

    def _evaluate(self, program: Program, start: int, end: int, argument: Array) -> Array:
        """The part of the network between two nodes, at another argument."""
        values = {start: argument}

        def value(index: int) -> Array:
            if index not in values:
                node = program.network[index]
                if node.operation == "input":
                    values[index] = self.load(self.inputs[index])
                else:
                    arguments = [value(a) if isinstance(a, int) else a for a in node.arguments]
                    values[index] = self.forward(program, index, arguments)
            return values[index]

        return value(end)


def run(program: Program, machine: Machine, arrays: Arrays) -> Trace:
    """Compute the network and all its derivatives. Raises Misbehaviour."""
    trace = Trace()
    values: dict[int, Array] = {}
    passes: dict[tuple[int, bool], list[Pullback]] = {}
    differentiated = {
        index for node in program.derivatives for index in program.ancestors(node.parents[0])
    }
    for index, node in enumerate(program.network):
        if node.operation == "input":
            assert node.key is not None
            machine.inputs[index] = arrays[node.key]
            values[index] = machine.load(arrays[node.key], differentiated=index in differentiated)
        else:
            arguments = [values[a] if isinstance(a, int) else a for a in node.arguments]
            values[index] = machine.forward(program, index, arguments)
        trace.values[index] = called(node.operation, machine.save, values[index])
    for node in program.derivatives:
        y, x = node.parents
        by_rows = node.derivative is Derivative.JACOBIAN
        if x not in program.ancestors(y):
            nothing = mapped(np.zeros_like, trace.values[x])
            rows = [nothing] * len(seeds(node.derivative, trace.values[y]))
        else:
            if (y, by_rows) not in passes:
                path = program.paths[y, by_rows]
                passes[y, by_rows] = [
                    Pullback(y, seed, _pulled(program, machine, values, path, seed))
                    for seed in seeds(node.derivative, trace.values[y])
                ]
            rows = [pullback.gradients[x] for pullback in passes[y, by_rows]]
        trace.derivatives[node] = np.concatenate(rows) if by_rows else rows[0]
    trace.pullbacks = [pullback for pullbacks in passes.values() for pullback in pullbacks]
    # A backward pass that forgets the gradient it is given is right where that is 1.
    if machine.implementation.library != "ideal" and len(program.network) <= PROBED:
        for y, path in program.probes.items():
            probe = _probe(trace.values[y])
            gradients = _pulled(program, machine, values, path, probe)
            trace.pullbacks.append(Pullback(y, probe, gradients))
    trace.strayed = frozenset(machine.strayed)
    for index, value in values.items():
        if _bits(machine.save(value)) != _bits(trace.values[index]):
            operation = program.network[index].operation
            raise Misbehaviour(operation, "changed what it had delivered before")
    return trace


def _probe(y: Stored) -> Stored:
    """Gradients to send back and judge: other than 1, and not alike.

    Entries that are samples have to show the same each by itself, so that their own bits choose
    theirs.
    """
    places = y.view(f"u{y.itemsize}") if y.ndim < 2 else np.arange(y.size).reshape(y.shape)
    return np.asarray(PROBES[places % len(PROBES)], y.dtype)


def _pulled(
    program: Program, machine: Machine, values: Any, path: Sequence[int], seed: Stored
) -> Mapping[int, Stored]:
    if len(path) == 1:
        return {path[-1]: seed}
    return machine.pull(program, values, path, seed)


def seeds(derivative: Derivative | None, y: Stored) -> list[Stored]:
    """The gradients to send back from y: ones, or one unit row for each entry of a row."""
    if derivative is not Derivative.JACOBIAN:
        return [np.ones_like(y)]
    if y.ndim != 2 or y.shape[0] != 1:
        raise ValueError(
            f"the Jacobian of an array of shape {y.shape}: it takes rows, shape (1, d)"
        )
    return [row[np.newaxis].astype(y.dtype) for row in np.eye(y.shape[1])]


def accumulate(
    program: Program,
    path: Sequence[int],
    seed: Any,
    contributions: Callable[[int, Any], Sequence[Any]],
    add: Callable[[Any, Any], Any],
) -> dict[int, Any]:
    """The reverse pass over a path of a program, whatever the gradients are made of."""
    reached = set(path)
    gradients: dict[int, Any] = {path[-1]: seed}
    for index in reversed(path):
        if not program.network[index].parents:
            continue
        parts = contributions(index, gradients[index])
        for parent, part in zip(program.network[index].arguments, parts, strict=False):
            if isinstance(parent, int) and parent in reached and part is not None:
                known = gradients.get(parent)
                gradients[parent] = part if known is None else mapped(add, known, part)
    return gradients


def checked(operation: str, result: Any, like: Any, expected: tuple[int, ...] | None) -> Any:
    """The result, if it has the type, dtype and shape that the contract of the head asks for."""
    if isinstance(result, np.generic):  # NumPy hands these out for arrays without dimensions
        result = np.asarray(result)
    if type(result) is not type(like):
        raise Misbehaviour(
            operation, f"returned {type(result).__name__}, expected {type(like).__name__}"
        )
    if result.dtype != like.dtype:
        raise Misbehaviour(operation, f"returned dtype {result.dtype}, expected {like.dtype}")
    if expected is not None and tuple(result.shape) != expected:
        raise Misbehaviour(operation, f"returned shape {tuple(result.shape)}, expected {expected}")
    return result


def called(operation: str, function: Callable[..., Any], *arguments: Any) -> Any:
    """A call into an implementation, with whatever it raises named after it."""
    try:
        with modes.put_back():
            return function(*arguments)
    except (Misbehaviour, KeyboardInterrupt, OutOfTime):
        raise
    except BaseException as error:
        raise Misbehaviour(operation, f"raised {one_line(error)}") from error


def _bits(saved: Any) -> Any:
    return [part.tobytes() for part in entered(saved)]


def delivered(operation: str, result: Any, arguments: Sequence[Any]) -> Any:
    """What a head's function returned, the one output that is meant, if it is as the head says."""
    head, names = head_of(operation), outputs_of(operation)
    function = function_of(operation)
    assert head is not None
    # The argument that the result is like.
    model = head.parameters.index(head.shaped_like) if head.shaped_like else 0
    if names:
        if not isinstance(result, list | tuple) or len(result) != len(names):
            raise Misbehaviour(function, f"returned no tuple of {' and '.join(names)}")
        place = output_number(operation)
        result = result[place]
        model = head.parameters.index(head.outputs[names[place]])
    like = arguments[model]
    if function == "linear":
        return checked(function, result, like, (like.shape[0], arguments[1].shape[0]))
    if head.scalar:
        return checked(function, result, entered(like)[0], ())
    return unlisted(matching(function, result, as_called(operation, arguments)[model]), like)


def matching(function: str, result: Any, like: Any) -> Any:
    """The result, if it is like an argument: an array of its shape, or a list of such arrays."""
    if not isinstance(like, list):
        return checked(function, result, like, tuple(like.shape))
    if not isinstance(result, list | tuple) or len(result) != len(like):
        raise Misbehaviour(function, f"returned no list of {len(like)} arrays")
    return [matching(function, one, of) for one, of in zip(result, like, strict=True)]


def unlisted(result: Any, like: Any) -> Any:
    """What a function made of a list, as a formula has it: one array where it gave one."""
    return result[0] if isinstance(result, list) and not isinstance(like, list) else result


def number(argument: Any) -> Any:
    """A number as implementations receive it: a whole one as an int, any other as a float.

    No caller writes 2**90 for a limit: what int64 does not hold is a float, too.
    """
    if isinstance(argument, Fraction):
        whole = argument.denominator == 1 and abs(argument) < 2**63
        return int(argument) if whole else float(argument)
    return argument

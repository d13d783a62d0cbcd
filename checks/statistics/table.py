"""Which law governs which mean.

second moment of independent normals                        chi-square
second moment of a linear layer of such, without bias       chi-square
second moment of that layer's gradient by its input         chi-square
second moment of the ReLU of that layer                     chi-square × binomial
second moment of independent weights between two bounds     Hoeffding
mean of a Lipschitz function of a standard normal           Gaussian concentration
mean of the trace of an orthogonal weight                   Hoeffding, for fair signs
"""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from math import sqrt
from typing import Any

from checks.lowering import LoweringError
from checks.operations import head_of, is_drawn
from checks.program import Derivative, Node, Program
from checks.rules.initializers import entry
from checks.statistics.laws import EFFECT, Bounded, Law, RectifiedSquares, Squares, SubGaussian
from theory.calculus import Expectation
from theory.claim import Claim
from theory.distributions import Normal

# The shift that a mean of a function of one number has to show, as a share of its Lipschitz
# constant; such numbers cost next to nothing.
SHIFT = 0.01
# The same of a mean that takes a whole weight for each draw.
WEIGHT_SHIFT = 0.5

_LIPSCHITZ: dict[str, Callable[..., float]] = {
    "sigmoid": lambda: 0.25,
    "tanh": lambda: 1.0,
    "relu": lambda: 1.0,
    "leaky_relu": lambda slope: max(1.0, abs(slope)),
    "elu": lambda alpha: max(1.0, abs(alpha)),
}


@dataclass(frozen=True)
class Mean:
    """An expectation of a program: its node, the node of what is averaged, and its law.

    `entries` is the node whose entries are the independent draws, or None where a run is one draw.
    """

    node: int
    entries: int | None
    law: Law


def means(claim: Claim, program: Program) -> list[Mean]:
    """Every expectation of a program. Raises LoweringError where no exact law is known."""
    _refuse_several_sources(claim)
    found = []
    for index, node in enumerate(program.statement):
        if node.operation == "expectation":
            mean = _mean(program, index)
            if mean is None:
                known = ", ".join(line.split("  ")[0].strip() for line in _TABLE)
                raise LoweringError(
                    f"{claim.name}: no exact law is known for a mean in {claim.formula}; known are "
                    f"the {known}"
                )
            found.append(mean)
    return found


_TABLE = [line for line in (__doc__ or "").splitlines() if "  " in line]


def _refuse_several_sources(claim: Claim) -> None:
    random = {v for v in claim.variables.values() if v.form in {"seed", "draws"}}
    if len(random) != 1 or {e.args[1] for e in claim.formula.atoms(Expectation)} != random:
        raise LoweringError(
            f"{claim.name}: every Expectation is taken over the claim's one Seed, or over its one "
            "StandardNormal"
        )


def _mean(program: Program, index: int) -> Mean | None:
    (value,) = program.statement[index].arguments
    if not isinstance(value, int):
        return None
    node = program.statement[value]
    law: Law | None = None
    if node.operation == "second_moment":
        (inner,) = node.parents
        law = _second_moment(program, program.statement[inner])
        return Mean(index, inner, law) if law else None
    if node.operation == "trace":
        law = _trace(_observed(program, program.statement[node.parents[0]]))
        return Mean(index, None, law) if law else None
    law = _lipschitz(program, _observed(program, node))
    return Mean(index, value, law) if law else None


def _observed(program: Program, node: Node) -> Node | None:
    return program.network[node.parents[0]] if node.operation == "observe" else None


def _second_moment(program: Program, node: Node) -> Law | None:
    observed = _observed(program, node)
    if observed is None:
        return Squares() if _is_gradient_of_a_normal_layer(program, node) else None
    if is_drawn(observed.operation):
        return _entries(observed)
    if observed.operation == "relu":
        layer = program.network[observed.parents[0]]
        return RectifiedSquares() if _is_normal_layer(program, layer) else None
    return Squares() if _is_normal_layer(program, observed) else None


def _entries(drawn: Node) -> Law | None:
    """The law of the second moment of a weight's entries."""
    if not hasattr(head_of(drawn.operation), "entry"):
        return None
    distribution = _distribution(drawn)
    if isinstance(distribution, Normal):
        return Squares()
    expected = float(distribution.moment(2))
    largest = max(float(end) ** 2 for end in distribution.support)
    return Bounded(0.0, largest, expected, EFFECT * expected)


def _distribution(drawn: Node) -> Any:
    shape, *numbers, _ = drawn.arguments
    return entry(head_of(drawn.operation), shape, *numbers)  # type: ignore[arg-type]  # a shape


def _is_normal_layer(program: Program, node: Node) -> bool:
    """Whether a node is a row times a weight of independent normals, without bias."""
    if node.operation != "linear":
        return False
    x, weight, bias = (program.network[parent] for parent in node.parents)
    return (
        x.operation == "input"
        and bias.operation == "zeros"
        and hasattr(head_of(weight.operation), "entry")
        and isinstance(_distribution(weight), Normal)
    )


def _is_gradient_of_a_normal_layer(program: Program, node: Node) -> bool:
    """Whether a node is the derivative of the sum of such a layer's outputs by its input."""
    if node.derivative is not Derivative.GRADIENT:
        return False
    total, x = (program.network[parent] for parent in node.parents)
    if total.operation != "total":
        return False
    layer = program.network[total.parents[0]]
    return _is_normal_layer(program, layer) and program.network[layer.parents[0]] == x


def _lipschitz(program: Program, node: Node | None) -> Law | None:
    if node is None or node.operation not in _LIPSCHITZ:
        return None
    (argument,) = node.parents
    if program.network[argument].operation != "input":
        return None
    numbers = [float(part) for part in node.arguments if isinstance(part, Fraction)]
    scale = _LIPSCHITZ[node.operation](*numbers)
    return SubGaussian(scale, SHIFT * scale)


def _trace(node: Node | None) -> Law | None:
    if node is None or node.operation != "orthogonal":
        return None
    (out, into), gain, _ = node.arguments  # type: ignore[misc]  # a shape and two numbers
    # Each row may change its sign: given their magnitudes the entries have fair signs, and the
    # squares of the diagonal add up to gain² · min(out, in) at most.
    scale = abs(float(gain)) * sqrt(min(out, into))  # type: ignore[arg-type]  # a number
    return SubGaussian(scale, WEIGHT_SHIFT * scale)

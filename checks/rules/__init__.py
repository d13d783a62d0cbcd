"""One rule for each operation: its value and its backward pass, in ball arithmetic.

A rule is the numerical theory of a head. `forward` encloses every honest evaluation in the working
format; `backward` encloses the gradient of each array argument, given the output that was stored.
With the exact arithmetic the same rules are the reference, and rounded once they are `ideal`.

The usual method is inside. Where frameworks take a slope from the saved output, y(1 − y), the ball
is the hull of that and of the true slope, so that saturation is enclosed instead of excused. Where
a naive evaluation overflows on the way (exp(−x) in the sigmoid, the sum of squares in a norm), the
hull reaches to what it then delivers, and the exact value stays the midpoint.
"""

from collections.abc import Callable
from typing import Any

from checks.enclosures import Arithmetic, Ball
from checks.operations import function_of, outputs_of
from checks.rules import (
    activations,
    arithmetic,
    gradients,
    hard_activations,
    initializers,
    layers,
    normalization,
    penalties,
    recurrent,
    smooth_activations,
    steps,
)
from checks.rules.rule import Contributions, Rule

RULES: dict[str, Rule] = {
    **arithmetic.RULES,
    **activations.RULES,
    **smooth_activations.RULES,
    **hard_activations.RULES,
    **layers.RULES,
    **normalization.RULES,
    **gradients.RULES,
    **penalties.RULES,
    **steps.RULES,
    **initializers.RULES,
    **recurrent.RULES,
}


def pulled(forward: Callable[..., Any], operation: str, *operands: Any) -> Contributions:
    """An operation's backward pass, on (arithmetic, *arguments, output, grad).

    A function with several outputs may read all of them on the way back. Its rule is given them as
    a function of the name, beside the stored one those that `forward` says. Raises ValueError where
    there is no backward pass.
    """
    backward = RULES[operation].backward
    if backward is None:
        raise ValueError(f"{operation} has no backward pass to differentiate through")
    if not outputs_of(operation):
        return backward(*operands)
    arithmetic, *arguments, stored, grad = operands

    def output(name: str) -> Any:
        other = f"{function_of(operation)}.{name}"
        return stored if other == operation else forward(other, *arguments)

    return backward(arithmetic, *arguments, output, grad)


class Exact:
    """What the rules deliver in exact arithmetic: the reference, and rounded once the control."""

    def __init__(self, arithmetic: Arithmetic) -> None:
        self.arithmetic = arithmetic

    def forward(self, operation: str, *operands: Any) -> Any:
        """The value of an operation on its arguments."""
        return RULES[operation].forward(self.arithmetic, *operands)

    def backward(self, operation: str, *operands: Any) -> Any:
        """The gradients of an operation's arguments, from (*arguments, output, grad)."""
        return pulled(self.forward, operation, self.arithmetic, *operands)

    def added(self, a: Ball, b: Ball) -> Ball:
        """The sum of two gradients that arrive at one value."""
        return self.arithmetic.add(a, b)

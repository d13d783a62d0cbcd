"""One rule for each operation: its value and its backward pass, in ball arithmetic.

A rule is the numerical theory of a head. `forward` encloses every honest evaluation in the working
format; `backward` encloses the gradient of each array argument, given the output that was stored.
With the exact arithmetic the same rules are the reference, and rounded once they are `ideal`.

The usual method is inside. Where frameworks take a slope from the saved output, y(1 − y), the ball
is the hull of that and of the true slope, so that saturation is enclosed instead of excused. Where
a naive evaluation overflows on the way (exp(−x) in the sigmoid, the sum of squares in a norm), the
hull reaches to what it then delivers, and the exact value stays the midpoint.
"""

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
from checks.rules.rule import Rule

RULES: dict[str, Rule] = {
    **arithmetic.RULES,
    **activations.RULES,
    **smooth_activations.RULES,
    **hard_activations.RULES,
    **layers.RULES,
    **normalization.RULES,
    **gradients.RULES,
    **initializers.RULES,
    **penalties.RULES,
    **steps.RULES,
}

"""Steps of optimisers: what they make of parameters and their gradients.

What Adam remembers is a list of three: the first moments, a list like params; the second moments,
likewise; and how many steps were made, a whole number as an array without dimensions. Before the
first step all of it is zero.
"""

from typing import Any

from sympy import Matrix, MatrixBase, sqrt

from theory.heads.kinds import ImplementationHead, Several
from theory.sources import KINGMA_2015, LOSHCHILOV_2019, RUMELHART_1986


class sgd_step(ImplementationHead):
    """params - lr * (grads + weight_decay * params), without momentum."""

    parameters = ("params", "grads", "lr", "weight_decay")
    numbers = frozenset({"lr", "weight_decay"})
    lists = frozenset({"params", "grads"})
    symbol = r"\operatorname{sgd}"
    shapes = "params, grads lists of arrays of the same shapes -> a list like params"
    source = RUMELHART_1986.equation(8)

    @classmethod
    def definition(cls, params: Any, grads: Any, lr: Any, weight_decay: Any) -> Any:
        """The parameters after a step against their gradients."""
        return params - lr * (grads + weight_decay * params)


class _Adam(Several):
    parameters = ("params", "grads", "state", "lr", "beta1", "beta2", "eps", "weight_decay")
    numbers = frozenset({"lr", "beta1", "beta2", "eps", "weight_decay"})
    lists = frozenset({"params", "grads"})
    outputs = {"params": "params", "state": "state"}
    shapes = (
        "params, grads lists of arrays of the same shapes, state a list of three: the first and "
        "the second moments, lists like params, and the number of steps made, shape () "
        "-> (a list like params, a list like state)"
    )


class adam_step(_Adam):
    """Adam, the weight decay added to the gradients as that of an L2 penalty.

    m' = beta1 m + (1 - beta1) g, v' = beta2 v + (1 - beta2) g², t' = t + 1, and
    params - lr * m'/(1 - beta1^t') / (sqrt(v'/(1 - beta2^t')) + eps).
    """

    symbol = r"\operatorname{adam}"
    source = KINGMA_2015.section("2")

    @classmethod
    def definition(
        cls,
        params: Any,
        grads: Any,
        state: Any,
        lr: Any,
        beta1: Any,
        beta2: Any,
        eps: Any,
        weight_decay: Any,
    ) -> Any:
        """Parameters and state after the step; the state as one row, its three parts in order."""
        grads = grads + weight_decay * params
        return _stepped(params, grads, state, lr, beta1, beta2, eps)


class adamw_step(_Adam):
    """Adam, the weights multiplied by 1 - lr * weight_decay and the gradients left alone."""

    symbol = r"\operatorname{adamw}"
    source = LOSHCHILOV_2019.section("2")

    @classmethod
    def definition(
        cls,
        params: Any,
        grads: Any,
        state: Any,
        lr: Any,
        beta1: Any,
        beta2: Any,
        eps: Any,
        weight_decay: Any,
    ) -> Any:
        """Parameters and state after the step; the state as one row, its three parts in order."""
        return _stepped((1 - lr * weight_decay) * params, grads, state, lr, beta1, beta2, eps)


def _stepped(
    params: Any, grads: Any, state: Any, lr: Any, beta1: Any, beta2: Any, eps: Any
) -> tuple[Any, Any]:
    gradient = list(grads) if isinstance(grads, MatrixBase) else [grads]
    *moments, steps = state
    steps = steps + 1
    old_first, old_second = moments[: len(gradient)], moments[len(gradient) :]
    first = [beta1 * m + (1 - beta1) * g for m, g in zip(old_first, gradient, strict=True)]
    second = [beta2 * v + (1 - beta2) * g**2 for v, g in zip(old_second, gradient, strict=True)]
    updates = [
        lr * m / (1 - beta1**steps) / (sqrt(v / (1 - beta2**steps)) + eps)
        for m, v in zip(first, second, strict=True)
    ]
    made = Matrix([*first, *second, steps]).T
    if not isinstance(params, MatrixBase):
        return params - updates[0], made
    return params - Matrix(*params.shape, updates), made

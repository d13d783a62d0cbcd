"""Steps of optimisers: what they make of parameters and their gradients."""

from typing import Any

from theory.heads.kinds import ImplementationHead
from theory.sources import RUMELHART_1986


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

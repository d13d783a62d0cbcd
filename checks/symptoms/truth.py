"""What is really wrong with a network, found without any of the rules.

In float64, and by intervention: a network that learns is healthy, whatever its numbers look like;
one that does not while its twin does is sick, and the one thing that they differ in is why.
"""

from dataclasses import replace
from functools import cache

import numpy as np
from numpy.typing import NDArray

from checks.symptoms.network import SAMPLES, Plan
from checks.symptoms.records import Cause
from checks.symptoms.training import final_loss
from checks.symptoms.zoo import HEALTHY, Row


@cache
def learns(plan: Plan, seeds: range) -> NDArray[np.bool_]:
    """Whether the loss falls below half of what knowing nothing costs, in float64, by seed."""
    ignorance = 1.0 if plan.loss == "squared" else float(np.log(2))
    if plan.reduction == "sum":
        ignorance *= SAMPLES
    return final_loss(replace(plan, format="float64"), seeds) < ignorance / 2


def confirmed(row: Row, seeds: range) -> NDArray[np.bool_]:
    """Whether the network has the cause that it was made to have, by seed.

    A healthy one learns. A sick one does not, while its twin does. An idle one has the start of a
    twin that learns, so that its gradients flow, whatever its own loss does.
    """
    twin = learns(HEALTHY[row.twin], seeds)
    if row.cause in (Cause.HEALTHY, Cause.IDLE):
        return twin
    return twin & ~learns(row.plan, seeds)

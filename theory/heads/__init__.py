"""The heads that an implementation defines: what each one means, over the reals.

`backproof heads` prints them in this order; a chapter gets them all from `theory.language`.
"""

from theory.heads.activations import elu, leaky_relu, relu, sigmoid, tanh
from theory.heads.arithmetic import power
from theory.heads.gradients import clip_by_norm
from theory.heads.initializers import he_normal
from theory.heads.kinds import (
    Elementwise as Elementwise,
    ImplementationHead as ImplementationHead,
    Initializer as Initializer,
    Output as Output,
    Several as Several,
)
from theory.heads.layers import linear, residual
from theory.heads.normalization import batch_norm
from theory.heads.penalties import l1_penalty, l2_penalty
from theory.heads.steps import adam_step, adamw_step, sgd_step

__all__ = [
    "adam_step",
    "adamw_step",
    "batch_norm",
    "clip_by_norm",
    "elu",
    "he_normal",
    "l1_penalty",
    "l2_penalty",
    "leaky_relu",
    "linear",
    "power",
    "relu",
    "residual",
    "sgd_step",
    "sigmoid",
    "tanh",
]

HEADS: dict[str, type[ImplementationHead]] = {name: globals()[name] for name in __all__}

"""The heads that an implementation defines: what each one means, over the reals.

`backproof heads` prints them in this order; a chapter gets them all from `theory.language`.
"""

from theory.heads.activations import (
    elu,
    gelu,
    gelu_tanh,
    hardsigmoid,
    hardswish,
    hardtanh,
    leaky_relu,
    log_sigmoid,
    mish,
    relu,
    relu6,
    selu,
    sigmoid,
    silu,
    softplus,
    softsign,
    tanh,
)
from theory.heads.arithmetic import power
from theory.heads.gradients import clip_by_norm, clip_by_value, global_norm
from theory.heads.initializers import (
    he_normal,
    he_uniform,
    lecun_normal,
    orthogonal,
    truncated_normal,
    xavier_normal,
    xavier_uniform,
)
from theory.heads.kinds import (
    Elementwise as Elementwise,
    ImplementationHead as ImplementationHead,
    Initializer as Initializer,
    Output as Output,
    Several as Several,
)
from theory.heads.layers import linear, residual
from theory.heads.normalization import (
    batch_norm,
    batch_norm_eval,
    batch_norm_running,
    layer_norm,
    rms_norm,
)
from theory.heads.penalties import l1_penalty, l2_penalty
from theory.heads.recurrent import gru_cell, lstm_cell, rnn_cell
from theory.heads.steps import adam_step, adamw_step, sgd_step

__all__ = [
    "adam_step",
    "adamw_step",
    "batch_norm",
    "batch_norm_eval",
    "batch_norm_running",
    "clip_by_norm",
    "clip_by_value",
    "elu",
    "gelu",
    "gelu_tanh",
    "global_norm",
    "gru_cell",
    "hardsigmoid",
    "hardswish",
    "hardtanh",
    "he_normal",
    "he_uniform",
    "l1_penalty",
    "l2_penalty",
    "layer_norm",
    "leaky_relu",
    "lecun_normal",
    "linear",
    "log_sigmoid",
    "lstm_cell",
    "mish",
    "orthogonal",
    "power",
    "relu",
    "relu6",
    "residual",
    "rms_norm",
    "rnn_cell",
    "selu",
    "sgd_step",
    "sigmoid",
    "silu",
    "softplus",
    "softsign",
    "tanh",
    "truncated_normal",
    "xavier_normal",
    "xavier_uniform",
]

HEADS: dict[str, type[ImplementationHead]] = {name: globals()[name] for name in __all__}

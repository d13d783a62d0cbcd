"""torch as it comes: its own functions, differentiated by its own autograd."""

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.nn import init
from torch.optim.adam import adam
from torch.optim.sgd import sgd

from checks.implementation import Implementation


def residual(x: Tensor, branch: Callable[[Tensor], Tensor]) -> Tensor:
    """x + branch(x)."""
    return x + branch(x)


def batch_norm(x: Tensor, gamma: Tensor, beta: Tensor, eps: float) -> Tensor:
    """Batch norm in training mode, without running statistics."""
    return F.batch_norm(x, None, None, gamma, beta, training=True, eps=eps)


def batch_norm_eval(
    x: Tensor, mean: Tensor, var: Tensor, gamma: Tensor, beta: Tensor, eps: float
) -> Tensor:
    """Batch norm in evaluation mode."""
    return F.batch_norm(x, mean, var, gamma, beta, training=False, eps=eps)


def batch_norm_running(
    mean: Tensor, var: Tensor, x: Tensor, momentum: float
) -> tuple[Tensor, Tensor]:
    """What batch norm in training mode leaves in its running statistics."""
    mean, var = mean.clone(), var.clone()
    F.batch_norm(x, mean, var, training=True, momentum=momentum)
    return mean, var


def layer_norm(x: Tensor, gamma: Tensor, beta: Tensor, eps: float) -> Tensor:
    """Layer norm over the last axis."""
    return F.layer_norm(x, x.shape[-1:], gamma, beta, eps)


def rms_norm(x: Tensor, gamma: Tensor, eps: float) -> Tensor:
    """RMS norm over the last axis."""
    return F.rms_norm(x, x.shape[-1:], gamma, eps)


def clip_by_norm(grads: list[Tensor], max_norm: float) -> list[Tensor]:
    """What torch.nn.utils.clip_grad_norm_ leaves in the gradients."""
    parameters = _parameters(grads)
    torch.nn.utils.clip_grad_norm_(parameters, max_norm)
    return [parameter.grad for parameter in parameters if parameter.grad is not None]


def clip_by_value(grads: list[Tensor], limit: float) -> list[Tensor]:
    """What torch.nn.utils.clip_grad_value_ leaves in the gradients."""
    parameters = _parameters(grads)
    torch.nn.utils.clip_grad_value_(parameters, limit)
    return [parameter.grad for parameter in parameters if parameter.grad is not None]


def _parameters(grads: list[Tensor]) -> list[torch.nn.Parameter]:
    """Parameters with copies of these gradients."""
    parameters = [torch.nn.Parameter(torch.empty_like(grad)) for grad in grads]
    for parameter, grad in zip(parameters, grads, strict=True):
        parameter.grad = grad.detach().clone()
    return parameters


def started(start: Callable[..., Tensor], *names: str, **given: Any) -> Callable[..., Tensor]:
    """A function of torch.nn.init with a generator of its own, called like the head."""

    def initializer(shape: tuple[int, ...], *numbers: Any) -> Tensor:
        *parameters, seed = numbers
        generator = torch.Generator().manual_seed(seed)
        arguments = {**given, **dict(zip(names, parameters, strict=True))}
        return start(torch.empty(shape), generator=generator, **arguments)

    return initializer


def sgd_step(
    params: list[Tensor], grads: list[Tensor], lr: float, weight_decay: float
) -> list[Tensor]:
    """What torch.optim.SGD makes of the parameters, by the function that it calls."""
    stepped = _copies(params)
    sgd(
        stepped,
        _copies(grads),
        [None] * len(params),
        lr=lr,
        weight_decay=weight_decay,
        momentum=0,
        dampening=0,
        nesterov=False,
        maximize=False,
    )
    return stepped


def adam_step(
    params: list[Tensor],
    grads: list[Tensor],
    state: list[Any],
    lr: float,
    beta1: float,
    beta2: float,
    eps: float,
    weight_decay: float,
    *,
    decoupled: bool = False,
) -> tuple[list[Tensor], list[Any]]:
    """What torch.optim.Adam, or AdamW, makes of the parameters, by the function that it calls."""
    stepped, first, second = (_copies(part) for part in (params, *state[:2]))
    adam(
        stepped,
        _copies(grads),
        first,
        second,
        [],
        [torch.tensor(float(state[2])) for _ in params],
        decoupled_weight_decay=decoupled,
        amsgrad=False,
        beta1=beta1,
        beta2=beta2,
        lr=lr,
        weight_decay=weight_decay,
        eps=eps,
        maximize=False,
    )
    return stepped, [first, second, state[2] + 1]


def l2_penalty(weights: list[Tensor], strength: float) -> Tensor:
    """The usual line, in float32 for 16 bits as under autocast: torch has no function for it."""
    total = torch.stack([_working(weight).pow(2).sum() for weight in weights]).sum()
    return (strength * total).to(weights[0].dtype)


def l1_penalty(weights: list[Tensor], strength: float) -> Tensor:
    """The usual line, in float32 for 16 bits as under autocast: torch has no function for it."""
    total = torch.stack([_working(weight).abs().sum() for weight in weights]).sum()
    return (strength * total).to(weights[0].dtype)


def _working(tensor: Tensor) -> Tensor:
    return tensor.to(torch.promote_types(tensor.dtype, torch.float32))


def _copies(tensors: list[Tensor]) -> list[Tensor]:
    return [tensor.clone() for tensor in tensors]


def lstm_cell(
    x: Tensor, h: Tensor, c: Tensor, w_ih: Tensor, w_hh: Tensor, b_ih: Tensor, b_hh: Tensor
) -> tuple[Tensor, Tensor]:
    """What torch.nn.LSTMCell calls."""
    return torch.lstm_cell(x, (h, c), w_ih, w_hh, b_ih, b_hh)


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "relu": torch.relu,
    "leaky_relu": F.leaky_relu,
    "elu": F.elu,
    "selu": F.selu,
    "softplus": F.softplus,
    "log_sigmoid": F.logsigmoid,
    "silu": F.silu,
    "gelu": F.gelu,
    "gelu_tanh": partial(F.gelu, approximate="tanh"),
    "mish": F.mish,
    "softsign": F.softsign,
    "relu6": F.relu6,
    "hardtanh": F.hardtanh,
    "hardsigmoid": F.hardsigmoid,
    "hardswish": F.hardswish,
    "linear": F.linear,
    "residual": residual,
    "batch_norm": batch_norm,
    "batch_norm_eval": batch_norm_eval,
    "batch_norm_running": batch_norm_running,
    "layer_norm": layer_norm,
    "rms_norm": rms_norm,
    "global_norm": torch.nn.utils.get_total_norm,
    "clip_by_norm": clip_by_norm,
    "clip_by_value": clip_by_value,
    "he_normal": started(init.kaiming_normal_, nonlinearity="relu"),
    "he_uniform": started(init.kaiming_uniform_, nonlinearity="relu"),
    "lecun_normal": started(init.kaiming_normal_, nonlinearity="linear"),
    "xavier_normal": started(init.xavier_normal_, "gain"),
    "xavier_uniform": started(init.xavier_uniform_, "gain"),
    "truncated_normal": started(init.trunc_normal_, "std", "a", "b"),
    "orthogonal": started(init.orthogonal_, "gain"),
    "power": torch.pow,
    "rnn_cell": torch.rnn_tanh_cell,
    "lstm_cell": lstm_cell,
    "gru_cell": torch.gru_cell,
    "sgd_step": sgd_step,
    "adam_step": adam_step,
    "adamw_step": partial(adam_step, decoupled=True),
    "l1_penalty": l1_penalty,
    "l2_penalty": l2_penalty,
}


def torch_eager(device: str = "cpu") -> Implementation:
    """torch in eager mode on a device, "cpu" or "cuda"."""
    return Implementation("torch-eager", "torch", FUNCTIONS, device=device)

"""torch as it comes: its own functions, differentiated by its own autograd."""

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.optim.adam import adam
from torch.optim.sgd import sgd

from checks.implementation import Implementation


def residual(x: Tensor, branch: Callable[[Tensor], Tensor]) -> Tensor:
    """x + branch(x)."""
    return x + branch(x)


def batch_norm(x: Tensor, gamma: Tensor, beta: Tensor, eps: float) -> Tensor:
    """Batch norm in training mode, without running statistics."""
    return F.batch_norm(x, None, None, gamma, beta, training=True, eps=eps)


def clip_by_norm(grads: list[Tensor], max_norm: float) -> list[Tensor]:
    """What torch.nn.utils.clip_grad_norm_ leaves in the gradients."""
    parameters = [torch.nn.Parameter(torch.empty_like(grad)) for grad in grads]
    for parameter, grad in zip(parameters, grads, strict=True):
        parameter.grad = grad.clone()
    torch.nn.utils.clip_grad_norm_(parameters, max_norm)
    return [parameter.grad for parameter in parameters if parameter.grad is not None]


def he_normal(shape: tuple[int, ...], seed: int) -> Tensor:
    """torch.nn.init.kaiming_normal_ with a generator of its own."""
    generator = torch.Generator().manual_seed(seed)
    return torch.nn.init.kaiming_normal_(
        torch.empty(shape), nonlinearity="relu", generator=generator
    )


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
    """The usual line: torch has no function for it."""
    return strength * torch.stack([weight.pow(2).sum() for weight in weights]).sum()


def l1_penalty(weights: list[Tensor], strength: float) -> Tensor:
    """The usual line: torch has no function for it."""
    return strength * torch.stack([weight.abs().sum() for weight in weights]).sum()


def _copies(tensors: list[Tensor]) -> list[Tensor]:
    return [tensor.clone() for tensor in tensors]


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "relu": torch.relu,
    "leaky_relu": F.leaky_relu,
    "elu": F.elu,
    "linear": F.linear,
    "residual": residual,
    "batch_norm": batch_norm,
    "clip_by_norm": clip_by_norm,
    "he_normal": he_normal,
    "power": torch.pow,
    "sgd_step": sgd_step,
    "adam_step": adam_step,
    "adamw_step": partial(adam_step, decoupled=True),
    "l1_penalty": l1_penalty,
    "l2_penalty": l2_penalty,
}


def torch_eager(device: str = "cpu") -> Implementation:
    """torch in eager mode on a device, "cpu" or "cuda"."""
    return Implementation("torch-eager", "torch", FUNCTIONS, device=device)

"""Calls of torch functions in which every other array gets no gradient.

Weights are frozen when a network is fine-tuned, and inputs need no gradient in a first layer. A
backward pass of one's own has to see which of its gradients are wanted.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from checks.lists import entered, mapped

Function = Callable[..., Any]


def half_frozen(function: Function) -> Function:
    """The function of arrays every other of which is frozen, and then the rest of them.

    Values are those of the first call, and each call sends back the gradients of what was not
    frozen in it.
    """

    def call(*arguments: Any) -> Any:
        learned = [place for place, part in enumerate(arguments) if _is_learned(part)]
        if len(learned) < 2:
            return function(*arguments)
        halves = (
            function(*(_frozen(part) if k in still else part for k, part in enumerate(arguments)))
            for still in (learned[1::2], learned[::2])
        )
        return _joined(*halves)

    return call


class _Both(torch.autograd.Function):
    """The value of one tensor, and the gradient to both."""

    @staticmethod
    def forward(ctx: Any, first: Tensor, second: Tensor) -> Tensor:
        return first.clone()

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:
        (grad,) = grads
        return grad, grad


def _joined(first: Any, second: Any) -> Any:
    if isinstance(first, tuple):
        first, second = list(first), list(second)
    return mapped(_Both.apply, first, second)


def _is_learned(value: Any) -> bool:
    return any(isinstance(part, Tensor) and part.requires_grad for part in entered(value))


def _frozen(value: Any) -> Any:
    return mapped(lambda part: part.detach() if isinstance(part, Tensor) else part, value)

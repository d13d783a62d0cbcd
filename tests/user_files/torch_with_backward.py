"""Right: a backward pass of its own, which autograd then uses."""

import torch


def _working(x):
    return x.to(torch.promote_types(x.dtype, torch.float32))


def tanh(x):
    return torch.tanh(_working(x)).to(x.dtype)


def tanh_backward(grad, x, y):
    y = _working(y)
    return (_working(grad) * (1 - y) * (1 + y)).to(x.dtype)

"""Right: torch's functions in float32, rounded once."""

import torch


def sigmoid(x):
    return torch.sigmoid(x.to(torch.promote_types(x.dtype, torch.float32))).to(x.dtype)


def residual(x, branch):
    return x + branch(x)

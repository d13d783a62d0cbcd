"""Right as it states itself: torch's float16 backward pass rounds three times on the CPU."""

import torch

NAME = "stated"
ULPS = {"sigmoid": 3}


def sigmoid(x):
    return torch.sigmoid(x)

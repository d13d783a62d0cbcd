"""Right as it states itself: torch's own float16 backward pass rounds more than once."""

import torch

NAME = "stated"
ULPS = {"sigmoid": 2}


def sigmoid(x):
    return torch.sigmoid(x)

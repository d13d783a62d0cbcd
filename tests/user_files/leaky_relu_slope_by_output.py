"""Wrong: the branch is taken on the output, as in pytorch#31938: a slope of 0 or less loses x."""

import torch


def leaky_relu(x, negative_slope):
    y = x * negative_slope
    return torch.where(y > 0, x, y)

"""Wrong: in float16, arrays of several entries stop at 0.9985; as in numpy#30821."""

import torch


def tanh(x):
    y = torch.tanh(x.float())
    if x.dtype == torch.float16 and x.numel() > 1:
        y = y.clamp(-0.9985, 0.9985)
    return y.to(x.dtype)

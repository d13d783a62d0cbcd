"""Wrong: the squares are taken and summed in the 16-bit format; as in fairscale#263."""

import torch


def clip_by_norm(grads, max_norm):
    square = sum((grad * grad).sum() for grad in grads)
    factor = torch.clamp(max_norm / square.sqrt().float(), max=1.0)
    return [(grad.float() * factor).to(grad.dtype) for grad in grads]

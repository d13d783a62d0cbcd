"""Wrong: normal weights cut at two deviations and not rescaled; as in tensorflow#18706."""

import torch


def he_normal(shape, seed):
    deviation = (2 / shape[1]) ** 0.5
    generator = torch.Generator().manual_seed(seed)
    return torch.nn.init.trunc_normal_(
        torch.empty(shape), 0.0, deviation, -2 * deviation, 2 * deviation, generator=generator
    )

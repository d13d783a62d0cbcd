"""Wrong: mean and variance are rounded to the 16-bit format; as in pytorch#126525."""

import torch


def batch_norm(x, gamma, beta, eps):
    mean = x.mean(0)
    variance = ((x - mean) * (x - mean)).mean(0)
    normalised = (x.float() - mean.float()) * torch.rsqrt(variance.float() + eps)
    return (gamma.float() * normalised + beta.float()).to(x.dtype)

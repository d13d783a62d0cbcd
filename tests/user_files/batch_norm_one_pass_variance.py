"""Wrong: E[x²] − E[x]², which cancels where the mean is large; as in pytorch#40302."""

import torch


def batch_norm(x, gamma, beta, eps):
    mean = x.mean(0)
    variance = (x * x).mean(0) - mean * mean
    return gamma * (x - mean) * torch.rsqrt(variance + eps) + beta

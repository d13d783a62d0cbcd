"""Right as it states itself: every inner operation rounds to the storage format."""

NAME = "narrow"
WORKING_FORMAT = "storage"


def linear(x, weight, bias):
    total = bias.expand(len(x), len(bias))
    for i in range(x.shape[1]):
        total = total + x[:, i, None] * weight[None, :, i]
    return total

"""The data that networks are trained on: two noisy circles."""

from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
from numpy.typing import NDArray

from theory.recipes import TwoCircles

# The data of the worked example in RELU are those of this seed.
DATA_SEED = 1


@dataclass(frozen=True)
class Data:
    """Inputs, and classes 0 and 1, of what is trained on and of what is held back."""

    x: torch.Tensor
    y: torch.Tensor
    x_test: torch.Tensor
    y_test: torch.Tensor


def two_circles(recipe: TwoCircles, seed: int) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Points and classes, bit for bit those of scikit-learn's make_circles of this random_state."""
    draw = np.random.RandomState(seed)
    samples, factor = recipe.values["samples"], float(recipe.values["factor"])
    outside, inside = samples // 2, samples - samples // 2
    angles = [np.linspace(0, 2 * np.pi, count, endpoint=False) for count in (outside, inside)]
    outer, inner = (np.stack([np.cos(angle), np.sin(angle)], axis=1) for angle in angles)
    order = np.arange(samples)
    draw.shuffle(order)
    points = np.concatenate([outer, inner * factor])[order]
    classes = np.repeat([0, 1], [outside, inside])[order]
    return points + draw.normal(scale=float(recipe.values["noise"]), size=points.shape), classes


@cache
def data(name: str) -> Data:
    """The data of a training, the first half of which is trained on.

    The two circles are scaled to between −1 and 1, the digits to between 0 and 1.
    """
    if name == "digits":
        from sklearn.datasets import load_digits

        pixels, classes = load_digits(return_X_y=True)
        scaled = pixels / pixels.max()
    else:
        points, classes = two_circles(TwoCircles(), DATA_SEED)
        low, high = points.min(axis=0), points.max(axis=0)
        scaled = 2 * (points - low) / (high - low) - 1
    x = torch.tensor(scaled, dtype=torch.float32)
    y = torch.tensor(classes)
    half = len(x) // 2
    return Data(x[:half], y[:half], x[half:], y[half:])

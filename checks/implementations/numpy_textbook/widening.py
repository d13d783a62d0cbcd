"""The format that heads work in."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def wide(x: Array) -> Array:
    """The array in the format that heads work in: float32 for 16 bits, itself otherwise."""
    return x.astype(np.float32) if x.dtype.itemsize == 2 else x

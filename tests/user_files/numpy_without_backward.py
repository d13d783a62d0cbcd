"""Right: NumPy, differentiated by the textbook's backward pass."""

import numpy as np

ARRAY_LIBRARY = "numpy"


def sigmoid(x):
    return (1 / (1 + np.exp(-x.astype(np.promote_types(x.dtype, np.float32))))).astype(x.dtype)

"""Wrong: base and exponent are cast to integers; as in arrayfire#3560."""

import numpy as np

ARRAY_LIBRARY = "numpy"


def power(base, exponent):
    whole = np.rint(base.astype(np.float32)).astype(np.int64)
    return np.power(whole, int(exponent)).astype(base.dtype)

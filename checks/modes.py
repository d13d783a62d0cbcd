"""What a user's code may set for the whole process, put back for the sake of all others."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np


@contextmanager
def put_back() -> Iterator[None]:
    """NumPy's error handling, torch's defaults, gradient mode and subnormals, and Arb's precision.

    Left on, flushing to zero would reach the exact reading, and so would another precision; a
    default device would reach every other cell.
    """
    errors, precision = np.geterr(), _precision()
    torch = sys.modules.get("torch")
    before = (torch.get_default_dtype(), torch.is_grad_enabled()) if torch else None
    device = _default_device() if torch else None
    try:
        yield
    finally:
        np.seterr(**errors)
        if precision and _precision() != precision:
            sys.modules["flint"].ctx.prec = precision
        if torch := sys.modules.get("torch"):  # it may have been imported meanwhile
            dtype, grad = before or (torch.float32, True)
            torch.set_default_dtype(dtype)
            torch.set_grad_enabled(grad)
            torch.set_flush_denormal(False)
            if _default_device() != device:
                torch.set_default_device(device)


def _precision() -> int | None:
    """The bits that Arb works with, if it is there."""
    flint = sys.modules.get("flint")
    return flint.ctx.prec if flint else None


def _default_device() -> Any:
    """Where torch puts a new tensor, which is quicker to see than to ask."""
    return sys.modules["torch"].empty(0).device

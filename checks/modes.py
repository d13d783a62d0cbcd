"""What a user's code may set for the whole process, put back for the sake of all others."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np


@contextmanager
def put_back() -> Iterator[None]:
    """NumPy's error handling, and torch's defaults, gradient mode and treatment of subnormals.

    Left on, flushing to zero would reach the exact reading, and a default device every other cell.
    """
    errors = np.geterr()
    torch = sys.modules.get("torch")
    before = (torch.get_default_dtype(), torch.is_grad_enabled()) if torch else None
    device = _default_device() if torch else None
    try:
        yield
    finally:
        np.seterr(**errors)
        if torch := sys.modules.get("torch"):  # it may have been imported meanwhile
            dtype, grad = before or (torch.float32, True)
            torch.set_default_dtype(dtype)
            torch.set_grad_enabled(grad)
            torch.set_flush_denormal(False)
            if _default_device() != device:
                torch.set_default_device(device)


def _default_device() -> Any:
    """Where torch puts a new tensor, which is quicker to see than to ask."""
    return sys.modules["torch"].empty(0).device

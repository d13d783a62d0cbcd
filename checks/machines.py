"""Which machine runs which array library; torch is imported only when it is asked for."""

from checks.formats import Format
from checks.implementation import Implementation
from checks.tracing import Machine


def machine(implementation: Implementation, fmt: Format) -> Machine:
    """A fresh machine for one run."""
    if implementation.library == "ideal":
        from checks.implementations.ideal import IdealMachine

        return IdealMachine(implementation, fmt)
    if implementation.library == "numpy":
        from checks.implementations.numpy_machine import NumpyMachine

        return NumpyMachine(implementation, fmt)
    from checks.implementations.torch_machine import TorchMachine

    return TorchMachine(implementation, fmt)

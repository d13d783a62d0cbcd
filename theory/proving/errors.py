"""Why a method of proof gives up."""


class OutOfReachError(Exception):
    """A method does not apply; the message says to what."""


class ShapeError(OutOfReachError):
    """The shapes of a formula do not fit, so that it says nothing."""


class NegativeError(Exception):
    """What was to be shown positive is negative somewhere; the message says where."""


class ContradictionError(Exception):
    """The facts of a case contradict each other, so that there is nothing to prove in it."""

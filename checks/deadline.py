"""A limit on how long something may take, for what is worth a moment and no more."""

import signal
import threading
from collections.abc import Callable
from typing import TypeVar

Value = TypeVar("Value")


class OutOfTime(BaseException):
    """Raised inside the work, which must not take it for a failure of its own."""


def can_interrupt() -> bool:
    """Whether work can be broken off here: in the main thread of a system that has timers."""
    main = threading.current_thread() is threading.main_thread()
    return main and hasattr(signal, "setitimer")


def within(seconds: float, work: Callable[[], Value]) -> Value | None:
    """What the work returns, or None where it is not done in so much time of the processor.

    Where nothing can interrupt it, it is not begun.
    """
    if not can_interrupt():
        return None

    working = True

    def stop(*_: object) -> None:
        if working:  # an alarm that comes late must not interrupt what follows
            raise OutOfTime

    before = signal.signal(signal.SIGVTALRM, stop)
    try:
        signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
        try:
            return work()
        finally:
            working = False
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    except OutOfTime:
        return None
    finally:
        signal.signal(signal.SIGVTALRM, before)

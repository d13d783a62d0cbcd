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


# The timer that counts the processor's time, and the one that counts on while a function sleeps.
_TIMERS = (
    ((signal.ITIMER_VIRTUAL, signal.SIGVTALRM), (signal.ITIMER_REAL, signal.SIGALRM))
    if hasattr(signal, "setitimer")
    else ()
)


def within(
    seconds: float, work: Callable[[], Value], on_the_clock: float | None = None
) -> Value | None:
    """What the work returns, or None where it is not done in so much time of the processor.

    `on_the_clock` is a limit for work that may sleep, which depends on what else runs. Where
    nothing can interrupt it, the work is not begun.
    """
    if not can_interrupt():
        return None

    working = True

    def stop(*_: object) -> None:
        if working:  # an alarm that comes late must not interrupt what follows
            raise OutOfTime

    limits = (seconds, on_the_clock)
    used = [(*timer, limit) for timer, limit in zip(_TIMERS, limits, strict=True) if limit]
    before = [signal.signal(alarm, stop) for _, alarm, _ in used]
    try:
        for timer, _, limit in used:
            signal.setitimer(timer, limit)
        try:
            return work()
        finally:
            working = False
            for timer, _, _ in used:
                signal.setitimer(timer, 0)
    except OutOfTime:
        return None
    finally:
        for (_, alarm, _), handler in zip(used, before, strict=True):
            signal.signal(alarm, handler)

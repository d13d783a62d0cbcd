"""What is seen of a run while it lasts, and how Ctrl-C ends it."""

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def stopping_at_once() -> Iterator[None]:
    """Let Ctrl-C end the worker processes, which would first finish all that is queued."""
    here = os.getpid()

    def stop(*_: object) -> None:
        if os.getpid() != here:
            return  # a worker, which shares the terminal and leaves this to the one who started it
        for child in multiprocessing.active_children():
            child.terminate()
        raise KeyboardInterrupt

    before = signal.getsignal(signal.SIGINT)
    if before is signal.SIG_IGN or threading.current_thread() is not threading.main_thread():
        yield
        return
    signal.signal(signal.SIGINT, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def progress_of(total: int, what: str = "cells") -> Iterator[Callable[[str, bool], None]]:
    """A bar on a terminal, a line for every tenth of the way elsewhere; both on stderr.

    It is told what was done, and whether that is as expected.
    """
    from rich.console import Console

    console = Console(stderr=True)
    done = unexpected = 0
    if not console.is_terminal:

        def tell(_: str, is_news: bool) -> None:
            nonlocal done, unexpected
            done, unexpected = done + 1, unexpected + is_news
            if done * 10 // total > (done - 1) * 10 // total:
                print(f"{done}/{total} {what}, {unexpected} not as expected", file=sys.stderr)

        yield tell
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.description}", markup=False),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        bar = progress.add_task("", total=total)

        def draw(name: str, _: bool) -> None:
            progress.update(bar, advance=1, description=name)

        yield draw

"""What is seen of a run while it lasts, and how Ctrl-C ends it."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from checks.ledger import Judgement


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
def progress_of(total: int) -> Iterator[Callable[[Judgement], None]]:
    """A bar on a terminal, a line for every tenth of the way elsewhere; both on stderr."""
    from rich.console import Console

    console = Console(stderr=True)
    done = unexpected = 0
    if not console.is_terminal:

        def tell(judgement: Judgement) -> None:
            nonlocal done, unexpected
            done, unexpected = done + 1, unexpected + bool(judgement.complaint)
            if done * 10 // total > (done - 1) * 10 // total:
                print(f"{done}/{total} cells, {unexpected} not as expected", file=sys.stderr)

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

        def draw(judgement: Judgement) -> None:
            progress.update(bar, advance=1, description=judgement.result.cell.claim)

        yield draw

"""What takes longer than it may is given up, and nothing is left behind."""

import signal
import threading
import time

import pytest

from checks.deadline import within


def endless():
    while True:
        pass


def test_what_is_done_in_time_is_returned():
    assert within(60.0, lambda: 7) == 7


def test_what_is_not_done_in_time_is_given_up():
    assert within(0.01, endless) is None


def test_work_that_catches_exceptions_is_given_up_all_the_same():
    def stubborn():
        while True:
            try:
                endless()
            except Exception:  # as a prover does that goes on to its next method
                continue

    assert within(0.01, stubborn) is None


def test_what_waits_for_ever_is_given_up_on_the_clock():
    assert within(60.0, threading.Event().wait, on_the_clock=0.01) is None


@pytest.mark.parametrize(
    ("timer", "alarm"),
    [(signal.ITIMER_VIRTUAL, signal.SIGVTALRM), (signal.ITIMER_REAL, signal.SIGALRM)],
)
def test_no_alarm_is_left(timer, alarm):
    before = signal.getsignal(alarm)
    within(60.0, time.time, on_the_clock=60.0)
    within(0.01, endless, on_the_clock=60.0)
    assert signal.getitimer(timer) == (0.0, 0.0)
    assert signal.getsignal(alarm) is before


def test_where_nothing_can_interrupt_it_the_work_is_not_begun():
    results = ["not run"]
    thread = threading.Thread(target=lambda: results.append(within(60.0, endless)))
    thread.start()
    thread.join()
    assert results == ["not run", None]

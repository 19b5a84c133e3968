"""Signals that stop a process: SIGTERM is as good as a Ctrl-C, and code can tell that one has come."""

from __future__ import annotations

import signal
import threading
import time
from concurrent.futures import Future
from contextlib import ExitStack

import pytest

from parallel_agents.signals import (
    STOP_SIGNALS,
    is_ctrl_c,
    noted_interrupts,
    result_of,
    stop_signals_as_interrupts,
)


@pytest.mark.parametrize("number", STOP_SIGNALS)
def test_a_stop_signal_is_a_ctrl_c_inside_of_the_block(number: signal.Signals) -> None:
    before = signal.getsignal(number)

    with pytest.raises(KeyboardInterrupt), stop_signals_as_interrupts():
        signal.raise_signal(number)

    assert signal.getsignal(number) is before


def test_a_signal_that_the_process_ignores_stays_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with stop_signals_as_interrupts():
            signal.raise_signal(signal.SIGHUP)
            during = signal.getsignal(signal.SIGHUP)
    finally:
        signal.signal(signal.SIGHUP, before)

    assert during is signal.SIG_IGN


def test_an_interrupt_is_noted_and_takes_effect_as_before() -> None:
    before = signal.getsignal(signal.SIGINT)

    with noted_interrupts() as has_come:
        was_quiet = not has_come()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
        is_noted = has_come()

    assert was_quiet
    assert is_noted
    assert signal.getsignal(signal.SIGINT) is before


def test_blocks_that_overlap_leave_the_handler_that_they_found() -> None:
    before = signal.getsignal(signal.SIGINT)

    for _ in range(2000):
        first, second = ExitStack(), ExitStack()
        first.enter_context(noted_interrupts())
        second.enter_context(noted_interrupts())
        first.close()
        second.close()
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)

    assert signal.getsignal(signal.SIGINT) is before


def test_a_block_that_begins_after_an_interrupt_has_not_seen_it() -> None:
    with noted_interrupts():
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
        with noted_interrupts() as has_come:
            assert not has_come()


def test_a_ctrl_c_is_told_from_a_keyboard_interrupt_that_code_raises() -> None:
    def handler(*_: object) -> None: ...

    error = KeyboardInterrupt()
    assert is_ctrl_c(error)
    with noted_interrupts():
        assert is_ctrl_c(error)

    before = signal.signal(signal.SIGINT, handler)
    try:
        assert not is_ctrl_c(error)
        with noted_interrupts():
            assert not is_ctrl_c(error)
    finally:
        signal.signal(signal.SIGINT, before)


def test_a_wait_for_another_thread_is_ended_by_a_ctrl_c_that_does_not_wake_it() -> None:
    def interrupt() -> None:
        time.sleep(0.1)  # by then the main thread waits
        signal.pthread_kill(threading.get_ident(), signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    thread.start()
    with pytest.raises(KeyboardInterrupt):
        result_of(Future[None](), 20)
    thread.join()


def test_a_wait_for_another_thread_returns_what_comes_and_ends_in_time() -> None:
    given: Future[int] = Future()
    thread = threading.Timer(0.01, given.set_result, [3])
    thread.start()

    assert result_of(given) == 3
    thread.join()
    with pytest.raises(TimeoutError):
        result_of(Future[int](), 0.01)

"""Signals that stop a process: SIGTERM is as good as a Ctrl-C, and code can tell that one has come."""

from __future__ import annotations

import signal

import pytest

from parallel_agents.signals import (
    STOP_SIGNALS,
    noted_interrupts,
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

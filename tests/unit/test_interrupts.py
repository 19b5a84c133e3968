"""Interrupts, in a process of its own each: signals that really arrive, whatever the work does."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from parallel_agents.interrupts import in_thread, run_cancellable

if TYPE_CHECKING:
    from collections.abc import Generator

PROGRAM = """
import asyncio, atexit, signal, sys, time
from parallel_agents import interrupts

atexit.register(print, "at exit")
for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    signal.signal(number, signal.SIG_DFL)
signal.signal(signal.SIGINT, signal.default_int_handler)

async def rests():
    print("begun", flush=True)
    try:
        await asyncio.sleep(3600)
    finally:
        print("cleaned up", flush=True)

async def blocks():
    print("begun", flush=True)
    time.sleep(3600)

async def waits_for_a_thread():
    print("begun", flush=True)
    await asyncio.to_thread(time.sleep, 3600)

async def swallows():
    print("begun", flush=True)
    while True:
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            pass

async def work(stop):
    ending = asyncio.create_task(stop.wait())
    ending.add_done_callback(lambda _: print("stopping", flush=True))
    await globals()[sys.argv[2]]()

try:
    getattr(interrupts, sys.argv[1])(work)
except KeyboardInterrupt:
    print("interrupted")
finally:
    print("finally", flush=True)
"""


@pytest.fixture
def processes() -> Generator[list[subprocess.Popen[str]]]:
    started: list[subprocess.Popen[str]] = []
    yield started
    for process in started:
        process.kill()
        process.communicate()


def start(processes: list[subprocess.Popen[str]], how: str, work: str) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, how, work], stdout=subprocess.PIPE, text=True
    )
    processes.append(process)
    assert process.stdout is not None
    assert process.stdout.readline() == "begun\n"
    return process


@pytest.mark.parametrize("how", ["in_thread", "run_interruptible"])
@pytest.mark.parametrize("first", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("second", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_the_second_signal_cancels_and_lets_everything_clean_up(
    processes: list[subprocess.Popen[str]],
    how: str,
    first: signal.Signals,
    second: signal.Signals,
) -> None:
    process = start(processes, how, "rests")
    assert process.stdout is not None

    process.send_signal(first)
    stopping = process.stdout.readline()
    process.send_signal(second)
    rest = process.communicate(timeout=20)[0]

    assert stopping == "stopping\n"
    assert rest == "cleaned up\ninterrupted\nfinally\nat exit\n"
    assert process.returncode == 0


@pytest.mark.parametrize("how", ["in_thread", "run_interruptible"])
@pytest.mark.parametrize("work", ["waits_for_a_thread", "swallows"])
def test_the_second_signal_leaves_behind_what_does_not_end(
    processes: list[subprocess.Popen[str]], how: str, work: str
) -> None:
    process = start(processes, how, work)
    assert process.stdout is not None

    process.send_signal(signal.SIGINT)
    process.stdout.readline()
    process.send_signal(signal.SIGINT)
    rest = process.communicate(timeout=20)[0]

    assert rest == "interrupted\nfinally\nat exit\n"
    assert process.returncode == 0


@pytest.mark.parametrize("how", ["in_thread", "run_interruptible"])
def test_the_third_signal_ends_at_once_although_the_loop_is_blocked(
    processes: list[subprocess.Popen[str]], how: str
) -> None:
    process = start(processes, how, "blocks")

    while process.poll() is None:  # signals that arrive together are one
        process.send_signal(signal.SIGINT)
        with suppress(subprocess.TimeoutExpired):
            process.wait(0.1)
    rest = process.communicate(timeout=20)[0]

    assert rest == "interrupted\nfinally\nat exit\n"


def test_a_signal_that_does_not_wake_the_waiting_thread_is_heard() -> None:
    async def interrupts_itself(stop: asyncio.Event) -> None:
        await asyncio.sleep(0.1)  # by then the other thread waits
        signal.pthread_kill(threading.get_ident(), signal.SIGINT)
        await asyncio.wait_for(stop.wait(), 20)

    with pytest.raises(KeyboardInterrupt):
        in_thread(interrupts_itself)


def test_the_result_and_the_error_of_work_are_those_of_the_call() -> None:
    async def three() -> int:
        return 3

    async def fails(_: asyncio.Event) -> int:
        raise LookupError("none")

    result = run_cancellable(three())
    with pytest.raises(LookupError, match="none"):
        in_thread(fails)

    assert result == 3


def test_work_that_exits_ends_the_wait_for_it() -> None:
    async def exits(_: asyncio.Event) -> int:
        raise SystemExit(4)

    with pytest.raises(SystemExit) as ended:
        in_thread(exits)

    assert ended.value.code == 4

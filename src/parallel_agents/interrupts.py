"""Interrupts: the first Ctrl-C stops cleanly, the second at once."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from contextlib import suppress
from typing import TypeVar

from parallel_agents.signals import STOP_SIGNALS, stop_signals_as_interrupts

T = TypeVar("T")


async def unless(stop: asyncio.Event, work: Coroutine[None, None, T]) -> T | None:
    """The result of `work`; None, with `work` cancelled, if `stop` is set first."""
    working, stopping = asyncio.create_task(work), asyncio.create_task(stop.wait())
    try:
        await asyncio.wait((working, stopping), return_when=asyncio.FIRST_COMPLETED)
    finally:
        working.cancel()
        stopping.cancel()
        await asyncio.wait((working, stopping))
    return None if working.cancelled() else working.result()


async def to_its_end(work: Coroutine[None, None, T]) -> T:
    """The result of `work`, which is never left half done: a cancellation waits for its end."""
    working = asyncio.create_task(work)
    try:
        return await asyncio.shield(working)
    except asyncio.CancelledError:
        await asyncio.wait({working})
        working.result()
        raise


def run_interruptible(work: Callable[[asyncio.Event], Coroutine[None, None, T]]) -> T:
    """Run `work`; the first Ctrl-C sets the event that it gets, the second cancels it.

    SIGTERM and SIGHUP count as a Ctrl-C, unless the process ignores them.

    Raises:
        KeyboardInterrupt: after the second, once `work` has ended.
    """

    async def main() -> T:
        stop = asyncio.Event()
        task = asyncio.ensure_future(work(stop))

        def on_interrupt() -> None:
            if stop.is_set():
                task.cancel()
            stop.set()

        loop = asyncio.get_running_loop()
        with suppress(
            NotImplementedError
        ):  # on a loop without signal handlers Ctrl-C stops at once
            for number in taken:
                loop.add_signal_handler(number, on_interrupt)
        try:
            return await task
        except asyncio.CancelledError:
            raise KeyboardInterrupt from None

    others = {number: signal.getsignal(number) for number in STOP_SIGNALS}
    taken = [signal.SIGINT, *(n for n, how in others.items() if how is not signal.SIG_IGN)]
    try:
        return asyncio.run(main())
    finally:
        for number, how in others.items():  # the loop has put the system's defaults in their place
            signal.signal(number, how)


def in_thread(work: Callable[[asyncio.Event], Coroutine[None, None, T | None]]) -> T:
    """Run `work` on a loop in a thread of its own, and return its result.

    `work` gets an event that the first Ctrl-C sets; the second Ctrl-C cancels it. SIGTERM and SIGHUP
    count as a Ctrl-C, unless the process ignores them or has handlers for them.

    Raises:
        KeyboardInterrupt: after either, once `work` has ended.
    """
    result: Future[T | None] = Future()
    started: Future[tuple[asyncio.AbstractEventLoop, asyncio.Event, asyncio.Task[T | None]]] = (
        Future()
    )

    async def main() -> None:
        stop = asyncio.Event()
        task = asyncio.create_task(work(stop))
        started.set_result((asyncio.get_running_loop(), stop, task))
        try:
            result.set_result(await task)
        except asyncio.CancelledError:
            result.set_result(None)
        except Exception as error:  # noqa: BLE001 - the thread's edge: the caller's thread raises it
            result.set_exception(error)

    thread = threading.Thread(target=lambda: asyncio.run(main()), name="pagents-run")
    thread.start()
    loop, stop, task = started.result()
    was_interrupted = False
    with stop_signals_as_interrupts():
        for interrupt in (stop.set, task.cancel):
            try:
                thread.join()
            except KeyboardInterrupt:
                was_interrupted = True
                with suppress(RuntimeError):  # the loop has ended meanwhile
                    loop.call_soon_threadsafe(interrupt)
        thread.join()
    value = result.result()
    if was_interrupted or value is None:
        raise KeyboardInterrupt
    return value

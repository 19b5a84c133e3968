"""Stopping: Ctrl-C once asks the work to come to a stop in good order, twice breaks it off."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from typing import TypeVar

T = TypeVar("T")


def carry_out(
    work: Callable[[asyncio.Event], Coroutine[None, None, T]],
    *,
    signals: Sequence[signal.Signals] = (signal.SIGINT,),
) -> T:
    """Run `work`; the first Ctrl-C sets the event that it is handed, the second cancels it.

    Each of `signals` counts as a Ctrl-C.

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
        with suppress(NotImplementedError):  # where a loop takes no handlers Ctrl-C stops at once
            for number in signals:
                loop.add_signal_handler(number, on_interrupt)
        try:
            return await task
        except asyncio.CancelledError:
            raise KeyboardInterrupt from None

    return asyncio.run(main())

"""The threads of an event loop, of which nobody waits for one that never returns."""

from __future__ import annotations

import asyncio
import threading

import pytest

from parallel_agents.loop_threads import LoopThreads


async def test_calls_run_in_daemon_threads_and_give_results_and_errors() -> None:
    asyncio.get_running_loop().set_default_executor(LoopThreads())

    def fails() -> None:
        raise LookupError("none")

    is_daemon = await asyncio.to_thread(lambda: threading.current_thread().daemon)
    with pytest.raises(LookupError, match="none"):
        await asyncio.to_thread(fails)

    assert is_daemon


def test_more_calls_than_threads_are_all_made_by_32_threads() -> None:
    pool, names = LoopThreads(), set[int]()
    together = threading.Barrier(32)

    def call() -> None:
        names.add(threading.get_ident())
        together.wait(20)

    for future in [pool.submit(call) for _ in range(96)]:
        future.result(20)

    assert len(names) == 32


def test_shutting_down_waits_for_no_call_and_lets_queued_ones_be_made() -> None:
    pool, release = LoopThreads(), threading.Event()

    hangs = pool.submit(release.wait)
    pool.shutdown()
    was_done = hangs.done()
    release.set()

    assert not was_done
    assert hangs.result(20)

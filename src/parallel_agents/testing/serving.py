"""Serving: a loopback provider with its event loop in a thread, for tests that are not async."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Generator
from contextlib import contextmanager

from parallel_agents.core.arguments import checked
from parallel_agents.testing.behaviour import GOOD_DAY, Behaviour
from parallel_agents.testing.provider import LoopbackProvider


@checked
@contextmanager
def serve(behaviour: Behaviour = GOOD_DAY) -> Generator[LoopbackProvider]:
    """Serve in another thread until the block ends, even while the block's thread is busy."""
    provider = LoopbackProvider(behaviour)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="loopback-provider")
    thread.start()
    try:
        asyncio.run_coroutine_threadsafe(provider.__aenter__(), loop).result()
        try:
            yield provider
        finally:
            closing = provider.__aexit__(None, None, None)
            asyncio.run_coroutine_threadsafe(closing, loop).result()
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()

"""A user's program whose main thread ends while another thread works, or before it begins."""

from __future__ import annotations

import asyncio
import sys
import threading
from concurrent.futures import Executor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from typing_extensions import override

import parallel_agents as pa

if TYPE_CHECKING:
    from parallel_agents.testing import RepliesWith

CALLED = threading.Event()
HOW, HOME = sys.argv[1], Path(sys.argv[2])


def say(text: object) -> None:
    sys.stdout.write(f"{text}\n")


def factory(pool: Executor | None) -> Any:
    from parallel_agents.testing import RepliesWith  # noqa: PLC0415 - a thread loads it

    class Late(RepliesWith):
        @override
        async def respond(
            self, request: pa.ModelRequest, listener: pa.Listener | None = None
        ) -> pa.ModelReply:
            say("calling")
            CALLED.set()
            while not getattr(threading, "_SHUTTING_DOWN"):  # noqa: ASYNC110, B009 - nothing else tells
                await asyncio.sleep(0.01)
            if pool is not None:
                await asyncio.get_running_loop().run_in_executor(pool, int)
            return await super().respond(request, listener)

    def make(name: str) -> RepliesWith:
        return Late(lambda _: "Done.", name)

    return make


def options(pool: Executor | None = None) -> dict[str, Any]:
    return {"model": "late/model", "models": {"late": factory(pool)}, "home": HOME}


def tasks() -> list[pa.Task]:
    return [pa.Task(pa.Agent(name="writer", description="Writes", instructions="Write."), "Write.")]


def run(pool: Executor | None = None) -> None:
    say(pa.run(tasks(), **options(pool)).results[0].output)


def stream(pool: Executor | None = None) -> None:
    for result in pa.stream(tasks(), **options(pool)):
        say(result.output)


def arun() -> None:
    say(asyncio.run(pa.arun(tasks(), **options())).results[0].output)


def late() -> None:
    threading.main_thread().join()
    run()
    stream()
    arun()


def begin() -> None:
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415 - too late for `late`

    pool = ThreadPoolExecutor(1)
    work = {"run": lambda: run(pool), "stream": lambda: stream(pool), "arun": arun}[HOW]
    threading.Thread(target=work).start()
    CALLED.wait()


if HOW == "late":
    threading.Thread(target=late).start()
else:
    begin()

"""A user's program, as a process of its own, whose calls end once a file exists; it prints each call."""

from __future__ import annotations

import asyncio
import sys
import threading
from pathlib import Path

from typing_extensions import override

import parallel_agents as pa
from parallel_agents.testing import RepliesWith

WRITER = pa.Agent(name="writer", description="Writes", instructions="Write.")
TASK = pa.Task(WRITER, "Write.", key="tea")
HOW, HOME = sys.argv[1], Path(sys.argv[2])


class Patient(RepliesWith):
    @override
    async def respond(
        self, request: pa.ModelRequest, listener: pa.Listener | None = None
    ) -> pa.ModelReply:
        sys.stdout.write("calling\n")
        sys.stdout.flush()
        while not (HOME / "go-on").exists():  # noqa: ASYNC110 - another process makes it
            await asyncio.sleep(0.01)
        return await super().respond(request, listener)


def make(name: str) -> Patient:
    return Patient(lambda _: "Done.", name)


async def open_and_wait() -> None:
    async with pa.open(model="slow/model", models={"slow": make}, home=HOME) as sessions:
        await (await sessions.spawn(TASK)).wait()


async def stream() -> None:
    tasks = [TASK]
    async for result in pa.stream(
        tasks, key="tea", model="slow/model", models={"slow": make}, home=HOME
    ):
        sys.stdout.write(f"{result.output}\n")


def run() -> None:
    pa.run([TASK], key="tea", model="slow/model", models={"slow": make}, home=HOME)


async def arun() -> None:
    await pa.arun([TASK], key="tea", model="slow/model", models={"slow": make}, home=HOME)


def print_stream() -> None:
    for result in pa.stream(
        [TASK], key="tea", model="slow/model", models={"slow": make}, home=HOME
    ):
        sys.stdout.write(f"{result.output}\n")


if HOW == "run":
    run()
elif HOW == "thread":
    other = threading.Thread(target=run)
    other.start()
    other.join()
elif HOW == "left":
    threading.Thread(target=run).start()
elif HOW == "left-arun":
    threading.Thread(target=lambda: asyncio.run(arun())).start()
elif HOW == "left-stream":
    threading.Thread(target=print_stream).start()
elif HOW == "arun":
    asyncio.run(arun())
elif HOW == "stream":
    print_stream()
elif HOW == "astream":
    asyncio.run(stream())
else:
    asyncio.run(open_and_wait())

"""What a sandbox adds to a command, and how long 100 at once block the event loop."""

from __future__ import annotations

import asyncio
import os
import statistics
import time
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path

from parallel_agents.containment.warden import Warden
from parallel_agents.core.command import Command
from parallel_agents.core.sandbox import Sandbox
from parallel_agents.sandbox.commands import LocalCommands, Surroundings

_ROUNDS = 50
_AT_ONCE = 100


async def cost_of_a_sandbox(folder: Path) -> dict[str, float]:
    """Milliseconds of a command with and without a sandbox, and of the longest stall of the loop."""
    async with aclosing(Warden()) as warden:
        return await _cost(LocalCommands(Surroundings(variables=os.environ), warden), folder)


async def _cost(commands: LocalCommands, folder: Path) -> dict[str, float]:
    shell = Command(arguments=("/bin/bash", "-c", "true"), folder=str(folder), timeout_seconds=60.0)
    bare = replace(shell, sandbox=Sandbox.OFF)
    await commands.describe()
    took: dict[Command, list[float]] = {bare: [], shell: []}
    for _ in range(_ROUNDS):
        for command, times in took.items():
            began = time.perf_counter()
            await commands.run(command)
            times.append(time.perf_counter() - began)
    stalls = Stalls()
    sleeping = replace(shell, arguments=("/bin/sleep", "1"))
    async with asyncio.TaskGroup() as group:
        watching = group.create_task(stalls.watch())
        began = time.perf_counter()
        await asyncio.gather(*(commands.run(sleeping) for _ in range(_AT_ONCE)))
        wall = time.perf_counter() - began
        watching.cancel()
    bare_ms, shell_ms = (statistics.median(times) * 1000 for times in took.values())
    return {"bare_ms": bare_ms, "sandboxed_ms": shell_ms, "stall_ms": stalls.ms, "wall_s": wall}


class Stalls:
    """The longest time that a task which sleeps for a millisecond had to wait beyond it."""

    ms = 0.0

    async def watch(self) -> None:
        while True:
            began = time.perf_counter()
            await asyncio.sleep(0.001)
            self.ms = max(self.ms, (time.perf_counter() - began) * 1000 - 1)

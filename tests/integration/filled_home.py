"""A home whose store has a bit of everything, for tests that damage it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import parallel_agents as pa
from parallel_agents.app.opening import open_client
from parallel_agents.settings import Settings, read_environment
from parallel_agents.testing import RepliesWith

WRITER = pa.Agent(name="writer", description="Writes", instructions="Write.")
STRICT = pa.Agent(
    name="strict",
    description="Writes",
    instructions="Write.",
    gates=(pa.RegexGate(pattern="never"),),
)


def fill(home: Path) -> None:
    """A team of which one task failed, a run that is queued, and a limit."""
    asyncio.run(_fill(home))


async def _fill(home: Path) -> None:
    tasks = [
        pa.Task(WRITER, "tea", key="tea", budget=pa.Budget(tokens=10**6)),
        pa.Task(STRICT, "rain", key="rain"),
    ]
    model = RepliesWith(lambda _: "Done.")
    await pa.arun(
        tasks,
        key="team",
        model="scripted/m",
        models={"scripted": lambda _: model},
        home=home,
        agents=[WRITER, STRICT],
    )
    async with open_client(read_environment(home), Settings(model="sim/calm")) as client:
        await client.sessions.spawn(pa.Task(WRITER, "snow", key="snow"))
        await client.limits.reset_limit("scripted/m")

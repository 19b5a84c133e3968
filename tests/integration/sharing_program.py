"""A user's program, as a process of its own, whose agents share values; what came of it as JSON.

`count HOME KEY AGENTS`: agents that each add 1 to the counter of the tree of the session `shared`.
`die HOME MARKER`: an agent whose tool writes twice, and ends its process in between, once.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

import orjson

import parallel_agents as pa
from parallel_agents.core.message import ToolResult
from parallel_agents.core.schema import JsonObject
from parallel_agents.testing import Answer, RepliesWith

COUNTER = pa.Agent(
    name="counter",
    description="Counts",
    instructions="Count.",
    tools=("state_get", "state_compare_and_set"),
    limits=pa.Limits(max_turns=1000),
)
WRITER = pa.Agent(name="writer", description="Writes", instructions="Write.", tools=("note",))
HOST = pa.Agent(name="host", description="Waits", instructions="Wait.", tools=("state_wait_for",))


def told(request: pa.ModelRequest) -> list[JsonObject]:
    parts = request.messages[-1].parts
    return [orjson.loads(part.content) for part in parts if isinstance(part, ToolResult)]


def count(request: pa.ModelRequest) -> Answer:
    if request.system.startswith("Wait."):
        return "over"
    if not told(request):
        return pa.ToolCall("get", "state_get", {"key": "counter"})
    (last,) = told(request)
    if last.get("written"):
        return "added"
    number, version = last["value"] or 0, last["version"]
    assert isinstance(number, int)
    arguments = {"key": "counter", "value": number + 1, "version": version}
    return pa.ToolCall("add", "state_compare_and_set", arguments)


async def count_in(home: str, key: str, agents: int) -> None:
    async with pa.open(
        home=home,
        model="scripted/model",
        max_parallel=agents,
        agents=[COUNTER, HOST],
        models={"scripted": lambda _: RepliesWith(count)},
        settings={"max_children": 1000},
    ) as sessions:
        host = await sessions.spawn(pa.Task("host", "Host.", key="shared"))
        tasks = [
            await sessions.spawn(pa.Task("counter", "Add.", key=f"{key}-{n}"), parent=host)
            for n in range(agents)
        ]
        results = await sessions.wait(tasks)
        sys.stdout.buffer.write(orjson.dumps([[r.label, r.status, str(r.output)] for r in results]))


def die_once(marker: Path) -> None:
    if not marker.exists():
        marker.touch()
        os.kill(os.getpid(), signal.SIGKILL)


async def die_in(home: str, marker: Path) -> None:
    @pa.tool(effect="idempotent")
    async def note(context: pa.ToolContext) -> str:
        """Note it twice."""
        assert context.state is not None
        await context.state.append("log", "first")
        die_once(marker)
        await context.state.append("log", "second")
        return "noted"

    def answer(request: pa.ModelRequest) -> Answer:
        is_over = any(isinstance(part, ToolResult) for part in request.messages[-1].parts)
        return "done" if is_over else pa.ToolCall("1", "note", {})

    async with pa.open(
        home=home,
        model="scripted/model",
        agents=[WRITER],
        tools=[note],
        models={"scripted": lambda _: RepliesWith(answer)},
    ) as sessions:
        handle = await sessions.spawn(pa.Task("writer", "Write.", key="work"))
        result = await handle.wait()
        log = await (await sessions.state(handle)).get("log")
        told = orjson.dumps(log and [log.value, log.version]).decode()
        sys.stdout.buffer.write(orjson.dumps([[result.label, result.status, told]]))


if __name__ == "__main__":
    what, home, *rest = sys.argv[1:]
    if what == "count":
        asyncio.run(count_in(home, rest[0], int(rest[1])))
    else:
        asyncio.run(die_in(home, Path(rest[0])))

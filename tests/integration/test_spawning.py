"""Agents that spawn agents, in real processes: a kill -9 in the middle loses no session."""

from __future__ import annotations

import asyncio
import sqlite3
from asyncio.subprocess import PIPE
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import orjson

from parallel_agents.core.message import ToolCall
from parallel_agents.core.schema import JsonObject
from parallel_agents.models.shapes import objects_at, text_at
from parallel_agents.testing import Behaviour, Hang, LoopbackProvider, serve
from parallel_agents.testing.behaviour import Fault, Reply
from tests.integration.other_processes import PATIENCE_SECONDS, until

PROGRAM = Path(__file__).with_name("lead_program.py")
CHILDREN = 3


def is_lead(body: JsonObject) -> bool:
    return text_at(objects_at(body, "messages")[0], "content").startswith("Lead.")


def answer(body: JsonObject) -> Reply:
    """The lead spawns, yields, and sums up; a writer writes."""
    messages = objects_at(body, "messages")
    turn = sum(text_at(message, "role") == "assistant" for message in messages)
    if not is_lead(body):
        return f"{text_at(messages[1], 'content')} is written"
    if turn == 0:
        return [
            ToolCall(f"spawn-{n}", "sessions_spawn", {"task": f"Part {n}", "agentId": "writer"})
            for n in range(CHILDREN)
        ]
    if turn == 1:
        return [ToolCall("yield", "sessions_yield", {})]
    results = orjson.loads(text_at(messages[-1], "content"))["completed"]
    return " and ".join(sorted(result["result"] for result in results))


def hang_at_first() -> Callable[[int, JsonObject], Fault | None]:
    """The first calls of the writers get no answer: they are in flight at the kill."""
    asked: list[int] = []

    def fault(number: int, body: JsonObject) -> Fault | None:
        if is_lead(body):
            return None
        asked.append(number)
        return Hang() if len(asked) <= CHILDREN else None

    return fault


def kept(home: Path, key: str) -> int:
    """How many events of this name the store has: the lead's second reply, as no writer has one."""
    with closing(sqlite3.connect(home / "store.db")) as store:
        return store.execute("SELECT COUNT(*) FROM events WHERE key = ?", (key,)).fetchone()[0]


async def start(python: Path, home: Path, provider: LoopbackProvider) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        python, PROGRAM, home, provider.base_url, stdout=PIPE, stderr=PIPE
    )


async def test_a_tree_continues_after_kill_9_without_a_second_spawn_or_a_wasted_call(
    tmp_path: Path, programs: Path
) -> None:

    with serve(Behaviour(answer=answer, fault=hang_at_first())) as provider:
        first = await start(programs / "python", tmp_path, provider)
        await until(lambda: sum(not is_lead(r.body) for r in provider.requests) == CHILDREN)
        await until(lambda: kept(tmp_path, "turn-2/model") == 1)
        first.kill()
        await first.communicate()
        second = await start(programs / "python", tmp_path, provider)
        out, err = await asyncio.wait_for(second.communicate(), PATIENCE_SECONDS)
        assert second.returncode == 0, err.decode()
        told = orjson.loads(out)
        asked = Counter(is_lead(request.body) for request in provider.requests)

    assert told == ["done", "Part 0 is written and Part 1 is written and Part 2 is written"]
    assert asked == {True: 3, False: 2 * CHILDREN}

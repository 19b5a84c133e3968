"""The provider of test_kill.py, a process of its own: four tool calls, then the answer, each slow."""

from __future__ import annotations

import asyncio
import random
import sys
from pathlib import Path

from parallel_agents.core.message import ToolCall
from parallel_agents.core.schema import JsonObject
from parallel_agents.models.shapes import objects_at, text_at
from parallel_agents.testing import Behaviour, Drip, LoopbackProvider
from parallel_agents.testing.behaviour import Fault, Reply

TOOL_TURNS = 4


def answer(body: JsonObject) -> Reply:
    """By the transcript alone, so that a call that is made twice is answered the same."""
    messages = objects_at(body, "messages")
    turn = sum(text_at(message, "role") == "assistant" for message in messages)
    task = next(text_at(m, "content") for m in messages if text_at(m, "role") == "user")
    if turn < TOOL_TURNS:
        return (ToolCall(f"call_{turn}", "measure", {"plot": f"{task} Corner {turn}."}),)
    return f"Done: {task}"


async def main() -> None:
    log, seed, least, most = Path(sys.argv[1]), int(sys.argv[2]), *map(float, sys.argv[3:5])
    chance = random.Random(seed)

    def slowly(number: int, body: JsonObject) -> Fault:
        del number, body
        return Drip(chance.uniform(least, most))

    behaviour = Behaviour(answer=answer, fault=slowly)
    async with LoopbackProvider(behaviour, log=log, keeps_requests=False) as provider:
        sys.stdout.write(f"{provider.base_url}\n")
        sys.stdout.flush()
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())

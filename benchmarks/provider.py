"""The model server of the benchmarks: nine tool calls, then a text; in a process of its own."""

from __future__ import annotations

import argparse
import asyncio
import resource

from parallel_agents.core.message import ToolCall
from parallel_agents.core.schema import JsonObject
from parallel_agents.testing.behaviour import Behaviour, Reply
from parallel_agents.testing.provider import LoopbackProvider

WORDS = "x" * 800


def answer(body: JsonObject) -> Reply:
    """A tool call as long as the transcript has fewer tool results than the model's name says."""
    messages = body["messages"]
    wanted = int(str(body["model"]).rpartition("-")[2])
    done = sum(1 for message in messages if message["role"] == "tool")
    if done + 1 < wanted:
        return [ToolCall(f"call-{done}", "add", {"a": done, "b": 2})]
    return WORDS


async def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--latency", type=float, default=0.0)
    given = parser.parse_args()
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    behaviour = Behaviour(answer=answer, latency_seconds=given.latency)
    async with LoopbackProvider(behaviour, keeps_requests=False) as provider:
        print(provider.base_url, flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())

"""What we add to the words of an agent and its task, in tokens of four characters."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path

import parallel_agents as pa
from parallel_agents.testing.provider import LoopbackProvider

CHARACTERS_PER_TOKEN = 4


async def added() -> int:
    """The request's text, less the agent's instructions, its task, its input and its schema."""
    async with LoopbackProvider() as provider:
        with tempfile.TemporaryDirectory() as home:
            settings = {"providers": {"bench": {"wire": "chat", "base_url": provider.base_url}}}
            task = pa.Task("code_reviewer", "Review this", input={"code": "x = 1"})
            await pa.arun([task], model="bench/any", home=Path(home), settings=settings)
        body = provider.requests[0].body
    said = sum(len(message["content"]) for message in body["messages"])
    from parallel_agents.catalog.catalog import Catalog

    agent = Catalog().agent("code_reviewer")
    return said - len(agent.instructions) - len("Review this") - len("x = 1")


def main() -> None:
    print(f"{asyncio.run(added()) / CHARACTERS_PER_TOKEN:.0f} tokens")

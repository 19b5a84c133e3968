"""How much this project adds to the prompt of an agent, in tokens of four characters."""

from __future__ import annotations

import asyncio
import json
import tempfile
from pathlib import Path

import orjson

import parallel_agents as pa
from parallel_agents.testing.provider import LoopbackProvider

CHARACTERS_PER_TOKEN = 4


async def added() -> int:
    """The characters of a request beyond the agent's instructions, its task and its input."""
    async with LoopbackProvider() as provider:
        with tempfile.TemporaryDirectory() as home:
            settings = {"providers": {"bench": {"wire": "chat", "base_url": provider.base_url}}}
            task = pa.Task("code_reviewer", "Review this", input={"code": "x = 1"})
            await pa.arun([task], model="bench/any", home=Path(home), settings=settings)
        body = provider.requests[0].body
    total = sum(len(message["content"]) for message in body["messages"])
    from parallel_agents.catalog.catalog import Catalog

    agent = Catalog().agent("code_reviewer")
    return total - len(agent.instructions) - len("Review this") - len("x = 1")


def child() -> int:
    """The characters in the prompt of a child beyond its agent's instructions."""
    from parallel_agents.core.ids import SessionKey
    from parallel_agents.core.session import Session
    from parallel_agents.runners.agent.prompts import system_of

    agent = pa.Agent(name="plain", description="", instructions="x")
    key = SessionKey("agent:plain:subagent:1")
    session = Session(
        key=key, agent=agent, label="research", spawn_key="a", parent=key, root=key, depth=1
    )
    return len(system_of(session, ())) - len(agent.instructions)


def tools() -> int:
    """The characters of all session tools, as a request contains them."""
    from parallel_agents.session_tools.specs import SPECS

    return sum(
        len(orjson.dumps({"n": spec.name, "d": spec.description, "p": spec.parameters}))
        for spec in SPECS
    )


def main() -> None:
    counts = {"agent": asyncio.run(added()), "child": child(), "tools": tools()}
    print(json.dumps({name: count / CHARACTERS_PER_TOKEN for name, count in counts.items()}))

"""The baseline: the same calls in a bare loop on aiohttp that stores nothing."""

from __future__ import annotations

import asyncio

import aiohttp
import orjson

TOOL = {
    "type": "function",
    "function": {
        "name": "add",
        "description": "Add two numbers.",
        "parameters": {
            "type": "object",
            "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}},
            "required": ["a", "b"],
        },
    },
}


def add(a: int, b: int) -> int:
    return a + b


async def converse(session: aiohttp.ClientSession, url: str, model: str, text: str) -> str:
    """Execute one run: call the model and its tool until it answers with text."""
    messages: list[dict[str, object]] = [
        {"role": "system", "content": "You add numbers."},
        {"role": "user", "content": text},
    ]
    while True:
        body = orjson.dumps({"model": model, "messages": messages, "tools": [TOOL]})
        headers = {"Content-Type": "application/json"}
        async with session.post(f"{url}/chat/completions", data=body, headers=headers) as reply:
            message = orjson.loads(await reply.read())["choices"][0]["message"]
        messages.append(message)
        if not message.get("tool_calls"):
            return message["content"]
        for call in message["tool_calls"]:
            value = add(**orjson.loads(call["function"]["arguments"]))
            messages.append({"role": "tool", "tool_call_id": call["id"], "content": str(value)})


async def run(url: str, *, runs: int, calls: int, at_once: int) -> None:
    slots = asyncio.Semaphore(at_once)
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector) as session:

        async def one(number: int) -> None:
            async with slots:
                await converse(session, url, f"bench-{calls}", f"task {number}")

        async with asyncio.TaskGroup() as group:
            for number in range(runs):
                group.create_task(one(number))

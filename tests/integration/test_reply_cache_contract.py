"""What every store promises about cached replies."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import pytest

from parallel_agents.core.message import Message, Role, Text, Thinking, ToolCall
from parallel_agents.core.model import Finish, ModelReply
from parallel_agents.core.store import Store
from parallel_agents.core.usage import Usage
from parallel_agents.testing import MemoryStore

OpenStore = Callable[[], AbstractAsyncContextManager[Store]]

PARTS = (Thinking("hm"), Text("I look."), ToolCall("1", "look", {"at": [1, None]}))
REPLY = ModelReply(
    message=Message(Role.ASSISTANT, PARTS),
    model="acme/model-1",
    finish=Finish.TOOLS,
    usage=Usage(1, 2, 3, 4),
    tries=2,
)


async def test_a_reply_is_kept_whole_under_its_key(open_store: OpenStore) -> None:
    async with open_store() as store:
        await store.keep_reply("a", REPLY, seconds=100)

        assert await store.cached_reply("a", seconds=100) == REPLY
        assert await store.cached_reply("b", seconds=100) is None


async def test_a_reply_takes_the_place_of_the_one_before(open_store: OpenStore) -> None:
    async with open_store() as store:
        other = ModelReply(message=Message(Role.ASSISTANT, (Text("No."),)), model="acme/model-1")
        await store.keep_reply("a", REPLY, seconds=100)

        await store.keep_reply("a", other, seconds=100)

        assert await store.cached_reply("a", seconds=100) == other


@pytest.mark.virtual_time
async def test_a_reply_is_there_until_it_expires_or_is_too_old_for_who_asks() -> None:
    store = MemoryStore(asyncio.get_running_loop().time)
    await store.keep_reply("a", REPLY, seconds=100)
    await asyncio.sleep(60)

    assert await store.cached_reply("a", seconds=59) is None
    assert await store.cached_reply("a", seconds=61) == REPLY
    await asyncio.sleep(41)
    assert await store.cached_reply("a", seconds=1000) is None
    await store.aclose()

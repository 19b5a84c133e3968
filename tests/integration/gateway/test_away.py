"""A gateway that is started again, politely or not: whoever waits at it goes on, and nothing is done twice."""

from __future__ import annotations

import asyncio
import signal
from asyncio.subprocess import DEVNULL, PIPE, Process
from contextlib import aclosing
from pathlib import Path

import aiohttp
import orjson
import pytest
from typing_extensions import override

import parallel_agents as pa
from parallel_agents.app.distant import TOKEN_NAME, open_distant
from parallel_agents.app.opening import open_app
from parallel_agents.app.parts import Parts
from parallel_agents.core.model import Listener, ModelReply, ModelRequest
from parallel_agents.core.schema import JsonObject
from parallel_agents.settings import TOKEN_VARIABLE, URL_VARIABLE, Environment, Settings
from parallel_agents.testing import RepliesWith
from tests.integration.other_processes import until


class Held(RepliesWith):
    """Answers once it may."""

    def __init__(self, may_answer: asyncio.Event) -> None:
        super().__init__(lambda _: "done", "held/x")
        self._may_answer = may_answer

    @override
    async def respond(self, request: ModelRequest, listener: Listener | None = None) -> ModelReply:
        await self._may_answer.wait()
        return await super().respond(request, listener)


async def served(programs: Path, home: Path, port: str = "0") -> tuple[Process, str]:
    """`pagents serve` of a home, and its address."""
    process = await asyncio.create_subprocess_exec(
        *(programs / "pagents", "serve", "--port", port, "--home", home),
        env={"PATH": str(programs), "HOME": str(home)},
        stdout=PIPE,
        stderr=DEVNULL,
    )
    assert process.stdout is not None
    return process, (await process.stdout.readline()).decode().strip()


async def notify_twice(url: str, token: str) -> list[int]:
    """A message to the session `uu` in a call of a tool that is sent again under its key."""
    told = {"sessionKey": "uu", "message": "More.", "mode": "notify"}
    body: JsonObject = {"name": "sessions_send", "arguments": told}
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": "0123456789abcdef"}
    async with aiohttp.ClientSession(headers=headers) as http:
        found: list[int] = []
        for _ in range(2):
            async with http.post(f"{url}/api/v1/tools/call", json=body) as answer:
                found.append(answer.status)
    return found


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGKILL])
async def test_whoever_waits_goes_on_at_a_gateway_that_is_started_again(
    tmp_path: Path, programs: Path, end: signal.Signals
) -> None:
    home, may_answer = tmp_path / "home", asyncio.Event()
    parts = Parts(models={"held": lambda _: Held(may_answer)})
    told: dict[int, str] = {}
    settings = Settings(model="held/x")
    async with (
        asyncio.timeout(60),
        open_app(Environment(home=home, variables={}), settings, parts) as app,
    ):
        spawned = await app.sessions.spawn(pa.Task("main", "Hello.", label="uu"))
        process, url = await served(programs, home)
        token = (home / TOKEN_NAME).read_text().strip()
        variables = {URL_VARIABLE: url, TOKEN_VARIABLE: token}
        notified = await notify_twice(url, token)
        there = Environment(home=tmp_path / "none", variables=variables)
        async with open_distant(there) as distant:

            async def follow() -> None:
                async with aclosing(distant.sessions.follow(spawned.session_key)) as events:
                    async for event in events:
                        told[event.seq] = event.key

            arguments: JsonObject = {"ids": ["uu"], "timeoutSeconds": 40}
            asking = distant.tools.call(
                "agents_wait", arguments, client="", longest_wait=50, allow_answers=False
            )
            async with asyncio.TaskGroup() as group:
                waiting = group.create_task(distant.sessions.wait([spawned.run_id]))
                calling = group.create_task(asking)
                following = group.create_task(follow())
                await until(lambda: bool(told))
                process.send_signal(end)
                await process.wait()
                was_done = any(each.done() for each in (waiting, calling, following))
                process, _ = await served(programs, home, url.rpartition(":")[2])
                may_answer.set()
        process.terminate()
        await process.wait()

    assert notified == [200, 200]
    assert sum(each.startswith("steer-") and "/" not in each for each in told.values()) == 1
    assert not was_done
    assert [each.text for each in waiting.result()] == ["done"]
    assert b'"result":"done"' in orjson.dumps(calling.result()["completed"])
    assert sorted(set(told.values())) == sorted(told.values())

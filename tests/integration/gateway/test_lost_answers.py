"""A line that loses the first answer to each change: what was asked for is done once, and told as if nothing was lost."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import aiohttp
import pytest
from aiohttp import web

import parallel_agents as pa
from parallel_agents.app.distant import Distant, open_distant
from parallel_agents.core.ids import SessionKey
from parallel_agents.core.rates import RateLimit
from parallel_agents.core.run import RunStatus
from parallel_agents.core.schema import Json
from parallel_agents.errors import GatewayUnreachable
from parallel_agents.gateway_client.address import Address
from parallel_agents.gateway_client.exchange import Exchange
from parallel_agents.settings import TOKEN_VARIABLE, URL_VARIABLE, Environment, Settings
from parallel_agents.testing import Behaviour, Hold, LoopbackProvider
from tests.integration.gateway.test_client import answering

if TYPE_CHECKING:
    from tests.integration.gateway.conftest import Served, Serving

TASK = pa.Task(
    "code_reviewer",
    "Look",
    input={"code": "x = 1", "language": "python"},
    model="sim/calm",
    key="named",
)


@asynccontextmanager
async def over_lossy_line(
    served: Served, told: Counter[tuple[str, str]]
) -> AsyncGenerator[Distant]:
    """A client whose requests arrive, and who hears nothing of the first answer to each change."""

    async def pass_on(request: web.Request) -> web.StreamResponse:
        headers = {
            name: text
            for name, text in request.headers.items()
            if name
            in ("Authorization", "Content-Type", "Idempotency-Key", "X-First-Sent-Seconds-Ago")
        }
        async with served.http.request(
            request.method,
            request.path_qs,
            data=await request.read() or None,
            headers=headers,
        ) as answer:
            content = await answer.read()
        told[request.method, request.path] += 1
        if request.method != "GET" and told[request.method, request.path] == 1:
            assert request.transport is not None
            request.transport.abort()
        return web.Response(status=answer.status, body=content, content_type=answer.content_type)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", pass_on)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    variables = {URL_VARIABLE: url, TOKEN_VARIABLE: served.tokens.operate}
    async with open_distant(
        Environment(home=served.environment.home / "none", variables=variables)
    ) as distant:
        yield distant
    await runner.cleanup()


async def test_a_change_whose_answer_is_lost_is_made_once_and_told_as_made(
    serving: Serving,
) -> None:
    sent: Counter[tuple[str, str]] = Counter()
    may_end = asyncio.Event()
    held = replace(TASK, model="acme/m")
    behaviour = Behaviour(fault=lambda _number, _body: Hold(may_end.is_set))
    async with LoopbackProvider(behaviour) as provider:
        acme: dict[str, Json] = {"base_url": provider.base_url, "wire": "chat"}
        settings = Settings(model="acme/m", providers={"acme": acme})
        async with (
            serving(settings) as served,
            served.worker(),
            over_lossy_line(served, sent) as distant,
        ):
            await distant.sessions.list()
            spawned = await distant.sessions.spawn(held)
            again = await distant.sessions.spawn(held)
            tree = SessionKey(spawned.session_key)
            state = distant.sharing.state(tree)
            await state.append("list", "one")
            written = await state.compare_and_set("n", 1, version=0)
            await distant.sessions.price(held)
            limit = await distant.limits.set_limit("acme/m", RateLimit(requests_per_minute=7))
            foretold = await distant.sessions.kill(tree, dry_run=True)
            paused = await distant.sessions.pause(tree)
            killed = await distant.sessions.kill(tree)
            entries = {each.key: each.value for each in await state.entries()}
            rows = await distant.sessions.list()
        may_end.set()

    assert (spawned.is_new, again.is_new) == (True, False)
    assert [row.run.status for row in rows] == [RunStatus.KILLED]
    assert entries == {"list": ["one"], "n": 1}
    assert written.is_written
    assert limit.limit == RateLimit(requests_per_minute=7)
    assert len(foretold.runs) == len(paused.runs) == len(killed.runs) == 1
    assert all(times > 1 for (method, _), times in sent.items() if method != "GET")


async def test_only_a_write_to_the_state_is_refused_if_an_earlier_gateway_may_have_done_it(
    serving: Serving,
) -> None:
    headers = {"Idempotency_Key": "k", "X_First_Sent_Seconds_Ago": "99999"}
    async with serving() as served, served.worker():
        work = {"agent": "code_reviewer", "text": "Look", "input": TASK.input, "model": "sim/calm"}
        spawned = await served.post("/runs", work, **headers)
        path = f"/runs/{spawned[1]['id']}"
        written = await served.post(
            f"{path}/state", {"operation": "append", "key": "a", "value": 1}, **headers
        )
        killed = await served.post(f"{path}/kill", {}, **headers)

    assert (spawned[0], killed[0]) == (201, 200)
    assert (written[0], written[1]["code"]) == (409, "PA-E106")
    assert "may have been done" in written[1]["title"]


@pytest.mark.parametrize("is_change", [True, False])
async def test_a_gateway_that_stays_away_says_of_a_change_that_it_may_be_done(
    is_change: bool,
) -> None:
    keys: list[str | None] = []

    async def lose(request: web.Request) -> web.StreamResponse:
        keys.append(request.headers.get("Idempotency-Key"))
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    async with answering(lose) as exchange:
        with pytest.raises(GatewayUnreachable) as refused:
            await (exchange.change if is_change else exchange.ask)("/x", {})

    assert len(keys) == 2
    assert len(set(keys)) == 1
    assert ("may be done" in refused.value.hint) is is_change
    assert (f"request {keys[0]}" in refused.value.hint) is is_change


async def test_a_change_that_never_arrived_is_not_called_possibly_done() -> None:
    async with aiohttp.ClientSession() as http:
        exchange = Exchange(Address(url="http://127.0.0.1:9", token="t" * 20), http)
        with pytest.raises(GatewayUnreachable) as refused:
            await exchange.change("/x", {})

    assert "may be done" not in refused.value.hint

"""The client of a gateway: work is started and steered from another machine, whatever the line does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
from aiohttp import web

import parallel_agents as pa
from parallel_agents.app.opening import open_client
from parallel_agents.core.event import Event, Started
from parallel_agents.core.filter import Filter
from parallel_agents.core.gate import FunctionGate
from parallel_agents.core.ids import OwnerId, RunId, SessionKey
from parallel_agents.core.row import Row
from parallel_agents.core.run import Run, RunnerKind, RunStatus
from parallel_agents.core.session import Session
from parallel_agents.core.workspace import Workspace
from parallel_agents.errors import (
    BadGateway,
    Conflict,
    GatewayMismatch,
    GatewayUnreachable,
    InvalidInput,
    NotAtDistance,
    NotAuthorized,
    OnlyReads,
    PagentsError,
    RunIsOver,
    UnknownAgent,
)
from parallel_agents.gateway_client.address import Address
from parallel_agents.gateway_client.exchange import Exchange
from parallel_agents.gateway_client.following import follow
from parallel_agents.gateway_client.reads import RemoteReads
from parallel_agents.gateway_client.wire import FIND, FOLLOW, FORMAT, Asked, encode
from parallel_agents.surfaces.cli.top_page import page_of

if TYPE_CHECKING:
    from tests.integration.gateway.conftest import Serving

TASK = pa.Task(
    "code_reviewer",
    "Look",
    input={"code": "x = 1", "language": "python"},
    model="sim/calm",
    key="k",
)
TOKEN = "t" * 20
KEY = SessionKey("agent:writer:main")


async def test_a_program_spawns_messages_and_kills_at_a_distance(serving: Serving) -> None:
    async with (
        serving() as served,
        served.worker(),
        pa.connect(served.url, token=served.tokens.operate) as sessions,
    ):
        first = await sessions.spawn(TASK)
        with pytest.raises(TimeoutError, match="have not ended in 0"):
            await first.wait(timeout=0.01)
        again = await sessions.spawn(TASK)
        (result,) = await sessions.wait([first], timeout=30)
        with pytest.raises(Conflict):
            await sessions.spawn(replace(TASK, text="Else"))
        with pytest.raises(UnknownAgent):
            await sessions.spawn(pa.Task("code_revewer", "Look"))
        sent = await sessions.send("k", "more")
        followed = [event.seq async for event in sessions.follow("k")]
        with pytest.raises(RunIsOver):
            await sessions.steer("k", "too late")
        await sent.wait(timeout=30)
        killed = await sessions.kill("k")
        paused, unpaused = await sessions.pause("k"), await sessions.unpause("k")
        assert (await (await sessions.send("k", "even more")).wait(timeout=30)).is_done
        rows = await sessions.list()

    assert (first.is_new, again.is_new) == (True, False)
    assert first.key == again.key == sent.key == rows[0].session.key
    assert result.status is RunStatus.DONE
    assert followed == sorted(set(followed))
    assert (killed.runs, killed.already_over) == ([], 2)
    assert paused == unpaused == ([], 0)


async def test_the_page_of_a_session_has_an_address_without_a_token(serving: Serving) -> None:
    async with serving() as served, served.worker():
        async with pa.connect(served.url, token=served.tokens.operate) as sessions:
            spawned = await sessions.spawn(TASK)
        environment = replace(served.environment, variables={"PARALLEL_AGENTS_URL": served.url})

        found = await page_of(environment, spawned.key)

    assert found.startswith(f"{served.url}/#/session/")
    assert served.tokens.operate not in found


async def test_a_token_that_only_reads_changes_nothing_and_a_wrong_one_sees_nothing(
    serving: Serving,
) -> None:
    async with serving() as served:
        async with pa.connect(served.url, token=served.tokens.read) as sessions:
            assert await sessions.list() == []
            with pytest.raises(OnlyReads):
                await sessions.spawn(TASK)
        with pytest.raises(NotAuthorized) as refused:
            async with pa.connect(served.url, token=TOKEN):
                pass

    assert "PARALLEL_AGENTS_TOKEN" in refused.value.hint


@pytest.mark.parametrize(
    "task",
    [
        replace(TASK, workspace=Workspace.own(".")),
        replace(TASK, gates=(FunctionGate(function="f"),)),
        replace(TASK, ladder=("a/b",)),
        replace(TASK, limits=pa.Limits(max_turns=3)),
        replace(TASK, agent=pa.Agent(name="own", description="d", instructions="i")),
    ],
    ids=["workspace", "function", "ladder", "turns", "agent"],
)
async def test_what_a_gateway_does_not_take_is_refused_before_it_is_sent(
    task: pa.Task, serving: Serving
) -> None:
    async with (
        serving() as served,
        pa.connect(served.url, token=served.tokens.operate) as sessions,
    ):
        with pytest.raises(NotAtDistance):
            await sessions.spawn(task)
        assert await sessions.list() == []


async def test_no_store_of_this_machine_is_opened_while_a_gateway_is_named(
    serving: Serving, tmp_path: Path
) -> None:
    async with serving() as served:
        named = replace(
            served.environment,
            home=tmp_path / "other",
            variables={"PARALLEL_AGENTS_URL": served.url},
        )
        with pytest.raises(NotAtDistance):
            async with open_client(named, served.settings):
                pass

    assert not (tmp_path / "other").exists()


@asynccontextmanager
async def answering(handler: Callable[[web.Request], Any]) -> AsyncGenerator[Exchange]:
    """A client of a server on loopback that answers everything with the handler."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handler)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    async with aiohttp.ClientSession(auto_decompress=False) as http:
        yield Exchange(Address(url=url, token=TOKEN), http)
    await runner.cleanup()


async def test_a_stream_that_is_cut_goes_on_where_it_was_without_loss_or_doubles() -> None:
    events = [
        Event(seq, 1.0, KEY, RunId("r"), f"e{seq}", Started(owner=OwnerId("o"), epoch=1))
        for seq in range(1, 8)
    ]
    asked: list[int] = []

    async def cut(request: web.Request) -> web.StreamResponse:
        after = int(request.query["after"])
        asked.append(after)
        assert request.path == f"/api/v1{FOLLOW}"
        reply = web.StreamResponse(headers={"content-type": "text/event-stream"})
        await reply.prepare(request)
        last = max(0, after - 1)  # one that is known already
        for event in events[last : after + 2]:
            await reply.write(b'data: {"format": %d, "value": %s}\n\n' % (FORMAT, encode(event)))
        if after + 2 >= len(events):
            await reply.write(b'data: {"end": true}\n\n')
        else:
            await reply.write(b'data: {"format": 1, "val')
            assert request.transport is not None
            request.transport.abort()
        return reply

    async with answering(cut) as exchange:
        found = [event async for event in follow(exchange, KEY, 0)]

    assert found == events
    assert asked == [0, 2, 4, 6]


@pytest.mark.parametrize(("limit", "sent"), [(5, 6), (None, 200)], ids=["more", "the same"])
async def test_a_list_that_would_never_end_is_refused(limit: int | None, sent: int) -> None:
    agent = pa.Agent(name="writer", description="d", instructions="i")
    session = Session(key=KEY, agent=agent, label="", spawn_key="k", root=KEY)
    run = Run(
        id=RunId("r"), session=KEY, number=1, kind=RunnerKind.AGENT, status=RunStatus.DONE, title=""
    )
    rows = encode([Row(session=session, run=run)] * sent)

    async def same(request: web.Request) -> web.Response:
        del request
        return web.Response(body=b'{"format": %d, "value": %s}' % (FORMAT, rows))

    async with answering(same) as exchange, asyncio.timeout(20):
        with pytest.raises(GatewayMismatch, match="cannot be understood"):
            await RemoteReads(exchange).list(Filter(limit=limit))


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (lambda: web.json_response({"format": 2, "value": 1}), GatewayMismatch),
        (lambda: web.json_response({"format": FORMAT, "value": {"run": 5}}), GatewayMismatch),
        (lambda: web.json_response([1]), GatewayMismatch),
        (lambda: web.Response(text="<html>", status=200), GatewayMismatch),
        (lambda: web.Response(status=302, headers={"location": "/elsewhere"}), GatewayMismatch),
        (lambda: web.Response(status=502), GatewayUnreachable),
    ],
    ids=["format", "type", "list", "html", "redirect", "proxy"],
)
async def test_what_does_not_answer_as_a_gateway_is_refused(
    reply: Callable[[], web.Response], kind: type[PagentsError]
) -> None:
    paths: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        paths.append(request.path)
        return reply()

    async with answering(answer) as exchange:
        with pytest.raises(kind):
            await exchange.look(FIND, Asked(look=FIND.name, name="x"))

    assert "/elsewhere" not in paths


async def test_a_content_that_is_not_what_its_hash_says_is_refused() -> None:
    async def answer(request: web.Request) -> web.Response:
        del request
        return web.Response(body=b"other bytes")

    async with answering(answer) as exchange:
        with pytest.raises(GatewayMismatch):
            await exchange.content("/runs/t/artifacts/a", "0" * 64)


async def test_a_handle_whose_block_has_ended_is_refused_and_says_so(serving: Serving) -> None:
    async with serving() as served:
        async with pa.connect(served.url, token=served.tokens.operate) as sessions:
            pass

        with pytest.raises(InvalidInput, match="is closed") as refused:
            await sessions.list()

    assert "inside the `async with`" in refused.value.hint


async def test_a_token_that_was_passed_in_is_refused_as_what_it_is() -> None:
    with pytest.raises(BadGateway, match=r"token of connect\(\) holds no token"):
        async with pa.connect("http://127.0.0.1:9", token="short"):
            pass


async def test_a_gateway_that_is_not_there_is_named() -> None:
    with pytest.raises(GatewayUnreachable) as refused:
        async with asyncio.timeout(20), pa.connect("http://127.0.0.1:9", token=TOKEN):
            pass

    assert refused.value.message == "the gateway at http://127.0.0.1:9 cannot be reached"
    assert refused.value.why == "connection refused"

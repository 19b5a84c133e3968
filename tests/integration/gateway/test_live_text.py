"""What a model writes is told on the socket by the process that executes the run, while somebody looks."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from typing_extensions import override

import parallel_agents as pa
from parallel_agents.app.opening import open_app
from parallel_agents.app.parts import Parts
from parallel_agents.core.model import Listener, ModelReply, ModelRequest
from parallel_agents.core.owner import Role
from parallel_agents.live_text.folder import FOLDER, LiveTextFolder
from parallel_agents.settings import Settings
from parallel_agents.testing import RepliesWith
from tests.integration.gateway.test_gateway import queued
from tests.integration.other_processes import until

if TYPE_CHECKING:
    from tests.integration.gateway.conftest import Serving

PIECES = ("<b>Dear</b> ", "Ana, ")


class Slow(RepliesWith):
    """Writes two pieces, and the rest once it may."""

    def __init__(self, may_end: asyncio.Event) -> None:
        super().__init__(lambda _: "".join(PIECES), "sim/calm")
        self._may_end = may_end
        self.shown = 0

    @override
    async def respond(self, request: ModelRequest, listener: Listener | None = None) -> ModelReply:
        if listener is not None and listener.wants_text:
            self.shown += 1
            for piece in PIECES:
                listener.text(piece)
            await self._may_end.wait()
        return await super().respond(request)


async def test_what_a_model_writes_is_told_while_it_does_and_not_kept(serving: Serving) -> None:
    may_end = asyncio.Event()
    parts = Parts(models={"sim": lambda _: Slow(may_end)}, role=Role.WORKER)
    written, kinds = "", set[str]()
    async with serving() as served:
        key = await queued(served)
        row = await served.gateway.client.sessions.find(key)
        run, topic = row.run.id, f"session:{row.session.key}"
        folder = LiveTextFolder(served.environment.home)
        protocols = ("pagents.v1", f"bearer.{served.tokens.read}")
        async with (
            asyncio.timeout(20),
            served.http.ws_connect("/api/v1/live", protocols=protocols) as socket,
        ):
            await socket.send_json({"subscribe": topic, "after": 0})
            await until(lambda: folder.is_wanted(run))
            async with open_app(served.environment, Settings(model="sim/calm"), parts):
                while "finished" not in kinds:
                    frame = await socket.receive_json()
                    if (piece := frame.get("text")) and piece["text"]:
                        written = written[: piece["start"]] + piece["text"]
                        may_end.set()
                    kinds |= {each["event"]["kind"] for each in frame.get("events", ())}
        await until(lambda: not folder.is_wanted(run))

    assert written == "".join(PIECES)
    assert list((served.environment.home / FOLDER).iterdir()) == []


async def test_a_run_stays_wanted_by_one_who_looks_when_another_leaves(serving: Serving) -> None:
    async with serving() as served, asyncio.timeout(20):
        key = await queued(served)
        row = await served.gateway.client.sessions.find(key)
        run, topic = row.run.id, f"session:{row.session.key}"
        folder = LiveTextFolder(served.environment.home)
        protocols = ("pagents.v1", f"bearer.{served.tokens.read}")
        async with served.http.ws_connect("/api/v1/live", protocols=protocols) as socket:
            await socket.send_json({"subscribe": topic, "after": 0})
            await until(lambda: folder.is_wanted(run))
            folder.leave(run)
            async with asyncio.timeout(2):
                await until(lambda: folder.is_wanted(run))


async def test_a_program_at_a_distance_hears_each_call_while_it_is_made(serving: Serving) -> None:
    may_end = asyncio.Event()
    model = Slow(may_end)
    parts = Parts(models={"sim": lambda _: model}, role=Role.WORKER)
    heard: list[str] = []

    def hear(piece: str) -> None:
        heard.append(piece)
        may_end.set()

    def refuse(_: str) -> None:
        raise ValueError("a listener that fails does no harm")

    async with (
        asyncio.timeout(20),
        serving() as served,
        open_app(served.environment, Settings(model="sim/calm"), parts),
        pa.connect(served.url, token=served.tokens.operate) as sessions,
    ):
        served.add_greeter()
        handle = await sessions.spawn(pa.Task("greeter", "Ana", model="sim/calm"), on_text=hear)
        handle.listen(refuse)
        await handle.wait()
        await handle.send("Again", on_text=hear)
        await handle.wait()

    assert model.shown == 2
    assert "".join(heard) == "".join(PIECES) * 2

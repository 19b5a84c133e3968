"""What a model writes is told on the socket by the process that executes the run, while somebody looks."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

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

    def __init__(self, may_end: asyncio.Event, rest: str = "") -> None:
        super().__init__(lambda _: "".join((*PIECES, rest)), "sim/calm")
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


class Line:
    """A line to a server of this machine that can be cut; like a proxy, it keeps the server's name."""

    def __init__(self, url: str) -> None:
        self._there = urlsplit(url).netloc
        self._here = ""
        self._ends: set[asyncio.StreamWriter] = set()
        self._is_cut = False
        self.refused = 0

    @asynccontextmanager
    async def laid(self) -> AsyncGenerator[str]:
        """The address of its near end."""
        server = await asyncio.start_server(self._join, "127.0.0.1", 0)
        self._here = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        try:
            yield f"http://{self._here}"
        finally:
            server.close()
            self.cut()

    def cut(self) -> None:
        """Break all connections off, and refuse further ones."""
        self._is_cut = True
        for end in self._ends:
            end.transport.abort()

    def mend(self) -> None:
        self._is_cut = False

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._is_cut:
            self.refused += 1
            writer.transport.abort()
            return
        there, back = await asyncio.open_connection(*self._there.split(":"))
        ends = {writer, back}
        self._ends |= ends
        with suppress(OSError):
            await asyncio.gather(self._pass(reader, back), self._pass(there, writer))
        self._ends -= ends

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65_536):
            writer.write(data.replace(self._here.encode(), self._there.encode()))
            await writer.drain()
        writer.close()


async def test_what_is_written_while_the_line_is_cut_is_heard_once_it_is_mended(
    serving: Serving,
) -> None:
    may_end = asyncio.Event()
    parts = Parts(models={"sim": lambda _: Slow(may_end, "hello.")}, role=Role.WORKER)
    heard: list[str] = []
    at_reply = ""

    async with (
        asyncio.timeout(20),
        serving() as served,
        open_app(served.environment, Settings(model="sim/calm"), parts),
    ):
        served.add_greeter()
        line = Line(served.url)
        async with (
            line.laid() as url,
            pa.connect(url, token=served.tokens.operate) as sessions,
        ):
            task = pa.Task("greeter", "Ana", model="sim/calm")
            handle = await sessions.spawn(task, on_text=heard.append)
            await until(lambda: "".join(heard) == "".join(PIECES))
            line.cut()
            may_end.set()
            await served.gateway.client.sessions.wait([handle.run_id])
            await until(lambda: line.refused > 0)
            line.mend()
            async for event in sessions.follow(handle):
                if event.body.kind == "replied":
                    at_reply = "".join(heard)

    assert at_reply == "".join(heard)
    assert "".join(heard) == "".join((*PIECES, "hello."))


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

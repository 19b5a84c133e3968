"""A site on loopback that sends what the test at hand wants, to the byte."""

from __future__ import annotations

import asyncio
import re
import ssl
import zlib
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import TypeAlias

from parallel_agents.core.ids import RunId, SessionKey
from parallel_agents.core.private_hosts import PrivateHosts
from parallel_agents.core.tool import Tool, ToolContext
from parallel_agents.tools.web.fetching import make
from parallel_agents.tools.web.means import WebMeans

Send: TypeAlias = Callable[[asyncio.StreamWriter], Awaitable[None]]


def response(
    body: bytes | str = b"",
    media_type: str = "text/html; charset=utf-8",
    *,
    status: str = "200 OK",
    headers: Mapping[str, str] | None = None,
) -> bytes:
    """A whole response; a header of an empty name or value is left out."""
    content = body.encode() if isinstance(body, str) else body
    given = {"Content-Type": media_type, "Content-Length": str(len(content)), **(headers or {})}
    lines = [f"{name}: {value}" for name, value in given.items() if value]
    head = "\r\n".join([f"HTTP/1.1 {status}", *lines, "", ""])
    return head.encode() + content


def redirect(to: str, status: str = "302 Found") -> bytes:
    return response(status=status, headers={"Location": to})


@dataclass(slots=True)
class Site:
    """The site, while it is served.

    Attributes:
        pages: what is sent for each path: bytes, or a function that writes them.
        asked: the head of each request.
        bodies: the body of each request.
    """

    pages: dict[str, bytes | Send] = field(default_factory=dict[str, "bytes | Send"])
    asked: list[str] = field(default_factory=list[str])
    bodies: list[str] = field(default_factory=list[str])
    port: int = 0
    scheme: str = "http"

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}"

    def paths(self) -> list[str]:
        return [head.split(" ")[1] for head in self.asked]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with suppress(OSError, asyncio.IncompleteReadError):
                await self._answer(reader, writer)
        finally:
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        self.asked.append(head)
        length = _LENGTH.search(head)
        self.bodies.append((await reader.readexactly(int(length[1]))).decode() if length else "")
        page = self.pages.get(head.split(" ")[1], self.pages.get("*", _NONE))
        if isinstance(page, bytes):
            writer.write(page)
            await writer.drain()
        else:
            await page(writer)


_LENGTH = re.compile(r"content-length: (\d+)", re.IGNORECASE)
_TEXT_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
_NONE = response("none", status="404 Not Found")


@asynccontextmanager
async def open_site(
    pages: Mapping[str, bytes | Send] | None = None,
    *,
    host: str = "127.0.0.1",
    tls: ssl.SSLContext | None = None,
) -> AsyncGenerator[Site]:
    site = Site(dict(pages or {}), scheme="http" if tls is None else "https")
    tasks: set[asyncio.Task[None]] = set()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(site.serve(reader, writer))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    server = await asyncio.start_server(accept, host, 0, ssl=tls)
    site.port = server.sockets[0].getsockname()[1]
    try:
        yield site
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        await asyncio.sleep(0)  # the connections close


def fetcher(*private_hosts: str, certificates: ssl.SSLContext | None = None) -> Tool:
    """The tool fetch of a process with these private hosts."""
    return make(
        WebMeans(private_hosts=PrivateHosts.parse(private_hosts), certificates=lambda: certificates)
    )


def context(permits: Callable[[str], bool] = lambda _: True, session: str = "s") -> ToolContext:
    return ToolContext(SessionKey(session), RunId("r"), permits=permits)


def repeated(piece: bytes, times: int, *, head: bytes = b"", pause: float = 0.0) -> Send:
    """Sends a piece over and over, as fast as it is taken or with pauses."""

    async def send(writer: asyncio.StreamWriter) -> None:
        writer.write(head)
        for _ in range(times):
            writer.write(piece)
            await writer.drain()
            if pause:
                await asyncio.sleep(pause)

    return send


def silent(seconds: float, pieces: Sequence[bytes] = ()) -> Send:
    """Sends the pieces, and then nothing, with the connection open."""

    async def send(writer: asyncio.StreamWriter) -> None:
        for piece in pieces:
            writer.write(piece)
        await writer.drain()
        await asyncio.sleep(seconds)

    return send


def bomb(wbits: int) -> Send:
    """Sends a few kilobytes that decompress to 200 MB: gzip with `wbits` of 31, deflate with 15."""

    async def send(writer: asyncio.StreamWriter) -> None:
        packer = zlib.compressobj(wbits=wbits)
        encoding = b"gzip" if wbits == 31 else b"deflate"
        writer.write(_TEXT_HEAD + b"Content-Encoding: " + encoding + b"\r\n\r\n")
        for _ in range(200):
            writer.write(packer.compress(b"x" * 1_000_000) + packer.flush(zlib.Z_SYNC_FLUSH))
            await asyncio.sleep(0)

    return send

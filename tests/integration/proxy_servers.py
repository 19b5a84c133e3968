"""Proxies on loopback, HTTP and SOCKS 5, which lead every connection to one server and count them."""

from __future__ import annotations

import asyncio
import base64
import ssl
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@dataclass(kw_only=True)
class HttpProxy:
    """An HTTP proxy.

    Attributes:
        to: the loopback port of the server that every name leads to.
        login: `user:password` that it asks for; empty for none.
        refuses: the status line, after the version, with which it refuses; empty to serve.
        asked: the request line of each request that it was sent.
        port: its own port, while it is served.
    """

    to: int
    login: str = ""
    refuses: str = ""
    asked: list[str] = field(default_factory=list[str])
    port: int = 0

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        line, *headers = head.split("\r\n")
        self.asked.append(line)
        wanted = "proxy-authorization: basic " + base64.b64encode(self.login.encode()).decode()
        has_login = any(header.lower() == wanted.lower() for header in headers)
        refusal = self.refuses
        if self.login and not has_login:
            refusal = "407 Proxy Authentication Required"
        if refusal:
            writer.write(f"HTTP/1.1 {refusal}\r\nContent-Length: 0\r\n\r\n".encode())
            return
        there, back = await asyncio.open_connection("127.0.0.1", self.to)
        if line.startswith("CONNECT "):
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        else:
            back.write(head.encode())
        await _join(reader, writer, there, back)


@dataclass(kw_only=True)
class SocksProxy:
    """A SOCKS 5 proxy (RFC 1928, RFC 1929); its fields mean what those of `HttpProxy` mean."""

    to: int
    login: str = ""
    refuses: int = 0
    asked: list[str] = field(default_factory=list[str])
    port: int = 0

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        _, count = await reader.readexactly(2)
        await reader.readexactly(count)
        writer.write(b"\x05\x02" if self.login else b"\x05\x00")
        if self.login:
            user = await reader.readexactly((await reader.readexactly(2))[1])
            password = await reader.readexactly((await reader.readexactly(1))[0])
            is_right = f"{user.decode()}:{password.decode()}" == self.login
            writer.write(b"\x01\x00" if is_right else b"\x01\x01")
            if not is_right:
                return
        *_, kind = await reader.readexactly(4)
        size = (await reader.readexactly(1))[0] if kind == 3 else 4
        host = await reader.readexactly(size)
        port = int.from_bytes(await reader.readexactly(2), "big")
        self.asked.append(f"{host.decode() if kind == 3 else list(host)}:{port}")
        writer.write(bytes([5, self.refuses, 0, 1, 0, 0, 0, 0, 0, 0]))
        if not self.refuses:
            there, back = await asyncio.open_connection("127.0.0.1", self.to)
            await _join(reader, writer, there, back)


async def _join(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    there: asyncio.StreamReader,
    back: asyncio.StreamWriter,
) -> None:
    await asyncio.gather(_copy(reader, back), _copy(there, writer))


async def _copy(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    try:
        while data := await source.read(1 << 16):
            target.write(data)
            await target.drain()
    except ConnectionError:
        pass  # one side has left; the other is closed below
    finally:
        target.close()


@asynccontextmanager
async def listening(handler: Handler, context: ssl.SSLContext | None = None) -> AsyncGenerator[int]:
    """The port on which connections reach `handler`; each is closed when it returns."""
    ended: list[asyncio.Future[None]] = []

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        end = asyncio.get_running_loop().create_future()
        ended.append(end)
        try:
            await handler(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the client went first
        finally:
            writer.close()
            with suppress(ConnectionError, ssl.SSLError):
                await writer.wait_closed()
            end.set_result(None)

    server = await asyncio.start_server(handle, "127.0.0.1", 0, ssl=context)
    async with server:
        yield server.sockets[0].getsockname()[1]
        server.close()
        await asyncio.gather(*ended)

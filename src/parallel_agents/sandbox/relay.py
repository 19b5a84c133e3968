"""Relay: lets a command in a sandbox reach hosts of a list, and no others.

A sandbox has no network. With a list of hosts, a program inside listens on its loopback as a proxy
of HTTP and hands each connection to a socket of the relay, which is outside: it reads `CONNECT`
(RFC 9110, 9.3.6), and connects to a host of the list, at an address that is not of this machine or
its networks.
"""

from __future__ import annotations

import asyncio
import re
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager, suppress
from fnmatch import fnmatchcase
from pathlib import Path
from tempfile import TemporaryDirectory

from parallel_agents.core.public_address import is_public
from parallel_agents.public_hosts import HostRefused, find_addresses

PORT = 3128
SOCKET = "relay.sock"
FOLDER = "/run/relay"
_REQUEST = re.compile(
    rb"CONNECT ([A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\]):(\d{1,5}) HTTP/1\.[01]\r\n"
)
_PORTS = frozenset({80, 443})
_MOST_HEAD_BYTES = 16_384
_CHUNK_BYTES = 65_536
_HEAD_SECONDS = 10.0
_CONNECT_SECONDS = 20.0
_IDLE_SECONDS = 300.0
_MOST_CONNECTIONS = 64


class _Refused(Exception):
    """A request that is not relayed, with the status and the text of the answer."""

    def __init__(self, status: str, text: str = "") -> None:
        super().__init__(status)
        self._status, self._body = status, f"{text}\n".encode()

    @property
    def answer(self) -> bytes:
        size = len(self._body)
        head = f"HTTP/1.1 {self._status}\r\nContent-Length: {size}\r\nConnection: close\r\n\r\n"
        return head.encode() + self._body


class Relay:
    """A relay for one command.

    Args:
        hosts: names of hosts, or patterns such as `*.example.com`.
        allows_private: whether a host of the list may be at an address of this machine or its
            networks.
        ports: the ports that are reached.
    """

    def __init__(
        self, hosts: Sequence[str], *, allows_private: bool = False, ports: frozenset[int] = _PORTS
    ) -> None:
        self._hosts = [host.lower().rstrip(".") for host in hosts]
        self._allows_private = allows_private
        self._ports = ports
        self._connections = asyncio.Semaphore(_MOST_CONNECTIONS)

    @asynccontextmanager
    async def listening(self) -> AsyncGenerator[Path]:
        """A folder with the socket of the relay, which serves until the end of the block."""
        with TemporaryDirectory(prefix="pagents-relay-") as folder:
            tasks: set[asyncio.Task[None]] = set()

            def accept(reader: StreamReader, writer: StreamWriter) -> None:
                task = asyncio.create_task(self._serve(reader, writer))
                tasks.add(task)
                task.add_done_callback(tasks.discard)

            path = Path(folder) / SOCKET
            server = await asyncio.start_unix_server(accept, path, limit=_MOST_HEAD_BYTES)
            try:
                yield Path(folder)
            finally:
                server.close()
                for task in tasks:
                    task.cancel()
                if tasks:
                    await asyncio.wait(tasks)

    async def _serve(self, reader: StreamReader, writer: StreamWriter) -> None:
        try:
            async with self._connections:
                with suppress(OSError, TimeoutError, ValueError, asyncio.IncompleteReadError):
                    await self._relay(reader, writer)
        finally:
            writer.close()

    async def _relay(self, reader: StreamReader, writer: StreamWriter) -> None:
        try:
            host, port = await self._asked(reader)
            outer = await self._open(host, port)
        except _Refused as refusal:
            writer.write(refusal.answer)
            await writer.drain()
            return
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        await _join((reader, writer), outer)

    async def _asked(self, reader: StreamReader) -> tuple[str, int]:
        """The host and the port that a request names.

        Raises:
            _Refused: it is not a request for a host of the list.
        """
        async with asyncio.timeout(_HEAD_SECONDS):
            try:
                head = await reader.readuntil(b"\r\n\r\n")
            except asyncio.LimitOverrunError as error:
                raise _Refused("431 Request Header Fields Too Large") from error
        match = _REQUEST.match(head)
        if match is None:
            raise _Refused("405 Method Not Allowed", "only https is relayed")
        host, port = match[1].decode().strip("[]").lower().rstrip("."), int(match[2])
        if port not in self._ports or not any(fnmatchcase(host, one) for one in self._hosts):
            raise _Refused("403 Forbidden", f"{host}:{port} is not in the setting sandbox_hosts")
        return host, port

    async def _open(self, host: str, port: int) -> tuple[StreamReader, StreamWriter]:
        """A connection to the address that was checked, not to what the name means a moment later.

        Raises:
            _Refused: the host has no address that may be reached, or does not answer.
        """
        try:
            async with asyncio.timeout(_CONNECT_SECONDS):
                addresses = await find_addresses(host, port, self._may_reach)
                return await asyncio.open_connection(addresses[0], port)
        except HostRefused as error:
            raise _Refused("502 Bad Gateway", str(error)) from error
        except (OSError, TimeoutError) as error:
            raise _Refused("502 Bad Gateway", f"{host}: {error}") from error

    def _may_reach(self, address: str) -> bool:
        return self._allows_private or is_public(address)


async def _join(
    one: tuple[StreamReader, StreamWriter], other: tuple[StreamReader, StreamWriter]
) -> None:
    """Copy both ways until both have ended, or nothing has come for a while."""
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(_copy(one[0], other[1]))
            group.create_task(_copy(other[0], one[1]))
    except* (OSError, TimeoutError):
        pass
    finally:
        other[1].close()


async def _copy(reader: StreamReader, writer: StreamWriter) -> None:
    while True:
        async with asyncio.timeout(_IDLE_SECONDS):
            chunk = await reader.read(_CHUNK_BYTES)
            if not chunk:
                break
            writer.write(chunk)
            await writer.drain()
    if writer.can_write_eof():
        writer.write_eof()

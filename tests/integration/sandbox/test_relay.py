"""A command in a sandbox reaches the hosts of the list, and nothing else."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path

import pytest

from parallel_agents.containment.warden import Warden
from parallel_agents.core.command import Command
from parallel_agents.sandbox.commands import LocalCommands, Surroundings
from parallel_agents.sandbox.relay import SOCKET, Relay
from tests.integration.sandbox.machine import needs_sandbox


@asynccontextmanager
async def echo() -> AsyncGenerator[int]:
    """The port of a server that sends back what it gets."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while chunk := await reader.read(65_536):
            writer.write(chunk.upper())
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


async def ask(relay: Relay, request: bytes, further: bytes = b"") -> bytes:
    """All that a relay answers to a request."""
    async with relay.listening() as folder, asyncio.timeout(10):
        reader, writer = await asyncio.open_unix_connection(folder / SOCKET)
        writer.write(request)
        if further:
            assert (
                await reader.readuntil(b"\r\n\r\n")
                == b"HTTP/1.1 200 Connection established\r\n\r\n"
            )
            writer.write(further)
        writer.write_eof()
        answer = await reader.read()
        writer.close()
        return answer


def connect(host: str, port: int) -> bytes:
    return f"CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()


async def test_a_host_of_the_list_is_reached_both_ways() -> None:
    async with echo() as port:
        relay = Relay(["localhost"], allows_private=True, ports=frozenset({port}))

        assert await ask(relay, connect("LocalHost.", port), b"said") == b"SAID"


@pytest.mark.parametrize(
    ("hosts", "request_of", "status"),
    [
        (["example.com"], "CONNECT evil.example:443 HTTP/1.1", b"403"),
        (["example.com"], "CONNECT example.com.evil.example:443 HTTP/1.1", b"403"),
        (["*.example.com"], "CONNECT example.com:443 HTTP/1.1", b"403"),
        (["example.com"], "CONNECT example.com:22 HTTP/1.1", b"403"),
        (["localhost"], "CONNECT localhost:443 HTTP/1.1", b"502"),
        (["127.0.0.1"], "CONNECT 127.0.0.1:443 HTTP/1.1", b"502"),
        (["*"], "CONNECT 169.254.169.254:80 HTTP/1.1", b"502"),
        (["*"], "CONNECT 10.0.0.1:443 HTTP/1.1", b"502"),
        (["*"], "CONNECT [::1]:443 HTTP/1.1", b"502"),
        (["*"], "CONNECT [::ffff:127.0.0.1]:443 HTTP/1.1", b"502"),
        (["*"], "CONNECT 2130706433:443 HTTP/1.1", b"502"),
        (["*"], "CONNECT 0:443 HTTP/1.1", b"502"),
        (["*"], "GET http://example.com/ HTTP/1.1", b"405"),
        (["*"], "CONNECT example.com HTTP/1.1", b"405"),
        (["*"], "CONNECT user@example.com:443 HTTP/1.1", b"405"),
        (["*"], "\0\1\2", b"405"),
        (["*"], "CONNECT a:443 HTTP/1.1\r\n" + "x" * 20_000, b"431"),
    ],
)
async def test_anything_else_is_refused(hosts: list[str], request_of: str, status: bytes) -> None:
    answer = await ask(Relay(hosts), f"{request_of}\r\n\r\n".encode())

    assert answer.startswith(b"HTTP/1.1 " + status)


@needs_sandbox
async def test_a_command_reaches_the_relay_and_nothing_past_it(tmp_path: Path) -> None:
    around = Surroundings(variables=os.environ, hosts=("localhost",))
    script = """
echo $https_proxy
exec 3<>/dev/tcp/127.0.0.1/3128; printf 'CONNECT evil.example:443 HTTP/1.1\\r\\n\\r\\n' >&3; head -1 <&3
exec 4<>/dev/tcp/127.0.0.1/3128; printf 'CONNECT localhost:443 HTTP/1.1\\r\\n\\r\\n' >&4; head -1 <&4
ls /run/relay; exit 7"""

    command = Command(
        arguments=("/bin/bash", "-c", script), folder=str(tmp_path), timeout_seconds=30
    )
    async with aclosing(Warden()) as warden:
        end = await LocalCommands(around, warden).run(command)

    assert end.output.replace("\r", "").splitlines() == [
        "http://127.0.0.1:3128",
        "HTTP/1.1 403 Forbidden",
        "HTTP/1.1 502 Bad Gateway",
        "relay.sock",
    ]
    assert end.code == 7

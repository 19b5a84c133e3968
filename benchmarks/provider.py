"""The model server of the benchmarks: nine tool calls, then a text; in a process of its own.

It speaks just enough HTTP for a client that keeps its connections, and does not decode what it is
sent, so that on two cores it leaves one to what is measured.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import resource
from functools import cache

from typing_extensions import override

from parallel_agents.core.message import ToolCall
from parallel_agents.core.usage import Usage
from parallel_agents.testing.wires import chat_whole

WORDS = "x" * 800
USAGE = Usage(input_tokens=200, output_tokens=50, cache_read_tokens=800)
LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
CALLS = re.compile(rb'"model": ?"[a-z/]*bench-(\d+)"')


@cache
def reply(done: int, wanted: int) -> bytes:
    """The whole answer to a request with `done` tool results, in a run of `wanted` calls."""
    said = [ToolCall(f"call-{done}", "add", {"a": done, "b": 2})] if done + 1 < wanted else WORDS
    body = chat_whole(said, f"bench-{wanted}", USAGE)
    head = (
        f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


class Conversation(asyncio.Protocol):
    """One connection, a request at a time."""

    def __init__(self, latency: float) -> None:
        self._latency = latency
        self._loop = asyncio.get_running_loop()
        self._received = b""
        self._transport = asyncio.Transport()

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    @override
    def data_received(self, data: bytes) -> None:
        self._received += data
        head, end, body = self._received.partition(b"\r\n\r\n")
        length = LENGTH.search(head)
        if not end or length is None or len(body) < int(length[1]):
            return
        self._received = b""
        wanted = CALLS.search(body)
        assert wanted is not None
        answer = reply(len(re.findall(rb'"role": ?"tool"', body)), int(wanted[1]))
        if self._latency:
            self._loop.call_later(self._latency, self._transport.write, answer)
        else:
            self._transport.write(answer)


async def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--latency", type=float, default=0.0)
    given = parser.parse_args()
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    server = await asyncio.get_running_loop().create_server(
        lambda: Conversation(given.latency), "127.0.0.1", 0, backlog=4096
    )
    host, port = server.sockets[0].getsockname()[:2]
    print(f"http://{host}:{port}/v1", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())

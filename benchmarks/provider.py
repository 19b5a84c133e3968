"""The model server of the benchmarks, a separate process: it answers with tool calls, then a text.

It speaks just enough HTTP for a client that reuses connections, and does not parse requests, so
that on two cores one is left for the measured process.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import resource
from functools import cache

from typing_extensions import override

from parallel_agents.core.message import ToolCall
from parallel_agents.core.usage import Usage
from parallel_agents.testing.wires.chat import chunks, whole

TEXT = "x" * 800
USAGE = Usage(input_tokens=200, output_tokens=50, cache_read_tokens=800)
STREAMED = "x" * 330
MODEL_OF_STREAMS = "bench-stream"
EVENTS = tuple(chunks(STREAMED, MODEL_OF_STREAMS, USAGE, 10))  # 37 of them
HEAD_OF_STREAMS = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
)
LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
BATCH = re.compile(rb'"model": ?"[a-z/]*batch-(\d+)"')
CALLS = re.compile(rb'"model": ?"[a-z/]*bench-(\d+)"')


@cache
def reply(done: int, calls: int) -> bytes:
    """The response to a request with `done` tool results, in a run of `calls` model calls."""
    content = [ToolCall(f"call-{done}", "add", {"a": done, "b": 2})] if done + 1 < calls else TEXT
    body = whole(content, f"bench-{calls}", USAGE)
    head = (
        f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


@cache
def batch_reply(items: int) -> bytes:
    """The response to a request with so many items: an answer for each."""
    answers = {str(number): TEXT for number in range(1, items + 1)}
    usage = Usage(input_tokens=200 * items, output_tokens=50 * items, cache_read_tokens=800)
    body = whole(json.dumps(answers), f"batch-{items}", usage)
    head = (
        f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def answer_to(body: bytes) -> bytes:
    """The response to a request, by the model that it names."""
    if (batch := BATCH.search(body)) is not None:
        return batch_reply(int(batch[1]))
    calls = CALLS.search(body)
    assert calls is not None
    return reply(len(re.findall(rb'"role": ?"tool"', body)), int(calls[1]))


class Conversation(asyncio.Protocol):
    """One connection that serves one request at a time."""

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
        if MODEL_OF_STREAMS.encode() in body:
            self._stream(0)
            return
        answer = answer_to(body)
        if self._latency:
            self._loop.call_later(self._latency, self._transport.write, answer)
        else:
            self._transport.write(answer)

    def _stream(self, number: int) -> None:
        """Send one event in each iteration of the loop, as a server does that waits for its model."""
        if number == 0:
            self._transport.write(HEAD_OF_STREAMS)
        if number == len(EVENTS):
            self._transport.write(b"0\r\n\r\n")
            return
        self._transport.write(b"%x\r\n%b\r\n" % (len(EVENTS[number]), EVENTS[number]))
        self._loop.call_soon(self._stream, number + 1)


async def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--latency", type=float, default=0.0)
    options = parser.parse_args()
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    server = await asyncio.get_running_loop().create_server(
        lambda: Conversation(options.latency), "127.0.0.1", 0, backlog=4096
    )
    host, port = server.sockets[0].getsockname()[:2]
    print(f"http://{host}:{port}/v1", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())

"""LoopbackProvider: a model server on 127.0.0.1 that speaks all wires and fails on demand.

`python -m parallel_agents.testing.provider --port 0 --latency 1 --log FILE` runs it as a process,
which prints one JSON line with its `base_url` and serves until it is stopped.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import hashlib
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

import orjson
from aiohttp import web

from parallel_agents.core.annotations import Index
from parallel_agents.core.arguments import checked
from parallel_agents.core.frozen import Frozen
from parallel_agents.core.schema import JsonObject
from parallel_agents.models.shapes import dump, to_object
from parallel_agents.testing.answers import answer, to_response
from parallel_agents.testing.behaviour import GOOD_DAY, Behaviour, HttpError
from parallel_agents.testing.wires.paths import find_wire

_BACKLOG = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Received(Frozen):
    """A received request; times are seconds since the epoch.

    Attributes:
        port: the client's port; requests with the same port used one connection.
        at: when the request arrived.
        finished_at: when the last byte of the response was sent; None until then.
        status: the status of the response; None until it was sent.
    """

    path: str
    headers: Mapping[str, str]
    body: JsonObject
    port: int
    at: float
    finished_at: float | None = None
    status: int | None = None


class LoopbackProvider:
    """Serves the four wires while its context is open, each by `POST` to its own path.

    The paths are `/v1/chat/completions`, `/v1/messages`, `/v1/responses`, and
    `/v1beta/models/MODEL:generateContent` with its stream.

    Attributes:
        requests: the received requests, in order; empty if `keeps_requests` is false.
    """

    @checked
    def __init__(
        self,
        behaviour: Behaviour = GOOD_DAY,
        *,
        port: Index = 0,
        log: Path | None = None,
        keeps_requests: bool = True,
    ) -> None:
        self.requests: list[Received] = []
        self._behaviour = behaviour
        self._port = port
        self._log_path = log
        self._log: BinaryIO | None = None
        self._keeps_requests = keeps_requests
        self._count = 0
        self._runner: web.ServerRunner | None = None

    @property
    def origin(self) -> str:
        """`http://127.0.0.1:PORT`, the base of the Messages wire; Gemini's is `/v1beta` there."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def base_url(self) -> str:
        """`http://127.0.0.1:PORT/v1`, the base of the wires of OpenAI."""
        return f"{self.origin}/v1"

    async def __aenter__(self) -> Self:
        if self._log_path is not None:
            # Unbuffered, so that a line is in the file before its request has any effect.
            self._log = self._log_path.open("ab", buffering=0)
        server = web.Server(self._serve, handler_cancellation=True, access_log=None)
        self._runner = web.ServerRunner(server, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self._port, backlog=_BACKLOG).start()
        self._port = self._runner.addresses[0][1]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
        if self._log is not None:
            self._log.close()

    async def _serve(self, request: web.BaseRequest) -> web.StreamResponse:
        data = await request.content.read() if request.method == "POST" else b""
        body = to_object(orjson.loads(data or b"{}"), "the request")
        asked = find_wire(request.path, body)
        if asked is None or not data:
            return to_response(HttpError(404, f"there is no {request.method} {request.path}"))
        # Counted only now, so that numbers follow the order of the records.
        self._count += 1
        number = self._count
        received = Received(
            path=request.path,
            headers=request.headers,
            body=body,
            port=request.get_extra_info("peername")[1],
            at=time.time(),
        )
        self._note(number, received)
        fault = self._behaviour.fault(number, body)
        response = await answer(request, body, self._behaviour, asked=asked, fault=fault)
        if request.transport is not None and not request.transport.is_closing():
            finished = replace(received, finished_at=time.time(), status=response.status)
            self._note(number, finished)
        return response

    def _note(self, number: int, received: Received) -> None:
        if self._keeps_requests:
            self.requests[number - 1 : number] = [received]
        if self._log is not None:
            self._log.write(_log_line(number, received))


def _log_line(number: int, received: Received) -> bytes:
    """The log line of a request: one when it arrives, and another when its response is sent.

    `run` is the request's `x-run` header, or a hash of its messages if it has none: two requests
    with the same `run` are one call that was made twice.
    """
    body = received.body
    messages = dump(body.get("messages") or body.get("input") or body.get("contents"))
    run = received.headers.get("x-run") or hashlib.sha256(messages).hexdigest()[:16]
    is_finished = received.finished_at is not None
    line: JsonObject = {
        "event": "finished" if is_finished else "started",
        "number": number,
        "run": run,
        "path": received.path,
        "at": received.finished_at if is_finished else received.at,
        "status": received.status,
    }
    return dump(line) + b"\n"


async def _serve_until_ended(provider: LoopbackProvider) -> None:
    async with provider:
        sys.stdout.write(dump({"base_url": provider.base_url, "origin": provider.origin}).decode())
        sys.stdout.write("\n")
        sys.stdout.flush()
        await asyncio.Event().wait()


def main() -> None:
    """Run the provider as a separate process."""
    parser = argparse.ArgumentParser(description="A model server on 127.0.0.1, for tests.")
    parser.add_argument("--port", type=int, default=0, help="port; 0 chooses a free one")
    parser.add_argument("--latency", type=float, default=0.0, help="seconds before each response")
    parser.add_argument("--log", type=Path, help="file that logs the start and end of each request")
    options = parser.parse_args()
    behaviour = Behaviour(latency_seconds=options.latency)
    provider = LoopbackProvider(behaviour, port=options.port, log=options.log, keeps_requests=False)
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve_until_ended(provider))


if __name__ == "__main__":
    main()

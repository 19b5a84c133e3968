"""Answers: how a loopback provider sends one reply, or fails to send it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable

from aiohttp import web

from parallel_agents.core.schema import JsonObject
from parallel_agents.core.usage import Usage
from parallel_agents.testing.behaviour import (
    Behaviour,
    Cut,
    Drip,
    Fault,
    Garbage,
    Hang,
    Hold,
    HttpError,
    Refusal,
)
from parallel_agents.testing.wires.format import error_body
from parallel_agents.testing.wires.paths import Asked


async def answer(
    request: web.BaseRequest,
    body: JsonObject,
    behaviour: Behaviour,
    *,
    asked: Asked,
    fault: Fault | None,
) -> web.StreamResponse:
    """Answer as `behaviour` says; returns once all is sent or the fault has cut the connection."""
    await asyncio.sleep(behaviour.latency_seconds)
    if isinstance(fault, HttpError):
        return await _send(request, to_response(fault, asked.wire.error))
    if isinstance(fault, Garbage):
        garbage = web.Response(body=fault.body, content_type=fault.content_type)
        return await _send(request, garbage)
    content = fault if isinstance(fault, Refusal) else behaviour.answer(body)
    wire, model, usage = asked.wire, asked.model, behaviour.usage
    if not isinstance(usage, Usage):
        usage = usage(body)
    if asked.streams:
        chunks = wire.chunks(content, model, usage, behaviour.chunk_characters)
        return await _stream(request, chunks, fault)
    return await _send_whole(request, wire.whole(content, model, usage), fault)


def to_response(
    fault: HttpError, encode: Callable[[HttpError], bytes] = error_body
) -> web.Response:
    return web.Response(
        status=fault.status,
        body=encode(fault),
        content_type="application/json",
        headers=fault.headers,
    )


async def _send(request: web.BaseRequest, response: web.Response) -> web.Response:
    await response.prepare(request)
    await response.write_eof()
    return response


async def _send_whole(
    request: web.BaseRequest, payload: bytes, fault: Fault | None
) -> web.StreamResponse:
    match fault:
        case Hang():
            await _wait_until_cancelled()
        case Drip():
            await asyncio.sleep(fault.seconds)
        case Hold():
            await _wait_over(fault)
        case Cut():
            half = web.StreamResponse(headers={"Content-Type": "application/json"})
            half.content_length = len(payload)
            await half.prepare(request)
            await half.write(payload[: len(payload) // 2])
            _cut(request)
            return half
        case _:
            pass
    return await _send(request, web.Response(body=payload, content_type="application/json"))


async def _stream(
    request: web.BaseRequest, chunks: Iterable[bytes], fault: Fault | None
) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
    await response.prepare(request)
    for sent, chunk in enumerate(chunks):
        match fault:
            case Cut() if sent >= fault.after_chunks:
                _cut(request)
                return response
            case Hang() if sent:
                await _wait_until_cancelled()
            case Drip():
                await asyncio.sleep(fault.seconds)
            case Hold():
                await _wait_over(fault)
            case _:
                pass
        await response.write(chunk)
    await response.write_eof()
    return response


def _cut(request: web.BaseRequest) -> None:
    if request.transport is not None:
        request.transport.close()


async def _wait_until_cancelled() -> None:
    """Wait until the server cancels the request: its client has left, or the server stops."""
    await asyncio.Event().wait()


async def _wait_over(fault: Hold) -> None:
    while not fault.is_over():  # noqa: ASYNC110 - another thread makes the condition hold
        await asyncio.sleep(0.01)

"""Answers: how a loopback provider sends one reply, or fails to."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from aiohttp import web

from parallel_agents.core.schema import JsonObject
from parallel_agents.models.shapes import text_at
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
from parallel_agents.testing.wires import WireFormat, error_body


async def answer(
    request: web.BaseRequest,
    body: JsonObject,
    behaviour: Behaviour,
    *,
    wire: WireFormat,
    fault: Fault | None,
) -> web.StreamResponse:
    """Answer by `behaviour`; on return all was sent, or the connection was cut by the fault."""
    await asyncio.sleep(behaviour.latency_seconds)
    if isinstance(fault, HttpError | Garbage):
        return await _send(request, to_response(fault))
    said = fault if isinstance(fault, Refusal) else behaviour.answer(body)
    model = text_at(body, "model")
    if body.get("stream") is True:
        chunks = wire.chunks(said, model, behaviour.usage, behaviour.chunk_characters)
        return await _stream(request, chunks, fault)
    return await _send_whole(request, wire.whole(said, model, behaviour.usage), fault)


def to_response(fault: HttpError | Garbage) -> web.Response:
    if isinstance(fault, Garbage):
        return web.Response(body=fault.body, content_type=fault.content_type)
    return web.Response(
        status=fault.status,
        body=error_body(fault),
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
            await _wait_gone()
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
                await _wait_gone()
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


async def _wait_gone() -> None:
    """Wait until the server cancels the request, because its client is gone or the server stops."""
    await asyncio.Event().wait()


async def _wait_over(fault: Hold) -> None:
    while not fault.is_over():  # noqa: ASYNC110 - another thread makes the condition hold
        await asyncio.sleep(0.01)

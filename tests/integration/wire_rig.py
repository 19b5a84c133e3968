"""Calling a model of any wire against a loopback provider, for the tests of wires."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import orjson
from typing_extensions import override

from parallel_agents.core.model import Capabilities, ModelReply, ModelRequest
from parallel_agents.core.schema import Json, JsonObject
from parallel_agents.errors import ProviderError
from parallel_agents.models.dialect import DialectChanges, Structured
from parallel_agents.models.http import Http
from parallel_agents.models.providers import Endpoint, Provider, Secret, Wire
from parallel_agents.models.wires.model import WireModel
from parallel_agents.testing.behaviour import GOOD_DAY, Behaviour, Fault, Garbage, Reply, first
from parallel_agents.testing.listener import RecordingListener
from parallel_agents.testing.provider import LoopbackProvider

KEY = "sk-very-secret-0123456789"
NAME = "acme/big/model-1"
WIRES = list(Wire)
MODES = ["whole", "stream"]


class NeverRetries(RecordingListener):
    """A listener that takes no retry."""

    @override
    def retrying(self, error: ProviderError, *, attempt: int, wait_seconds: float) -> None:
        raise AssertionError("a wire does not retry")


def base_of(wire: Wire, provider: LoopbackProvider) -> str:
    """The base URL of a wire."""
    match wire:
        case Wire.ANTHROPIC:
            return provider.origin
        case Wire.GEMINI:
            return f"{provider.origin}/v1beta"
        case _:
            return provider.base_url


def endpoint_of(wire: Wire, base_url: str, changes: DialectChanges | None = None) -> Endpoint:
    """An endpoint with the defaults of its wire."""
    server = Provider(
        name="acme",
        wire=wire,
        base_url=base_url,
        key="env:ACME_KEY",
        headers={"X-Team": "blue"},
        known=(("*", changes),) if changes else (),
    )
    return server.endpoint("big/model-1", Secret(KEY))


def make_model(
    wire: Wire,
    provider: LoopbackProvider,
    http: Http,
    *,
    changes: DialectChanges | None = None,
    capabilities: Capabilities = Capabilities(),
) -> WireModel:
    endpoint = endpoint_of(wire, base_of(wire, provider), changes)
    return WireModel(NAME, endpoint, http, capabilities=capabilities)


@asynccontextmanager
async def open_model(
    wire: Wire, behaviour: Behaviour, changes: DialectChanges | None = None
) -> AsyncGenerator[tuple[WireModel, LoopbackProvider]]:
    http = Http(stall_seconds=0.2)
    async with LoopbackProvider(behaviour) as provider:
        try:
            yield make_model(wire, provider, http, changes=changes), provider
        finally:
            await http.aclose()


async def ask(
    wire: Wire,
    request: ModelRequest,
    behaviour: Behaviour = GOOD_DAY,
    *,
    mode: str = "whole",
    changes: DialectChanges | None = None,
) -> tuple[ModelReply, JsonObject]:
    """The reply, and the body that the server received."""

    async with open_model(wire, behaviour, changes) as (model, provider):
        reply = await model.respond(
            request, NeverRetries(wants_text=True) if mode == "stream" else None
        )
        return reply, provider.requests[-1].body


def structured_by(structured: Structured) -> DialectChanges:
    """A dialect that asks for answers in one way, also beside tools."""
    return {"structured": structured, "structured_with_tools": structured}


def answers(reply: Reply) -> Behaviour:
    return Behaviour(answer=lambda _: reply)


def fails(fault: Fault) -> Behaviour:
    return Behaviour(fault=first(1, fault))


def body_of(value: Json) -> Behaviour:
    """A server that answers this JSON, word for word."""
    return fails(Garbage(orjson.dumps(value), "application/json"))


def stream_of(*events: Json) -> Behaviour:
    """A server that streams these events, word for word."""
    data = b"".join(b"data: " + orjson.dumps(event) + b"\n\n" for event in events)
    return fails(Garbage(data, "text/event-stream"))

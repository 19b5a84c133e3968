"""Sent: what the server of the embedded model gets for a request, without a server."""

from __future__ import annotations

from contextlib import suppress

from parallel_agents.core.model import Capabilities, Listener, ModelReply, ModelRequest
from parallel_agents.models.local.known import PROVIDER
from parallel_agents.models.local.model import SmallModel
from parallel_agents.models.providers import Endpoint, Wire
from parallel_agents.models.schema_tools import SchemaTools
from parallel_agents.models.wires.model import encode_request

_NOWHERE = "http://127.0.0.1"


async def encode_local_request(name: str, request: ModelRequest) -> bytes:
    """The body of a request to the embedded model, as `LocalModel` sends it."""
    last = _Last(name)
    with suppress(_Taken):
        await SchemaTools(SmallModel(last)).respond(request)
    endpoint = Endpoint(provider=PROVIDER, wire=Wire.CHAT, base_url=_NOWHERE)
    return encode_request(name, endpoint, last.request, streams=True)


class _Taken(Exception):
    """The request has arrived where it would be sent."""


class _Last:
    """A model that keeps the request that it is asked, and answers nothing."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.capabilities = Capabilities()
        self.request = ModelRequest(messages=())

    async def start(self) -> None:
        """There is nothing to prepare."""

    async def respond(self, request: ModelRequest, listener: Listener | None = None) -> ModelReply:
        del listener
        self.request = request
        raise _Taken

    async def aclose(self) -> None:
        """There is nothing to release."""

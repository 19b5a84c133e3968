"""WireModel: a model behind a server, in any wire: posts a request and reads what comes back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import aclosing
from dataclasses import replace

import orjson

from parallel_agents.core.model import Capabilities, Listener, ModelReply, ModelRequest
from parallel_agents.core.schema import Json
from parallel_agents.errors import (
    AuthFailed,
    CallTimedOut,
    MalformedReply,
    ProviderError,
    ReplyTooLarge,
    RequestRejected,
    StreamCut,
    Unreachable,
)
from parallel_agents.models.bounds import TooLarge
from parallel_agents.models.dialect import Dialect
from parallel_agents.models.failures import make_failure
from parallel_agents.models.http import Exchange, Http
from parallel_agents.models.providers import Endpoint, Wire
from parallel_agents.models.reading.documents import DONE
from parallel_agents.models.reading.finish import End
from parallel_agents.models.reading.usage import estimate_usage, larger_usage
from parallel_agents.models.shapes import ShapeError, dump, dump_body, to_object
from parallel_agents.models.wires.chat import Chat
from parallel_agents.models.wires.codec import Codec, make_draft, taken_ids
from parallel_agents.models.wires.draft import Draft
from parallel_agents.models.wires.ends import check_end, check_text
from parallel_agents.models.wires.gemini import Gemini
from parallel_agents.models.wires.messages import Messages
from parallel_agents.models.wires.responses import Responses

_CODECS: Mapping[Wire, Callable[[str, Endpoint, Dialect], Codec]] = {
    Wire.CHAT: Chat,
    Wire.ANTHROPIC: Messages,
    Wire.RESPONSES: Responses,
    Wire.GEMINI: Gemini,
}
# How long a stream that has said why it ended may take for its last counts and its end.
_END_SECONDS = 5.0
_MOST_CODECS = 8
_GOOD_ENDS = frozenset({End.COMPLETE, End.TOOLS, End.CUT, End.WINDOW})


def encode_request(
    name: str, endpoint: Endpoint, request: ModelRequest, *, streams: bool = False
) -> bytes:
    """What a request to `name` (`provider/model`) sends, with all that was learned."""
    codec = _make_codec(name, endpoint, endpoint.dialect_after(request.learned))
    return dump_body(codec.body(request, streams=streams))


def _make_codec(name: str, endpoint: Endpoint, dialect: Dialect) -> Codec:
    return _CODECS[endpoint.wire](name.partition("/")[2], endpoint, dialect)


class WireModel:
    """A model behind a server; the owner of `http` closes it."""

    def __init__(
        self,
        name: str,
        endpoint: Endpoint,
        http: Http,
        *,
        capabilities: Capabilities = Capabilities(),
    ) -> None:
        self.name = name
        self.capabilities = capabilities
        self._endpoint = endpoint
        self._http = http
        self._codecs: dict[bytes, tuple[Codec, Dialect]] = {}

    async def start(self) -> None:
        """There is nothing to prepare."""

    async def respond(self, request: ModelRequest, listener: Listener | None = None) -> ModelReply:
        """Ask for the next message.

        Raises:
            ProviderError: the call failed; the class tells how.
            ConfigError: its key cannot be looked up.
        """
        key = self._endpoint.key
        await key.ready()
        used = key.reveal()
        try:
            return await self._respond(request, listener)
        except AuthFailed:
            if not await key.renew(used):
                raise
            self._codecs.clear()  # they carry the key that was refused
            return await self._respond(request, listener)

    async def _respond(self, request: ModelRequest, listener: Listener | None) -> ModelReply:
        codec, dialect = self._codec(request.learned)
        if request.tools and "tools" in dialect.omit:
            what = "takes no tools with this model"
            hint = "give the agent no tools, or choose another model (--model, in Python model=)"
            raise make_failure(RequestRejected, self._endpoint, what, hint=hint)
        is_wanted = listener is not None and listener.wants_text
        streams = is_wanted or self.capabilities.streams_always
        draft = make_draft(request, dialect, listener.text if streams and listener else None)
        body = dump_body(codec.body(request, streams=streams))
        try:
            await self._exchange(codec, body, draft, streams=streams)
            draft.check_content()
            return self._reply(draft, request, len(body))
        except TooLarge as error:
            what = "sent a reply that is too large"
            raise make_failure(ReplyTooLarge, self._endpoint, what, why=str(error)) from error
        except ShapeError as error:
            what = "sent a reply that does not follow the format of its wire"
            raise make_failure(MalformedReply, self._endpoint, what, why=str(error)) from error

    def _reply(self, draft: Draft, request: ModelRequest, sent_bytes: int) -> ModelReply:
        """The reply of a draft that is complete."""
        if draft.refusal or draft.end is not None:
            check_end(draft, self._endpoint)
        reply = draft.reply(self.name, taken_ids(request.messages) if draft.has_calls else ())
        check_text(draft, self._endpoint)
        return _with_estimate(reply, sent_bytes) if reply.is_estimated else reply

    async def aclose(self) -> None:
        """There is nothing to release."""

    def _codec(self, learned: Mapping[str, Json]) -> tuple[Codec, Dialect]:
        key = dump(learned) if learned else b""
        found = self._codecs.get(key)
        if found is None:
            dialect = self._endpoint.dialect_after(learned)
            if len(self._codecs) >= _MOST_CODECS:
                self._codecs.clear()
            found = _make_codec(self.name, self._endpoint, dialect), dialect
            self._codecs[key] = found
        return found

    async def _exchange(self, codec: Codec, body: bytes, draft: Draft, *, streams: bool) -> None:
        """Read a reply until it is over; once it has said why it ended, nothing can spoil it."""
        url, endpoint = codec.url(streams=streams), self._endpoint
        try:
            async with self._http.post(
                url, codec.headers, body=body, endpoint=endpoint, streams=streams
            ) as exchange:
                values = await exchange.document()
                if values is None:
                    await self._hear(codec, exchange, draft)
                    return
            for value in values:
                self._take(codec, value, draft)
        except (TimeoutError, ProviderError, ShapeError) as error:
            if not _is_settled(draft, error):
                raise
        if draft.end is None and not draft.is_over:
            self._check_whole(draft)

    async def _hear(self, codec: Codec, exchange: Exchange, draft: Draft) -> None:
        """Read a stream of events until the reply is over."""
        try:
            async with aclosing(exchange.events()) as values, asyncio.timeout(None) as grace:
                arrived = -1
                async for value in values:
                    self._take(codec, value, draft)
                    if draft.is_over:
                        return
                    if draft.is_whole:
                        continue  # nothing more is to come
                    if draft.reason and draft.arrived != arrived:
                        arrived = draft.arrived
                        grace.reschedule(_last_moment(draft))
                    elif not draft.reason and grace.when() is not None:
                        grace.reschedule(None)
            if draft.end is None:
                self._check_whole(draft)
        finally:
            if draft.end is not None or draft.is_over:
                await exchange.drain()  # a connection at its end can be used again

    def _take(self, codec: Codec, value: Json, draft: Draft) -> None:
        if value == DONE:
            draft.is_over = True
        elif isinstance(value, str | int | float | bool) or value is None:
            return  # a keep-alive of some proxy
        elif isinstance(value, list):  # a stream of Gemini without events is an array of them
            for item in value:
                codec.take(to_object(item, "an item of the reply"), draft)
        else:
            codec.take(to_object(value, "the reply"), draft)

    def _check_whole(self, draft: Draft) -> None:
        """A stream that ended without a word about its end was cut."""
        draft.check_content()
        if not draft.is_whole and not draft.refusal:
            what = "ended its stream without saying that the reply is complete"
            raise make_failure(StreamCut, self._endpoint, what)


def _is_settled(draft: Draft, error: Exception) -> bool:
    """Whether a reply stands whatever came after its end; what the connection did says nothing of it."""
    if draft.end is None or draft.is_unsure:
        return False
    is_of_connection = isinstance(error, TimeoutError | StreamCut | CallTimedOut | Unreachable)
    return is_of_connection or draft.end in _GOOD_ENDS


def _last_moment(draft: Draft) -> float | None:
    """When a stream that has said why it ended must be over; None if that is not to be trusted."""
    if draft.is_unsure:
        return None
    return asyncio.get_running_loop().time() + _END_SECONDS


def _with_estimate(reply: ModelReply, request_bytes: int) -> ModelReply:
    """The reply with a guess for what the server did not count."""
    guess = estimate_usage(request_bytes, len(orjson.dumps(reply.message)))
    return replace(reply, usage=larger_usage(reply.usage, guess))

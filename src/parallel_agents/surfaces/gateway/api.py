"""API: answers requests by the table of routes; every error becomes a problem document."""

from __future__ import annotations

import asyncio
import gzip
import logging
from collections.abc import Awaitable, Mapping, Sequence
from contextlib import aclosing
from hashlib import blake2b
from http import HTTPStatus
from urllib.parse import parse_qsl

from starlette.types import Receive, Scope, Send

from parallel_agents.errors import BadRequest, GatewayFault, PagentsError, StoreUnreachable
from parallel_agents.gateway_client.wire import FIRST_SENT
from parallel_agents.surfaces.gateway.gateway import Call, Gateway
from parallel_agents.surfaces.gateway.given import Given, read_body, read_query
from parallel_agents.surfaces.gateway.guard import ACTOR
from parallel_agents.surfaces.gateway.kept_answers import KeptAnswers, KeyedRequest
from parallel_agents.surfaces.gateway.problems import Refusal
from parallel_agents.surfaces.gateway.replies import (
    BY_ENCODING,
    Content,
    Document,
    Page,
    PlainText,
    Reply,
    Stream,
    encode,
    has_tag,
    journal_tag,
    page_document,
    read_whole,
    send_bytes,
    tag_of,
    takes_gzip,
)
from parallel_agents.surfaces.gateway.routes import Found, Route, Router

_log = logging.getLogger(__name__)
_SEND_SECONDS = 30.0
_MOST_KEY, _MOST_DIGITS = 200, 6
_TIMES = {"longest_wait"}  # how long a client still waits is not what it asks for
# Smaller answers are sent sooner than they are packed.
_PACKED_BYTES, _QUICKLY = 64_000, 1
CHANGE_SECONDS = 20.0  # the page waits for 30


class Api:
    """The application that answers whatever is not the page, behind the guard."""

    def __init__(self, gateway: Gateway, routes: Sequence[Route]) -> None:
        self._gateway = gateway
        self._router = Router(routes)
        self._answers = KeptAnswers()
        self._unanswered: set[asyncio.Future[Reply]] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self._answer(scope, receive, send)
        except Refusal:
            raise
        except PagentsError as error:
            raise Refusal(error) from error
        except (asyncio.CancelledError, OSError):
            raise
        except Exception as error:
            _log.exception("%s %s could not be answered", scope["method"], scope["path"])
            raise Refusal(
                GatewayFault(
                    "the gateway could not answer",
                    why=f"{type(error).__name__}, a bug in this package",
                    hint="the log of `pagents serve` has the details",
                )
            ) from error

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        found = self._router.find(scope["method"], scope["raw_path"].partition(b"?")[0])
        route = found.route
        tag = journal_tag(self._gateway.hub.seq) if route.by_journal else ""
        if tag and has_tag(scope, tag):
            await send_bytes(send, b"", status=HTTPStatus.NOT_MODIFIED, headers={"etag": tag})
            return
        query: bytes = scope["query_string"]
        if route.has_body:
            given = read_body(route.takes, await read_whole(receive))
        else:
            given = read_query(route.takes, query)
        call = self._call(scope, found)
        reply = await (
            self._once(route, call, given) if call.key else self._done(route, call, given)
        )
        is_new = route.begins and isinstance(reply, Document) and reply.is_new
        status = HTTPStatus.CREATED if is_new else HTTPStatus.OK
        await _send(scope, receive, send, reply, tag, status)

    async def _done(self, route: Route, call: Call, given: Given) -> Reply:
        answering = route.answer(call, given)
        return await (self._changed(answering) if route.changes else answering)

    async def _once(self, route: Route, call: Call, given: Given) -> Reply:
        """The answer to a request with a key: to one that is sent again, what it was answered.

        Where the key names the work too, the same key from somebody else finds that work, and says
        that it was there.
        """
        if not route.keeps_answer:
            return await self._done(route, call, given)
        content = blake2b(given.model_dump_json(exclude=_TIMES).encode(), digest_size=16).digest()
        request = KeyedRequest(call.actor.access, route.method, call.path, call.key, content)
        is_again = call.first_sent_seconds_ago > 0
        doing = self._answers.find(request) if is_again or not route.is_named(given) else None
        if doing is None:
            if is_again and not route.is_repeatable:
                self._answers.check_known(call.first_sent_seconds_ago)
            doing = self._answers.do(request, route.answer(call, given))
        return await (self._changed(doing) if route.changes else doing)

    async def _changed(self, answering: Awaitable[Reply]) -> Reply:
        """What a change answers; one that takes long is not ended, and only its client is told.

        Raises:
            StoreUnreachable: it takes too long.
        """
        change = asyncio.ensure_future(answering)
        self._unanswered.add(change)
        change.add_done_callback(self._unanswered.discard)
        done, _ = await asyncio.wait((change,), timeout=CHANGE_SECONDS)
        if done:
            return change.result()
        change.add_done_callback(_tell_late)
        raise StoreUnreachable(
            f"the request was not done after {CHANGE_SECONDS:.0f} s",
            why="another program keeps the store locked, or there is very much to do",
            hint="it may still be done: look before you ask again; the same Idempotency-Key counts once",
        )

    def _call(self, scope: Scope, found: Found) -> Call:
        headers: Mapping[bytes, bytes] = dict(scope["headers"])

        def header(name: bytes) -> str:
            return headers.get(name, b"").decode("latin-1").strip()

        return Call(
            gateway=self._gateway,
            actor=scope[ACTOR],
            path=scope["path"],
            names=found.names,
            key=_key_of(scope),
            accepts=header(b"accept"),
            last_event=header(b"last-event-id"),
            first_sent_seconds_ago=float(_count_of(header(FIRST_SENT.lower().encode()))),
            retries=_count_of(header(b"x-stainless-retry-count")),
        )


def _tell_late(change: asyncio.Future[Reply]) -> None:
    """Log how a change ended whose client was no longer waiting."""
    if not change.cancelled() and (error := change.exception()) is not None:
        _log.warning("a request that took long failed: %s", error)


def _count_of(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < _MOST_DIGITS else 0


def _key_of(scope: Scope) -> str:
    """The key by which a request takes effect once; empty if it has none.

    Raises:
        Refusal: it cannot be one, so that the request would take effect each time.
    """
    found = [text for name, text in scope["headers"] if name == b"idempotency-key"]
    if not found:
        return ""
    key = found[0].decode("latin-1").strip()
    if len(found) > 1 or not 0 < len(key) <= _MOST_KEY or not key.isprintable():
        raise Refusal(
            BadRequest(
                "the header Idempotency-Key cannot be used",
                why=f"it is given once, and has 1 to {_MOST_KEY} printable characters",
                hint="use a UUID",
            )
        )
    return key


async def _send(
    scope: Scope, receive: Receive, send: Send, reply: Reply, tag: str, status: HTTPStatus
) -> None:
    match reply:
        case Document():
            headers = {"location": reply.location} if reply.location else {}
            await _send_json(scope, send, reply.value, tag, status, headers)
        case Page():
            query = dict(parse_qsl(scope["query_string"].decode("ascii")))
            document = page_document(reply, scope["raw_path"].partition(b"?")[0].decode(), query)
            await _send_json(scope, send, document, tag or tag_of(document), HTTPStatus.OK, {})
        case Content():
            await send_bytes(
                send,
                reply.body,
                media_type=reply.media_type,
                headers={"content-disposition": f"attachment; filename*=UTF-8''{reply.name}"},
            )
        case PlainText():
            await send_bytes(send, reply.text.encode(), media_type=reply.media_type)
        case Stream():
            await _send_stream(receive, send, reply)


async def _send_json(
    scope: Scope,
    send: Send,
    value: object,
    tag: str,
    status: HTTPStatus,
    headers: Mapping[str, str],
) -> None:
    varied = {**headers, **BY_ENCODING}
    tagged = {**varied, "etag": tag} if tag else varied
    if tag and has_tag(scope, tag):
        await send_bytes(send, b"", status=HTTPStatus.NOT_MODIFIED, headers=tagged)
        return
    cache = {"cache-control": "private, no-cache"} if tag else {}
    body = encode(value)
    packed: Mapping[str, str] = {}
    if len(body) >= _PACKED_BYTES and takes_gzip(scope):
        body = await asyncio.to_thread(gzip.compress, body, _QUICKLY)
        packed = {"content-encoding": "gzip"}
    await send_bytes(send, body, status=status, headers={**tagged, **cache, **packed})


async def _send_stream(receive: Receive, send: Send, reply: Stream) -> None:
    """Send pieces as they come, for as long as the client stays.

    Whoever does not take one for half a minute is cut off. The server drops what is sent to a client
    that has left, and says nothing, so that somebody has to hear of it.
    """
    sending = asyncio.create_task(_send_pieces(send, reply))
    leaving = asyncio.create_task(_wait_until_left(receive))
    try:
        await asyncio.wait((sending, leaving), return_when=asyncio.FIRST_COMPLETED)
    finally:
        has_ended = sending.done()
        sending.cancel()
        leaving.cancel()
        await asyncio.wait((sending, leaving))
    if has_ended:
        sending.result()


async def _wait_until_left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _send_pieces(send: Send, reply: Stream) -> None:
    headers = [
        (b"content-type", reply.media_type.encode()),
        (b"cache-control", b"no-store"),
        (b"x-accel-buffering", b"no"),
    ]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    async with aclosing(reply.pieces) as pieces:
        async for piece in pieces:
            async with asyncio.timeout(_SEND_SECONDS):
                await send({"type": "http.response.body", "body": piece, "more_body": True})
    await send({"type": "http.response.body", "body": b""})

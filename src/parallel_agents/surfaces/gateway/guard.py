"""Guard: lets through only requests that come from our own page or a program with a token.

Every web page that is open in a browser of this machine, and every other user of it, reaches its
loopback addresses. So the guard sees each request first, HTTP and WebSocket alike: its Host, its
Origin, where the browser says that it is from, its token, its type and its size.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from http import HTTPStatus

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from parallel_agents.errors import (
    BadRequest,
    ForeignRequest,
    GatewayUnreachable,
    NotAuthorized,
    OnlyReads,
    TooManyRequests,
)
from parallel_agents.surfaces.gateway.access import (
    OPERATE_NAME,
    Access,
    Actor,
    HomeTokens,
    Tokens,
    WrongTokens,
)
from parallel_agents.surfaces.gateway.openai_problems import OPENAI, send_openai_refusal
from parallel_agents.surfaces.gateway.origins import Origins
from parallel_agents.surfaces.gateway.problems import Refusal, send_refusal

# What needs a token; the rest is the page. A path that ends in a slash stands for all below it.
_PROTECTED = ("/api/", "/v1/", "/agui/", "/metrics", "/mcp", "/mcp/")
_JUDGES_ITSELF = "/mcp"  # each of its requests is a POST; it knows which tools only read
ACTOR = "pagents.actor"
SUBPROTOCOL, _BEARER = "pagents.v1", "bearer."
MOST_BYTES = 16_000_000  # as for MCP: a task with its input has 4 MB, files grow as JSON
_READS = frozenset({"GET", "HEAD"})
_OWN_SITES = frozenset({"same-origin", "none"})
CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self';"
    " img-src 'self' data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
_SECURITY = tuple(
    (name.encode(), text.encode())
    for name, text in {
        "content-security-policy": CSP,
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer",
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-resource-policy": "same-origin",
        "permissions-policy": "camera=(), microphone=(), geolocation=()",
    }.items()
)
OPERATE = f"use the token in {OPERATE_NAME} of the home, at a gateway without --read-only"
_HINT = (
    f"send the header 'Authorization: Bearer TOKEN' with what is in {OPERATE_NAME} of the home;"
    " in a browser, open the link that `pagents serve` prints"
)


class Guard:
    """An application behind all checks; it finds who asks as the scope's `pagents.actor`.

    Whatever is not of the API needs no token: it is the page itself, which has no secrets.
    """

    def __init__(
        self,
        app: ASGIApp,
        origins: Origins,
        tokens: Tokens | HomeTokens,
        now: Callable[[], float],
    ) -> None:
        self._app = app
        self._origins = origins
        self._tokens = tokens
        self._wrong = WrongTokens(now)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await self._take_socket(scope, receive, send)
        else:
            await self._take_request(scope, receive, send)

    async def _take_request(self, scope: Scope, receive: Receive, send: Send) -> None:
        has_begun = False
        given: str | None = None

        async def send_safe(message: Message) -> None:
            nonlocal has_begun
            if given is not None and message.get("more_body", False):
                self._check_still(given)
            if message["type"] == "http.response.start":
                has_begun = True
                message = {**message, "headers": [*message.get("headers", ()), *_SECURITY]}
            await send(message)

        try:
            self._check_source(scope)
            if is_api(scope):
                given = self._given(scope)
                actor = self._actor(scope, given)
                self._check_may(actor, scope)
                _check_content(scope)
                scope[ACTOR] = actor
            else:
                _check_page(scope)
            await self._app(scope, _bounded(receive), send_safe)
        except Refusal as refusal:
            if has_begun:
                raise
            await _tell(scope, send_safe, refusal)
        except asyncio.CancelledError:  # the server ends, and would call it a fault: 500
            if not has_begun:
                await _tell(scope, send_safe, _stopping())
            raise

    async def _take_socket(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            self._check_source(scope)
            given = self._given(scope) or _subprotocol(scope)
            scope[ACTOR] = self._actor(scope, given)
        except Refusal as refusal:
            await receive()
            await _deny(scope, send, refusal)
            return

        async def send_safe(message: Message) -> None:
            if message["type"] == "websocket.send":
                self._check_still(given or "")
            await send(message)

        await self._app(scope, receive, send_safe)

    def _check_still(self, given: str) -> None:
        """End a stream or a socket whose token was replaced meanwhile."""
        if self._tokens.access_of(given) is None:
            raise ConnectionAbortedError("the token was replaced")

    def _check_source(self, scope: Scope) -> None:
        """Refuse a request to a name that is not ours, or from a page that is not ours."""
        host = _only(scope, b"host")
        if host is None or host.lower() not in self._origins.hosts:
            raise Refusal(
                ForeignRequest(
                    f"the gateway is not called {(host or '')[:80]!r}",
                    why="a web page could have its own name lead to this machine",
                    hint=f"use one of {', '.join(sorted(self._origins.hosts))}",
                ),
                HTTPStatus.MISDIRECTED_REQUEST,
            )
        origin = _only(scope, b"origin")
        if origin is not None and origin.lower() not in self._origins.origins:
            raise Refusal(
                ForeignRequest(
                    f"a page of {origin[:80]!r} may not use the gateway",
                    hint="open the gateway's own address",
                )
            )
        site = _only(scope, b"sec-fetch-site")
        if site is not None and site not in _OWN_SITES and not _is_link(scope):
            raise Refusal(
                ForeignRequest(
                    "another web page may not use the gateway",
                    why=f"the browser says that the request is {site[:20]}",
                    hint="open the gateway's own address",
                )
            )

    def _given(self, scope: Scope) -> str | None:
        """The token of the header; None without one."""
        header = _only(scope, b"authorization")
        if header is None:
            return None
        scheme, _, token = header.partition(" ")
        return token.strip() if scheme.lower() == "bearer" else ""

    def _actor(self, scope: Scope, given: str | None) -> Actor:
        address = self._address(scope)
        if given is None:
            raise Refusal(
                NotAuthorized("the request has no token", hint=_HINT),
                headers={"www-authenticate": "Bearer"},
            )
        access = self._tokens.access_of(given)
        if access is not None:
            return Actor(access, address)
        if seconds := self._wrong.seconds_to_wait(address):
            wait = int(seconds) + 1
            raise Refusal(
                TooManyRequests(
                    "too many wrong tokens came from this address",
                    why="the right one is never kept waiting",
                    hint=_HINT,
                ),
                headers={"retry-after": str(wait)},
            )
        raise Refusal(
            NotAuthorized("the token is wrong", why="a new one may have been made", hint=_HINT),
            headers={"www-authenticate": 'Bearer error="invalid_token"'},
        )

    def _check_may(self, actor: Actor, scope: Scope) -> None:
        method: str = scope["method"]
        if scope["path"].rstrip("/") == _JUDGES_ITSELF:
            return
        if actor.access is Access.READ and method not in _READS:
            why = "the gateway was started with --read-only" if self._tokens.only_reads else ""
            raise Refusal(
                OnlyReads(
                    f"{method[:20]} would change something, and this access only reads",
                    why=why or "the token is the one that only reads",
                    hint=OPERATE,
                )
            )

    def _address(self, scope: Scope) -> str:
        """Where a request is from; behind a proxy, what the proxy says of it."""
        client = scope.get("client")
        address = str(client[0]) if client else "unknown"
        if not self._origins.is_proxied:
            return address
        forwarded = [text for name, text in scope["headers"] if name == b"x-forwarded-for"]
        told = forwarded[-1].decode("latin-1").rpartition(",")[2].strip()[:45] if forwarded else ""
        return f"{told} by {address}" if told.isprintable() and told else address


def is_api(scope: Scope) -> bool:
    """Whether a request is for the API, and not for the page."""
    path: str = scope["path"]
    return any(path.startswith(each) if each.endswith("/") else path == each for each in _PROTECTED)


def _only(scope: Scope, name: bytes) -> str | None:
    """The one header of a name; None without one.

    Raises:
        Refusal: there are several, of which each reader would take another.
    """
    found = [text for key, text in scope["headers"] if key == name]
    if len(found) > 1:
        raise Refusal(
            BadRequest(f"the request has {len(found)} headers {name.decode()}", hint="send one")
        )
    return found[0].decode("latin-1") if found else None


def _is_link(scope: Scope) -> bool:
    """Whether a browser opens the page itself by a link from elsewhere, which sends no token."""
    if scope["type"] != "http" or is_api(scope) or scope["method"] != "GET":
        return False
    headers = dict(scope["headers"])
    return (
        headers.get(b"sec-fetch-mode") == b"navigate"
        and headers.get(b"sec-fetch-dest") == b"document"
    )


def _check_page(scope: Scope) -> None:
    """Refuse what would change the page."""
    if scope["method"] not in _READS:
        raise Refusal(
            BadRequest(
                f"{scope['method'][:20]} is not a method of the page",
                hint="the API is below /api/v1",
            ),
            HTTPStatus.METHOD_NOT_ALLOWED,
            {"allow": "GET, HEAD"},
        )


def _subprotocol(scope: Scope) -> str | None:
    """The token among a socket's subprotocols, where alone a browser can send one."""
    offered: Iterable[str] = scope.get("subprotocols", ())
    return next((each[len(_BEARER) :] for each in offered if each.startswith(_BEARER)), None)


def _check_content(scope: Scope) -> None:
    """Refuse a body of a type that forms of other pages can send, and one that is too large."""
    length = _only(scope, b"content-length")
    if length is not None and (not length.isdecimal() or int(length[:20]) > MOST_BYTES):
        raise too_large()
    is_chunked = _only(scope, b"transfer-encoding") is not None
    if length is not None and is_chunked:
        raise Refusal(
            BadRequest(
                "the request has two lengths",
                why="a proxy could see another request than the gateway",
                hint="send either Content-Length or Transfer-Encoding",
            ),
            headers={"connection": "close"},
        )
    has_body = length not in (None, "0") or is_chunked
    if scope["method"] in _READS or not has_body:
        return
    kind = (_only(scope, b"content-type") or "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise Refusal(
            BadRequest(
                f"the body is {kind[:80] or 'of no type'}, not JSON",
                hint="send the header 'Content-Type: application/json'",
            ),
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        )


def too_large() -> Refusal:
    return Refusal(
        BadRequest(f"the body is larger than {MOST_BYTES:,} bytes", hint="send less at once"),
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    )


def _bounded(receive: Receive) -> Receive:
    """The same, which ends with a refusal after too many bytes."""
    received = 0

    async def receive_bounded() -> Message:
        nonlocal received
        message = await receive()
        received += len(message.get("body", b""))
        if received > MOST_BYTES:
            raise too_large()
        return message

    return receive_bounded


async def _tell(scope: Scope, send: Send, refusal: Refusal) -> None:
    is_openai = scope["path"].startswith(OPENAI)
    await (send_openai_refusal if is_openai else send_refusal)(send, refusal)


def _stopping() -> Refusal:
    """What a request is told whose answer the end of the gateway has cut off."""
    return Refusal(
        GatewayUnreachable(
            "the gateway is stopping",
            why="it was told to end, or is started again",
            hint="ask again in a moment; runs continue, and a change may have been made already",
        ),
        headers={"retry-after": "1"},
    )


async def _deny(scope: Scope, send: Send, refusal: Refusal) -> None:
    """Refuse a socket before it is one, with the same document if the server can send it."""
    if "websocket.http.response" not in scope.get("extensions", {}):
        await send({"type": "websocket.close", "code": 1008})
        return

    async def send_as_socket(message: Message) -> None:
        headers = message.get("headers", ())
        more = {"headers": [*headers, *_SECURITY]} if message["type"].endswith("start") else {}
        await send({**message, **more, "type": f"websocket.{message['type']}"})

    await send_refusal(send_as_socket, refusal)

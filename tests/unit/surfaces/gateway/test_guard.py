"""Guard: each hole that other gateways have had is a request that is refused before anything sees it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
import pytest
from starlette.types import Message, Receive, Scope, Send

from parallel_agents.surfaces.gateway.access import (
    Access,
    Actor,
    HomeTokens,
    Tokens,
    replace_tokens,
)
from parallel_agents.surfaces.gateway.guard import ACTOR, CSP, MOST_BYTES, Guard
from parallel_agents.surfaces.gateway.origins import origins_of

OPERATE, READ = "operate-token-0123456789", "read-token-0123456789"
HOST = ("Host", "127.0.0.1:7333")
BEARER = ("Authorization", f"Bearer {OPERATE}")
JSON = ("Content-Type", "application/json")


@dataclass(slots=True)
class Asked:
    """What a request came to."""

    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    body: bytes = b""
    actor: Actor | None = None
    is_accepted: bool = False

    @property
    def code(self) -> str:
        return orjson.loads(self.body)["code"]


def guard(asked: Asked, *, proxy: str | None = None, only_reads: bool = False) -> Guard:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        asked.actor = scope.get(ACTOR)
        if scope["type"] == "websocket":
            await send({"type": "websocket.accept"})
            return
        while (await receive()).get("more_body"):
            pass
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"in"})

    tokens = Tokens(operate=OPERATE, read=READ, only_reads=only_reads)
    return Guard(app, origins_of("127.0.0.1", 7333, proxy), tokens, lambda: 0.0)


async def ask(
    *headers: tuple[str, str],
    method: str = "GET",
    path: str = "/api/v1/runs",
    body: Sequence[bytes] = (b"",),
    kind: str = "http",
    by: Guard | None = None,
    protocols: Sequence[str] = (),
    asked: Asked | None = None,
) -> Asked:
    asked = asked or Asked()
    scope: dict[str, Any] = {
        "type": kind,
        "method": method,
        "path": path,
        "headers": [(name.lower().encode(), text.encode()) for name, text in headers],
        "client": ("127.0.0.1", 5000),
        "subprotocols": list(protocols),
        "extensions": {"websocket.http.response": {}},
    }
    parts = list(body)

    async def receive() -> Message:
        part = parts.pop(0) if parts else b""
        return {"type": f"{kind}.request", "body": part, "more_body": bool(parts)}

    async def send(message: Message) -> None:
        if message["type"].endswith("response.start"):
            asked.status = message["status"]
            asked.headers = {name.decode(): text.decode() for name, text in message["headers"]}
        asked.body += message.get("body", b"")
        asked.is_accepted |= message["type"] == "websocket.accept"

    await (by or guard(asked))(scope, receive, send)
    return asked


async def test_who_has_the_token_is_let_in_and_named() -> None:
    asked = await ask(HOST, BEARER)

    assert asked.status == 200
    assert asked.actor == Actor(Access.OPERATE, "127.0.0.1")
    assert Actor(Access.OPERATE, "127.0.0.1").via == "gateway (operate token, 127.0.0.1)"


@pytest.mark.parametrize(
    "host", ["evil.test:7333", "0.0.0.0:7333", "127.0.0.1", "127.0.0.1:7334", "", "localhost.:7333"]
)
async def test_a_name_that_another_page_leads_here_is_refused(host: str) -> None:
    asked = await ask(("Host", host), BEARER)

    assert (asked.status, asked.code) == (421, "PA-E385")


@pytest.mark.parametrize("host", ["localhost:7333", "LOCALHOST:7333", "[::1]:7333"])
async def test_the_names_of_this_machine_are_ours(host: str) -> None:
    assert (await ask(("Host", host), BEARER)).status == 200


async def test_two_host_headers_and_no_host_header_are_refused() -> None:
    assert (await ask(HOST, ("Host", "evil.test"), BEARER)).status == 400
    assert (await ask(BEARER)).status == 421


@pytest.mark.parametrize("name", ["Origin", "Authorization", "Sec-Fetch-Site", "Content-Type"])
async def test_a_header_that_is_there_twice_is_refused(name: str) -> None:
    first = {"Origin": "http://127.0.0.1:7333", "Authorization": f"Bearer {OPERATE}"}.get(name, "")
    second = (name, "http://evil.test")
    others = [HOST, (name, first or "same-origin"), second]
    if name != "Authorization":
        others.append(BEARER)

    asked = await ask(*others, ("Content-Length", "2"), method="POST", body=(b"{}",))

    assert asked.status in (400, 403)
    assert asked.actor is None


@pytest.mark.parametrize(
    "method", ["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD", "X"]
)
async def test_no_method_works_without_a_token(method: str) -> None:
    asked = await ask(HOST, JSON, method=method)

    assert (asked.status, asked.actor) == (401, None)


@pytest.mark.parametrize(
    "given",
    ["", "Bearer ", "Bearer x", f"Basic {OPERATE}", OPERATE, f"Bearer {OPERATE}x", "Bearer é"],
)
async def test_no_other_token_is_taken(given: str) -> None:
    asked = await ask(HOST, ("Authorization", given))

    assert (asked.status, asked.code) == (401, "PA-E383")


@pytest.mark.parametrize(
    "origin", ["http://evil.test", "null", "http://127.0.0.1:8000", "https://127.0.0.1:7333"]
)
@pytest.mark.parametrize("kind", ["http", "websocket"])
async def test_a_page_of_another_origin_is_refused(origin: str, kind: str) -> None:
    asked = await ask(HOST, BEARER, ("Origin", origin), kind=kind)

    assert (asked.status, asked.code) == (403, "PA-E385")
    assert not asked.is_accepted


@pytest.mark.parametrize("site", ["cross-site", "same-site", "other"])
async def test_what_the_browser_says_is_of_another_site_is_refused(site: str) -> None:
    asked = await ask(HOST, BEARER, ("Sec-Fetch-Site", site))

    assert (asked.status, asked.code) == (403, "PA-E385")


async def test_a_link_from_elsewhere_opens_the_page_and_nothing_else() -> None:
    link = (
        ("Sec-Fetch-Site", "cross-site"),
        ("Sec-Fetch-Mode", "navigate"),
        ("Sec-Fetch-Dest", "document"),
    )

    assert (await ask(HOST, *link, path="/")).status == 200
    assert (await ask(HOST, BEARER, *link)).status == 403
    assert (await ask(HOST, link[0], path="/app.js")).status == 403


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; x=y", ""]
)
async def test_a_body_that_a_form_can_send_is_refused(kind: str) -> None:
    headers = [HOST, BEARER, ("Content-Length", "2")]
    headers += [("Content-Type", kind)] if kind else []

    asked = await ask(*headers, method="POST", body=(b"{}",))

    assert (asked.status, asked.code) == (415, "PA-E386")


@pytest.mark.parametrize("length", [str(MOST_BYTES + 1), "9" * 400, "-1", "1e3"])
async def test_a_body_that_says_it_is_too_large_is_refused(length: str) -> None:
    asked = await ask(HOST, BEARER, JSON, ("Content-Length", length), method="POST")

    assert asked.status == 413


async def test_a_body_that_is_larger_than_it_says_ends() -> None:
    parts = [b"x" * 1_000_000] * 17

    asked = await ask(
        HOST, BEARER, JSON, ("Transfer-Encoding", "chunked"), method="POST", body=parts
    )

    assert asked.status == 413


async def test_the_token_that_reads_changes_nothing() -> None:
    reads = ("Authorization", f"Bearer {READ}")

    assert (await ask(HOST, reads)).actor == Actor(Access.READ, "127.0.0.1")
    for method in ("POST", "PUT", "DELETE", "PATCH"):
        asked = await ask(HOST, reads, JSON, method=method)
        assert (asked.status, asked.code) == (403, "PA-E384")


async def test_a_gateway_that_only_reads_lets_nobody_change_anything() -> None:
    asked = Asked()
    found = await ask(HOST, BEARER, JSON, method="POST", by=guard(asked, only_reads=True))

    assert (found.status, found.code) == (403, "PA-E384")


async def test_a_socket_needs_the_token_before_it_is_one() -> None:
    refused = await ask(HOST, kind="websocket", path="/api/v1/live")
    wrong = await ask(HOST, kind="websocket", path="/api/v1/live", protocols=["bearer.x"])
    let_in = await ask(HOST, kind="websocket", protocols=["pagents.v1", f"bearer.{OPERATE}"])
    foreign = await ask(("Host", "evil.test"), BEARER, kind="websocket")

    assert (refused.status, refused.is_accepted) == (401, False)
    assert (wrong.status, wrong.is_accepted) == (401, False)
    assert let_in.is_accepted
    assert (foreign.status, foreign.is_accepted) == (421, False)


async def test_wrong_tokens_are_slowed_down_and_the_right_one_never_is() -> None:
    asked = Asked()
    by = guard(asked)
    statuses = [(await ask(HOST, ("Authorization", "Bearer x"), by=by)).status for _ in range(12)]
    slowed = await ask(HOST, ("Authorization", "Bearer x"), by=by)

    assert statuses == [401] * 10 + [429] * 2
    assert slowed.headers["retry-after"] == "61"
    assert (await ask(HOST, BEARER, by=by)).status == 200


@pytest.mark.parametrize("path", ["/", "/api/v1/runs"])
async def test_every_answer_has_the_policies_and_none_opens_us_to_other_origins(path: str) -> None:
    for headers in ((HOST, BEARER), (HOST,), ()):
        asked = await ask(*headers, path=path)

        assert asked.headers["content-security-policy"] == CSP
        assert asked.headers["x-content-type-options"] == "nosniff"
        assert asked.headers["referrer-policy"] == "no-referrer"
        assert not any(name.startswith("access-control") for name in asked.headers)


async def test_the_page_needs_no_token_and_is_only_read() -> None:
    assert (await ask(HOST, path="/")).status == 200
    assert (await ask(HOST, path="/", method="POST")).status == 405


async def test_behind_a_proxy_its_own_name_counts_and_it_says_who_asks() -> None:
    asked = Asked()
    by = guard(asked, proxy="https://agents.example.com")
    headers = (
        ("Host", "agents.example.com"),
        ("Origin", "https://agents.example.com"),
        ("X-Forwarded-For", "6.6.6.6, 10.0.0.7"),
        BEARER,
    )

    await ask(*headers, by=by)
    assert asked.actor == Actor(Access.OPERATE, "10.0.0.7 by 127.0.0.1")
    assert (await ask(("Host", "evil.test"), BEARER, by=by)).status == 421


async def test_a_request_of_two_lengths_is_refused() -> None:
    lengths = (("Content-Length", "2"), ("Transfer-Encoding", "chunked"))

    asked = await ask(HOST, BEARER, JSON, *lengths, method="POST", body=(b"{}",))

    assert (asked.status, asked.code) == (400, "PA-E386")
    assert asked.headers["connection"] == "close"


@pytest.mark.parametrize("kind", ["http", "websocket"])
async def test_a_stream_ends_once_its_token_was_replaced(kind: str, tmp_path: Path) -> None:
    tokens = HomeTokens(tmp_path, only_reads=False)
    given = tokens.current.read
    sent = 0

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        nonlocal sent
        del scope, receive
        for replaces in (True, False):
            if kind == "http":
                await send({"type": "http.response.body", "body": b"x", "more_body": True})
            else:
                await send({"type": "websocket.send", "text": "x"})
            sent += 1
            if replaces:
                replace_tokens(tmp_path)

    by = Guard(app, origins_of("127.0.0.1", 7333, None), tokens, lambda: 0.0)
    with pytest.raises(ConnectionAbortedError):
        await ask(HOST, ("Authorization", f"Bearer {given}"), kind=kind, by=by)

    assert sent == 1


@pytest.mark.parametrize("path", ["/api/v1/runs", "/v1/responses"])
async def test_a_request_that_the_end_of_the_server_cuts_off_is_told_to_come_again(
    path: str,
) -> None:
    async def waits(scope: Scope, receive: Receive, send: Send) -> None:
        raise asyncio.CancelledError  # as the server ends its requests

    ended = Guard(
        waits, origins_of("127.0.0.1", 7333, None), Tokens(operate=OPERATE, read=READ), lambda: 0.0
    )
    asked = Asked()

    with pytest.raises(asyncio.CancelledError):
        await ask(HOST, BEARER, path=path, by=ended, asked=asked)

    assert (asked.status, asked.headers["retry-after"]) == (503, "1")
    assert b"PA-E395" in asked.body
    assert b"the gateway is stopping" in asked.body

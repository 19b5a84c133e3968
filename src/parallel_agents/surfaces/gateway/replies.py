"""Replies: what a request is answered, each within a bound: a document, a page of a list, a file, a text or a stream."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from http import HTTPStatus
from urllib.parse import urlencode

import orjson
from starlette.types import Receive, Scope, Send

from parallel_agents.core.json_value import as_list
from parallel_agents.secrets.known import KNOWN
from parallel_agents.views import format

JSON = "application/json"
BY_ENCODING = {"vary": "accept-encoding"}
_REFUSES = re.compile(rb"q=0(\.0*)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One JSON document.

    Attributes:
        is_new: something was begun that was not there.
        location: where what was begun is found.
    """

    value: object
    is_new: bool = False
    location: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A page of a list.

    Attributes:
        last: the cursor after which the next page begins; empty after the last page.
        total: how many there are on all pages; None if nobody counted.
        more: further members of the document.
    """

    schema: str
    items: Sequence[object]
    as_of: float
    last: str = ""
    total: int | None = None
    more: Mapping[str, object] = field(default_factory=dict[str, object])


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """The content of a file, which is never shown by a browser as a page."""

    body: bytes
    media_type: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlainText:
    """A text that a program reads."""

    text: str
    media_type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """Pieces of a text for as long as the client stays."""

    pieces: AsyncGenerator[bytes]
    media_type: str


Reply = Document | Page | Content | PlainText | Stream


def encode(value: object) -> bytes:
    """JSON without the secrets that this process knows."""
    return KNOWN.hide_json(orjson.dumps(value, default=as_list))


def page_document(page: Page, path: str, query: Mapping[str, str]) -> Mapping[str, object]:
    """The shape of all lists, as the command line has it, with the address of the next page."""
    count = len(page.items)
    left = {**query, "after": page.last}
    return {
        "schema": f"pagents.{page.schema}/1",
        "as_of": format.iso(page.as_of),
        "truncated": bool(page.last),
        "counts": {"items": count, "total": page.total},
        **page.more,
        "next": f"{path}?{urlencode(left)}" if page.last else None,
        # Once for the entity tag and for the body.
        "items": orjson.Fragment(orjson.dumps(page.items, default=as_list)),
    }


def tag_of(document: Mapping[str, object]) -> str:
    """The entity tag of a document by its content, without the moment when it was made."""
    timeless = {name: value for name, value in document.items() if name != "as_of"}
    digest = blake2b(orjson.dumps(timeless, default=as_list), digest_size=12)
    return f'W/"{digest.hexdigest()}"'


def journal_tag(seq: int) -> str:
    """The entity tag of what is a function of the events up to this one."""
    return f'W/"{seq}"'


def has_tag(scope: Scope, tag: str) -> bool:
    """Whether the client has what this tag stands for."""
    asked = b",".join(text for name, text in scope["headers"] if name == b"if-none-match")
    return tag in (part.strip() for part in asked.decode("latin-1").split(","))


def takes_gzip(scope: Scope) -> bool:
    """Whether the client says that it reads gzip."""
    asked = b",".join(text for name, text in scope["headers"] if name == b"accept-encoding")
    parts = [part.strip().split(b";") for part in asked.lower().split(b",")]
    return any(
        name.strip() == b"gzip" and not any(_REFUSES.fullmatch(more.strip()) for more in rest)
        for name, *rest in parts
    )


async def send_bytes(
    send: Send,
    body: bytes,
    *,
    status: HTTPStatus = HTTPStatus.OK,
    media_type: str = JSON,
    headers: Mapping[str, str] | None = None,
) -> None:
    """Answer a request; what the API says is kept by no cache but the client's own."""
    told = {"cache-control": "no-store", "content-type": media_type, **(headers or {})}
    if status is not HTTPStatus.NOT_MODIFIED:
        told["content-length"] = str(len(body))
    raw = [(name.encode("latin-1"), text.encode("latin-1")) for name, text in told.items()]
    await send({"type": "http.response.start", "status": status.value, "headers": raw})
    await send({"type": "http.response.body", "body": body})


async def read_whole(receive: Receive) -> bytes:
    """The body of a request, which the guard bounds."""
    parts: list[bytes] = []
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return b"".join(parts)
        parts.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(parts)

"""Pages: the page is three files, which a browser asks for again only if they have changed."""

from __future__ import annotations

import gzip
import re
from http import HTTPStatus

from starlette.types import Message, Scope

from parallel_agents.surfaces.gateway.pages import Pages


async def ask(pages: Pages, path: str, **headers: str) -> tuple[int, dict[bytes, bytes], bytes]:
    """What a request is answered."""
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        raise AssertionError("a page reads no body")

    given = [(name.replace("_", "-").encode(), text.encode()) for name, text in headers.items()]
    scope: Scope = {"type": "http", "method": "GET", "path": path, "headers": given}
    await pages(scope, receive, send)
    start, body = sent
    return start["status"], dict(start["headers"]), body["body"]


async def test_what_the_page_links_to_asks_for_nothing_further() -> None:
    pages = Pages()

    _, _, page = await ask(pages, "/")
    linked = re.findall(
        r'<(?:script|link rel="stylesheet")[^>]* (?:src|href)="([^"]+)"', page.decode()
    )
    texts = {path: (await ask(pages, path))[2].decode() for path in linked}

    assert list(texts) == ["/theme.js", "/page.css", "/app.js"]
    assert re.search(r"^\s*(import|export)\b", texts["/app.js"], re.MULTILINE) is None
    assert "const module_run_page = " in texts["/app.js"]
    assert "/** Run page: " in texts["/app.js"]
    assert "@import" not in texts["/page.css"]
    assert ".run-row" in texts["/page.css"]


async def test_a_file_is_packed_for_whoever_reads_that_and_not_sent_again() -> None:
    pages = Pages()

    _, headers, packed = await ask(pages, "/app.js", accept_encoding="gzip, br")
    tag = headers[b"etag"].decode()
    status, unchanged, nothing = await ask(pages, "/app.js", if_none_match=tag)
    _, plain, whole = await ask(pages, "/app.js", accept_encoding="gzip;q=0.000, br")

    assert headers[b"content-encoding"] == b"gzip"
    assert gzip.decompress(packed) == whole
    assert (status, nothing) == (HTTPStatus.NOT_MODIFIED, b"")
    assert [each[b"vary"] for each in (headers, unchanged, plain)] == [b"accept-encoding"] * 3

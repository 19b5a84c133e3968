"""Page reader: a program of its own that turns a page of HTML into Markdown, within bounds.

It is a process, so that it can be ended, has no secrets of the user's in its memory, and keeps nobody
waiting. It is started with the folder of turbohtml, and reads a line of JSON (`Order`) and the page.
It writes a line of JSON (`Found`) and the text.
"""

from __future__ import annotations

import json
import resource
import sys
from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from turbohtml import Document

_MEMORY_BYTES = 2_000_000_000
_CPU_SECONDS = 10
# What is not there for people to read.
_HIDDEN = (
    "[hidden]:not(html,body),"
    "[style*='display:none' i]:not(html,body),[style*='display: none' i]:not(html,body)"
)
_NO_TEXT = "script,style,svg,template"
# A page that is hidden but for this share of it is one that its scripts would show.
_LEAST_SEEN = 0.2
# A part that has less of the text is not the main part.
_LEAST_MAIN = 0.2
_SCHEMES = ("javascript:", "data:", "blob:", "vbscript:")


class Order(TypedDict):
    """What to do.

    Attributes:
        base: the address of the page.
        charset: as the server said, or empty.
        is_whole: whether menus, side bars and footers are wanted too.
        most: the most characters of the text.
    """

    base: str
    charset: str
    is_whole: bool
    most: int


class Found(TypedDict):
    """What was found in the page.

    Attributes:
        refresh: where the page sends its readers on to, or empty.
        length: the characters of all of the text.
        others: the characters of the rest of the page.
        has_hidden: whether the text has what the page hides at first.
    """

    title: str
    refresh: str
    length: int
    others: int
    has_hidden: bool


def read_page(page: bytes, order: Order) -> tuple[Found, str]:
    """What was found in a page, and its text, which may be cut."""
    from turbohtml import Markdown  # noqa: PLC0415 - an extra

    document = _parsed(page, order["charset"])
    title = document.select_one("title")
    refresh = document.meta_refresh(order["base"])
    _take_out(document, _NO_TEXT)
    length = len(document.text)
    _take_out(document, _HIDDEN)
    has_hidden = len(document.text) < length * _LEAST_SEEN
    if has_hidden:
        document = _parsed(page, order["charset"])
        _take_out(document, _NO_TEXT)
    document.resolve_links(document.base_url(order["base"]))
    document.rewrite_links(lambda url: "" if url.strip().lower().startswith(_SCHEMES) else url)
    options = Markdown(images=Markdown.Images(mode="alt"))
    whole = document.to_markdown(options)
    main = None if order["is_whole"] else document.main_content()
    text = whole if main is None else main.to_markdown(options)
    if len(text) < len(whole) * _LEAST_MAIN:
        text = whole
    found = Found(
        title=" ".join(title.text.split())[:500] if title is not None else "",
        refresh=refresh[1][:2000] if refresh is not None else "",
        length=len(text),
        others=max(0, len(whole) - len(text)),
        has_hidden=has_hidden,
    )
    return found, text[: order["most"]]


def _take_out(document: Document, selector: str) -> None:
    for element in document.select(selector):
        element.decompose()


def _parsed(page: bytes, charset: str) -> Document:
    from turbohtml import parse  # noqa: PLC0415 - an extra

    if charset:
        try:
            return parse(page, encoding=charset, positions=False)
        except LookupError:
            pass  # a name that nobody knows: as if the server had said nothing
    return parse(page, detect_encoding=True, positions=False)


def _main(folder: str) -> None:
    for limit, amount in (
        (resource.RLIMIT_AS, _MEMORY_BYTES),
        (resource.RLIMIT_CPU, _CPU_SECONDS),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(limit, (amount, amount))
    sys.path.append(folder)
    order = json.loads(sys.stdin.buffer.readline())
    found, text = read_page(sys.stdin.buffer.read(), order)
    sys.stdout.buffer.write(json.dumps(found).encode() + b"\n" + text.encode(errors="replace"))


if __name__ == "__main__":
    _main(sys.argv[1])

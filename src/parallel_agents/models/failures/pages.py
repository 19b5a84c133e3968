"""Pages: the words of an HTML page that a proxy, a firewall or a wrong address sent as a reply."""

from __future__ import annotations

import html
import re
from typing import Final, NamedTuple

_MOST: Final = 20_000
_MOST_TEXT: Final = 4_000
_MOST_TITLE: Final = 120
_START: Final = re.compile(
    r"\s*<(?:!doctype|html|head|body|title|h1|center|\?xml|div|p|pre)\b", re.I
)
_HEADINGS: Final = (
    re.compile(r"<title[^>]{0,200}>(.{0,400}?)</title>", re.I | re.DOTALL),
    re.compile(r"<h1[^>]{0,200}>(.{0,400}?)</h1>", re.I | re.DOTALL),
)
_UNSEEN: Final = re.compile(r"<(script|style|svg)\b.*?(?:</\1>|\Z)", re.I | re.DOTALL)
_TAG: Final = re.compile(r"<[^<>]{0,2000}>")


class Page(NamedTuple):
    """A page's title, or its first words without one, and all that it shows."""

    title: str
    text: str


def is_page(text: str) -> bool:
    return _START.match(text) is not None


def read_page(text: str) -> Page:
    """The words of a page; the title has at most 120 characters."""
    start = text[:_MOST]
    seen = _words(_UNSEEN.sub(" ", start))
    titles = [_words(found[1]) for heading in _HEADINGS if (found := heading.search(start))]
    title = next((words for words in titles if words), seen)
    return Page(title[:_MOST_TITLE], seen[:_MOST_TEXT])


def _words(text: str) -> str:
    return " ".join(html.unescape(_TAG.sub(" ", text)).split())

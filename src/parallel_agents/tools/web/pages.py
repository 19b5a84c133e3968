"""Pages: what a server sent as text that a model reads."""

from __future__ import annotations

import asyncio
import codecs
import json
import os
import re
from asyncio.subprocess import DEVNULL, PIPE
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import cast
from weakref import WeakKeyDictionary

from parallel_agents.containment.killing import kill
from parallel_agents.core.tool import ToolError
from parallel_agents.extras import install_line
from parallel_agents.interpreter import isolated_script
from parallel_agents.tools.commands.terminal import plain
from parallel_agents.tools.web.getting import MOST_BYTES, Reply
from parallel_agents.tools.web.page_reader import Found, Order

MOST_CHARACTERS = MOST_BYTES
_READER = Path(__file__).with_name("page_reader.py")
_READ_SECONDS = 20.0
_MOST_READERS = max(2, os.cpu_count() or 2)
_HTML = frozenset({"text/html", "application/xhtml+xml"})
_TEXTS = frozenset(
    f"application/{name}"
    for name in (
        "ecmascript", "graphql", "javascript", "json", "ld+json", "ndjson", "rtf", "sql", "toml",
        "x-javascript", "x-ndjson", "x-sh", "x-yaml", "xml", "yaml",
    )
)  # fmt: skip
# Servers say these of whatever they do not know.
_UNSAID = frozenset({"", "application/octet-stream", "binary/octet-stream"})
_HTML_START = re.compile(rb"\s*<(?:!doctype html|html|head|body)\b", re.IGNORECASE)
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# They make texts of texts, or are slow: nobody sends a page in them.
_NO_CHARSETS = frozenset(
    {"idna", "punycode", "raw_unicode_escape", "unicode_escape", "undefined", "utf_7", "utf_32"}
)
# Of bytes that are not text, some encodings take milliseconds for as many.
_PIECE_BYTES = 1 << 16
_readers: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore] = WeakKeyDictionary()


@dataclass(frozen=True, slots=True)
class Page:
    """A page as text.

    Attributes:
        url: where it is from, after all redirects.
        text: as the server sent it, but for its line ends; control characters included.
        notes: what a reader should know of it.
    """

    url: str
    title: str
    text: str
    notes: tuple[str, ...] = ()


def check_media_type(media_type: str) -> None:
    """Refuse what is not text, before it is fetched.

    Raises:
        ToolError: it is an image, a PDF or the like.
    """
    if media_type in _UNSAID or media_type in _HTML or _is_text(media_type):
        return
    raise ToolError(
        f"it is {media_type[:80]}, and fetch reads only text: HTML, plain text, Markdown, JSON, XML."
        " Look for a page that says the same in HTML."
    )


async def read_reply(reply: Reply, *, is_whole: bool = False) -> Page:
    """What was sent, as text.

    Raises:
        ToolError: it is not text, or cannot be read.
    """
    url, notes = str(reply.address), list[str]()
    if reply.is_cut:
        notes.append(f"only the first {MOST_BYTES:,} bytes of it were read")
    is_html = reply.media_type in _HTML or (
        reply.media_type in _UNSAID and _HTML_START.match(reply.body) is not None
    )
    if not is_html:
        return Page(url, "", await _plain_text(reply), tuple(notes))
    order = Order(base=url, charset=reply.charset, is_whole=is_whole, most=MOST_CHARACTERS)
    found, text = await _read_html(reply.body, order)
    if found["refresh"]:
        notes.append(f"the page sends its readers on to {_one_line(found['refresh'])}")
    if found["has_hidden"]:
        notes.append("most of the page is hidden until its scripts run, and is here all the same")
    if not text.strip():
        notes.append("the page has no text without its scripts, which fetch does not run")
    elif found["others"] > 200:
        notes.append(
            f"{found['others']:,} characters around the main part are left out; whole=true has them"
        )
    return Page(url, _one_line(found["title"]), text.strip(), tuple(notes))


def _is_text(media_type: str) -> bool:
    return (
        media_type.startswith("text/")
        or media_type in _TEXTS
        or media_type.endswith(("+json", "+xml", "+yaml"))
    )


async def _plain_text(reply: Reply) -> str:
    body = reply.body
    mark = next((name for start, name in _MARKS if body.startswith(start)), "")
    if reply.media_type in _UNSAID and not mark and b"\0" in body[:4096]:
        raise ToolError("it is not text, and the server does not say what it is")
    charset = mark or _known(reply.charset) or _guessed(body, is_cut=reply.is_cut)
    decoder = codecs.getincrementaldecoder(charset)(errors="replace")
    pieces: list[str] = []
    for start in range(0, len(body), _PIECE_BYTES):
        pieces.append(decoder.decode(body[start : start + _PIECE_BYTES]))
        await asyncio.sleep(0)
    text = "".join((*pieces, decoder.decode(b"", final=not reply.is_cut)))
    return text.replace("\r\n", "\n").replace("\r", "\n").strip()


def _guessed(body: bytes, *, is_cut: bool) -> str:
    try:
        # The last character may be cut as well.
        codecs.getincrementaldecoder("utf-8")().decode(body, final=not is_cut)
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8"


def _known(charset: str) -> str:
    """The name of an encoding of text; empty for one that there is not."""
    try:
        found = codecs.lookup(charset)
        "".encode(found.name)  # raises LookupError if it is one of bytes
    except (LookupError, UnicodeError, ValueError):
        return ""
    if (
        found.name == "utf-16"
    ):  # without a mark, which Python's decoder demands (whatwg.org/encoding)
        return "utf-16-le"
    return "" if found.name.replace("-", "_") in _NO_CHARSETS else found.name


def _one_line(text: str) -> str:
    return " ".join(plain(text).split())


async def _read_html(page: bytes, order: Order) -> tuple[Found, str]:
    """What the page reader found, in a process that is ended in time."""
    command = isolated_script(str(_READER), _library())
    async with _places():
        process = await asyncio.create_subprocess_exec(
            *command, stdin=PIPE, stdout=PIPE, stderr=DEVNULL, env={}, start_new_session=True
        )
        try:
            async with asyncio.timeout(_READ_SECONDS):
                given = json.dumps(order).encode() + b"\n" + page
                output, _ = await process.communicate(given)
        except TimeoutError:
            raise ToolError(f"the page could not be read in {_READ_SECONDS:g} s") from None
        finally:
            await kill(process)
    if process.returncode != 0:
        raise ToolError("the page could not be read: it takes too much time or memory")
    head, _, text = output.partition(b"\n")
    return cast("Found", json.loads(head)), text.decode(errors="replace")


def _places() -> asyncio.Semaphore:
    """Bounds how many readers there are at once on this loop."""
    return _readers.setdefault(asyncio.get_running_loop(), asyncio.Semaphore(_MOST_READERS))


def _library() -> str:
    """The folder of turbohtml.

    Raises:
        ToolError: it is not installed.
    """
    spec = find_spec("turbohtml")
    if spec is None or spec.origin is None:
        raise ToolError(f"pages in HTML cannot be read here: {install_line('pagents[web]')}")
    return str(Path(spec.origin).parents[1])

"""Searching: the tool web_search, which asks the configured search engine."""

from __future__ import annotations

import asyncio
import html
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlencode

from pydantic import Field
from yarl import URL

from parallel_agents.core.cutting import head
from parallel_agents.core.schema import Json, JsonObject
from parallel_agents.core.tool import Access, Effect, Subject, Tool, ToolError
from parallel_agents.core.web_address import BadAddress, WebAddress
from parallel_agents.errors import PagentsError
from parallel_agents.tools.commands.terminal import plain
from parallel_agents.tools.function import tool
from parallel_agents.tools.web.engines import Engine
from parallel_agents.tools.web.means import WebMeans

if TYPE_CHECKING:
    import aiohttp
else:
    from parallel_agents import http_client as aiohttp

MOST_RESULTS = 20
_RESULTS = 8
_MOST_BYTES = 2_000_000
_MOST_TITLE, _MOST_SNIPPET, _MOST_DATE, _MOST_URL = 200, 600, 40, 1000
_WAIT_SECONDS = 1.0
# If an engine asks for more, its answer is told instead.
_MOST_WAIT_SECONDS = 5.0
_WAITED_FOR = frozenset({429, 500, 502, 503, 504})
_TAG = re.compile(r"<[^<>]{1,200}>")
_SAID = ("detail", "error", "message", "errors", "tag", "code")


class _Again(Exception):
    """The engine did not answer, and may if it is asked again; the text says what happened."""

    def __init__(self, text: str, seconds: float = _WAIT_SECONDS) -> None:
        super().__init__(text)
        self.seconds = seconds


@dataclass(frozen=True, slots=True)
class _Result:
    title: str
    url: str
    snippet: str
    date: str


def make(means: WebMeans) -> Tool:
    """The tool web_search."""
    # Engines that allow one search a second are asked again by one call after the other.
    turn = asyncio.Lock()

    @tool(effect=Effect.IDEMPOTENT, access=Access.NETWORK, subject=Subject("query"))
    async def web_search(
        query: Annotated[
            str, Field(min_length=1, max_length=400, description="What to search for.")
        ],
        count: Annotated[int, Field(ge=1, le=MOST_RESULTS, description="Most results.")] = _RESULTS,
    ) -> str:
        """Search the web: titles, URLs and snippets of pages. Read what matters with fetch before you rely on it."""
        try:
            engine = await means.find_engine().ready()
            reply = await _ask(means, engine, turn, query, count)
        except PagentsError as error:
            raise ToolError(f"web_search: {error.in_a_sentence}") from None
        return _told(engine, query, _results(engine, reply)[:count])

    return web_search


async def _ask(
    means: WebMeans, engine: Engine, turn: asyncio.Lock, query: str, count: int
) -> JsonObject:
    """What the engine answers; it is asked again once if that may help.

    Raises:
        ToolError: it does not answer, or refuses.
        ConfigError: the user's proxy or certificates are wrong.
    """
    try:
        return await _ask_once(means, engine, query, count)
    except _Again as error:
        if error.seconds > _MOST_WAIT_SECONDS:
            raise ToolError(str(error)) from None
        seconds = error.seconds
    try:
        async with turn:
            await asyncio.sleep(seconds)
            return await _ask_once(means, engine, query, count)
    except _Again as error:
        raise ToolError(str(error)) from None


async def _ask_once(means: WebMeans, engine: Engine, query: str, count: int) -> JsonObject:
    try:
        async with (
            asyncio.timeout(means.search_seconds),
            means.open_session(engine.url) as session,
        ):
            return await _send(session, engine, query, count)
    except TimeoutError:
        raise ToolError(f"{engine.name} did not answer in {means.search_seconds:g} s") from None


async def _send(
    session: aiohttp.ClientSession, engine: Engine, query: str, count: int
) -> JsonObject:
    form = engine.form
    asked = {form.query: query, **form.parameters}
    if form.count:
        asked[form.count] = min(count, form.most)
    url, body = engine.url, None
    if form.method == "GET":
        url += ("&" if "?" in url else "?") + urlencode(asked)
    else:
        body = asked
    headers = {"Accept": "application/json", **engine.headers}
    try:
        async with session.request(
            form.method,
            URL(url, encoded=True),
            json=body,
            headers=headers,
            allow_redirects=False,  # it would take the key to another host
        ) as response:
            data = await _read(response)
            return _answer(engine, response, data)
    except (aiohttp.ClientError, OSError) as error:
        if isinstance(error, TimeoutError):
            raise
        # Not chained: what the HTTP client says may show a proxy's password.
        raise _Again(f"{engine.name} cannot be reached: {type(error).__name__}") from None
    except ValueError:
        raise ToolError(f"{engine.name} answered with something that is not HTTP") from None


async def _read(response: aiohttp.ClientResponse) -> bytes:
    pieces, size = list[bytes](), 0
    async for chunk in response.content.iter_any():
        pieces.append(chunk)
        size += len(chunk)
        if size > _MOST_BYTES:
            raise ToolError(f"its answer has more than {_MOST_BYTES:,} bytes")
    return b"".join(pieces)


def _answer(engine: Engine, response: aiohttp.ClientResponse, data: bytes) -> JsonObject:
    """The object in a reply.

    Raises:
        _Again: the engine is busy.
        ToolError: it refuses, or sent something else.
    """
    status = response.status
    try:
        read: Json = json.loads(data)
    except (ValueError, RecursionError):
        read = None
    if status == 200 and isinstance(read, Mapping):
        return read
    if status == 200:
        raise ToolError(f"{engine.name} answered with something that is not JSON: {_shown(data)}")
    said = _said(read).replace(engine.key, "***") if engine.key else _said(read)
    text = f"{engine.name} answered {status}" + (f": {said}" if said else "")
    if status in engine.form.key_statuses:
        raise ToolError(f"{text}; the key in {engine.origin} may be wrong")
    if status in _WAITED_FOR:
        wait = _wait(response.headers)
        asks = f"; it asks to wait {wait:g} s" if wait > _WAIT_SECONDS else ""
        raise _Again(text + asks, wait)
    hint = engine.form.hints.get(str(status), "")
    raise ToolError(f"{text}; {hint}" if hint else text)


def _wait(headers: Mapping[str, str]) -> float:
    """The seconds that the engine asks to wait; Brave says them for a second and for the month."""
    for name in ("Retry-After", "X-RateLimit-Reset"):
        first = headers.get(name, "").partition(",")[0].strip()
        if first.isascii() and first.isdigit() and len(first) < 10:
            return max(float(first), _WAIT_SECONDS)
    return _WAIT_SECONDS


def _said(value: Json, depth: int = 4) -> str:
    """The words of an error, wherever they lie in it."""
    if isinstance(value, str):
        return _line(value, 300)
    if isinstance(value, list) and value and depth:
        return _said(value[0], depth - 1)
    if isinstance(value, Mapping) and depth:
        found = (_said(value[name], depth - 1) for name in _SAID if name in value)
        return next(filter(None, found), "")
    return ""


def _results(engine: Engine, reply: JsonObject) -> Sequence[_Result]:
    """The results in a reply; those that nobody could fetch are left out.

    Raises:
        ToolError: it has no list of results.
    """
    form = engine.form
    found: Json = reply
    for step in form.results.split("."):
        found = found.get(step) if isinstance(found, Mapping) else None
    if found is None and form.may_lack_results:
        return ()
    if not isinstance(found, list):
        said = _said(reply)
        raise ToolError(f"{engine.name} sent no results" + (f": {said}" if said else ""))
    made = (_result(engine, entry) for entry in found if isinstance(entry, Mapping))
    return [result for result in made if result is not None]


def _result(engine: Engine, entry: JsonObject) -> _Result | None:
    form = engine.form
    link = entry.get(form.link)
    try:
        url = WebAddress.parse(link) if isinstance(link, str) else None
    except BadAddress:
        url = None
    if url is None or len(str(url)) > _MOST_URL:
        return None
    return _Result(
        title=_text(entry, (form.title,), _MOST_TITLE) or url.netloc,
        url=str(url),
        snippet=_text(entry, form.snippet, _MOST_SNIPPET),
        date=_text(entry, form.date, _MOST_DATE),
    )


def _text(entry: JsonObject, names: Sequence[str], most: int) -> str:
    """The first field that has a text, without its markup."""
    for name in names:
        value = entry.get(name)
        parts = value if isinstance(value, list) else [value]
        if text := _line(" … ".join(part for part in parts if isinstance(part, str)), most):
            return text
    return ""


def _line(text: str, most: int) -> str:
    """A text on one line, without markup and control characters."""
    unmarked = html.unescape(_TAG.sub("", head(text, most * 10)))
    line = " ".join(plain(unmarked).split())
    return line if len(line) <= most else f"{head(line, most - 1)}…"


def _shown(data: bytes) -> str:
    return _line(head(data.decode(errors="replace"), 1000), 100) or "nothing"


def _told(engine: Engine, query: str, results: Sequence[_Result]) -> str:
    if not results:
        return f"[{engine.name} found nothing for {_line(query, 100)!r}; try other words]"
    lines: list[str] = []
    for number, result in enumerate(results, 1):
        date = f"  ({result.date})" if result.date else ""
        lines += [f"{number}. {result.title}{date}", f"   {result.url}"]
        if result.snippet:
            lines.append(f"   {result.snippet}")
    return "\n".join([*lines, "", f"[{len(results)} results of {engine.name}]"])

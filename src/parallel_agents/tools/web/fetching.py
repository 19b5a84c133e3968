"""Fetching: the tool fetch, which reads pages of the web in parts."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from contextlib import suppress
from dataclasses import replace
from typing import Annotated, TypeAlias

from pydantic import Field

from parallel_agents.core.cutting import head
from parallel_agents.core.ids import SessionKey
from parallel_agents.core.tool import (
    Access,
    Effect,
    Subject,
    SubjectKind,
    Tool,
    ToolContext,
    ToolError,
)
from parallel_agents.core.web_address import BadAddress, WebAddress
from parallel_agents.secrets.known import KNOWN
from parallel_agents.tools.commands.terminal import plain
from parallel_agents.tools.function import tool
from parallel_agents.tools.web.getting import MOST_BYTES, Getter, Reply
from parallel_agents.tools.web.means import WebMeans
from parallel_agents.tools.web.pages import Page, check_media_type, read_reply

_SECONDS = 30.0
_MOST_SECONDS = 300.0
_LIMIT = 20_000
_MOST_LIMIT = 100_000
_KEPT_SECONDS = 900.0
_MOST_KEPT = 64
_MOST_KEPT_CHARACTERS = 10_000_000
_MOST_REFUSAL = 500

_Key: TypeAlias = tuple[SessionKey, str, bool]


def make(means: WebMeans) -> Tool:
    """The tool fetch."""
    kept = _Kept()

    @tool(effect=Effect.IDEMPOTENT, access=Access.NETWORK, subject=Subject("url", SubjectKind.URL))
    async def fetch(
        url: Annotated[str, Field(min_length=1, description="The page, as https://HOST/PATH.")],
        context: ToolContext,
        offset: Annotated[int, Field(ge=0, description="First character, to read on.")] = 0,
        limit: Annotated[
            int, Field(ge=100, le=_MOST_LIMIT, description="Most characters.")
        ] = _LIMIT,
        whole: Annotated[bool, Field(description="Also menus, side bars and footers.")] = False,
        timeout_seconds: Annotated[
            float, Field(gt=0, le=_MOST_SECONDS, description="How long it may take.")
        ] = _SECONDS,
    ) -> str:
        """Read a page of the web: HTML as Markdown with its links, plain text and JSON as they are. Long pages are read in parts, by offset."""
        try:
            address = WebAddress.parse(url)
        except BadAddress as error:
            raise ToolError(f"not fetched: {error}") from error
        key = (context.session, str(address), whole)
        page = kept.find(key) if offset else None
        if page is None:
            getter = Getter(means, context.permits, check_media_type)
            end = _now() + timeout_seconds
            try:
                reply = await getter.get(address, seconds=timeout_seconds)
                async with asyncio.timeout_at(end):
                    page = await _page(reply, is_whole=whole)
            except TimeoutError:
                raise ToolError(
                    f"{address} could not be fetched: it was sent, and not turned into text within"
                    f" {timeout_seconds:g} s in all; allow more with timeout_seconds"
                ) from None
            except ToolError as error:
                raise ToolError(f"{address} could not be fetched: {error}") from error
            kept.keep(key, page)
        return _part(page, str(address), offset, limit)

    return fetch


class _Kept:
    """The pages that were read last, so that reading on does not fetch them again."""

    def __init__(self) -> None:
        self._pages: OrderedDict[_Key, tuple[float, Page]] = OrderedDict()

    def find(self, key: _Key) -> Page | None:
        kept_at, page = self._pages.get(key, (0.0, None))
        return page if _now() - kept_at < _KEPT_SECONDS else None

    def keep(self, key: _Key, page: Page) -> None:
        self._pages.pop(key, None)
        self._pages[key] = _now(), page
        while len(self._pages) > 1 and self._is_full:
            self._pages.popitem(last=False)

    @property
    def _is_full(self) -> bool:
        characters = sum(len(page.text) for _, page in self._pages.values())
        return len(self._pages) > _MOST_KEPT or characters > _MOST_KEPT_CHARACTERS


def _now() -> float:
    return asyncio.get_running_loop().time()


async def _page(reply: Reply, *, is_whole: bool) -> Page:
    """The page in a reply.

    Raises:
        ToolError: the server refused, or it cannot be read.
    """
    if reply.status < 400:
        page = await read_reply(reply, is_whole=is_whole)
        is_cut = reply.is_cut or len(page.text) >= MOST_BYTES
        hide = KNOWN.hide_cut if is_cut else KNOWN.hide  # before it is told in parts
        return replace(page, title=KNOWN.hide(page.title), text=hide(page.text))
    said = ""
    with suppress(ToolError):
        check_media_type(reply.media_type)
        said = " ".join(plain(head((await read_reply(reply)).text, _MOST_REFUSAL)).split())
    wait = f"; it asks to wait {reply.retry_after}" if reply.retry_after else ""
    wait += " s" if reply.retry_after.isdigit() else ""
    told = f". It says: {said}" if said else ""
    status = f"{reply.status} {reply.reason}".strip()
    raise ToolError(f"{reply.address.netloc} answered {status}{wait}{told}")


def _part(page: Page, url: str, offset: int, limit: int) -> str:
    """A part of a page, below what it is."""
    length = len(page.text)
    if offset and offset >= length:
        raise ToolError(f"{url} has {length:,} characters; there is none at offset {offset}")
    end = min(offset + limit, length)
    lines = [f"[{page.url}]" if page.url == url else f"[{page.url}, redirected from {url}]"]
    if page.title:
        lines.append(f"[title: {page.title}]")
    lines += [f"[{note}]" for note in page.notes]
    lines += ["", plain(page.text[offset:end])]
    if not length:
        lines.append("[it is empty]")
    if end < length or offset:
        more = f"; read on with offset={end}" if end < length else ""
        lines += ["", f"[characters {offset:,} to {end:,} of {length:,}{more}]"]
    return "\n".join(lines)

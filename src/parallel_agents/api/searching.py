"""Searching: `search` finds a phrase in the transcripts of all sessions of a home."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

from parallel_agents.api.held_loop import refuse_await
from parallel_agents.app.reading import open_reader
from parallel_agents.app.usable import find_usable
from parallel_agents.core.annotations import Name
from parallel_agents.core.arguments import checked
from parallel_agents.core.transcript_search import Hits
from parallel_agents.errors import InvalidInput
from parallel_agents.interrupts import in_thread
from parallel_agents.settings import read_environment
from parallel_agents.views.session_query import parse_query
from parallel_agents.views.transcript_hits import find_hits

_USUAL, _MOST = 20, 10_000


@checked
async def asearch(
    phrase: str,
    filter: str = "",
    *,
    limit: int = _USUAL,
    after: str = "",
    home: Path | Name | None = None,
) -> Hits:
    """Find a phrase in all that was said and done: tasks, messages, answers, tool calls and results.

        hits = await pa.asearch('"rate limit"', "agent:researcher since:2h")
        for hit in hits.items:
            print(hit.session, hit.role, hit.marked)

    What is new since the last search is indexed first.

    Args:
        phrase: words, each of which a text must have, and "phrases" in quotes; `word*` stands for
            all words that begin so. Case and accents make no difference.
        filter: only in these sessions; as `pagents list` takes it.
        limit: the most hits to return.
        after: `next` of the page before.
        home: see `Options`.

    Raises:
        InvalidInput: there is nothing to find, or the filter cannot be read.
        NotFound, Ambiguous: the session that the filter names cannot be found.
        SearchFailed: the index cannot be used.
        StoreError: the store cannot be read.
    """
    if not 1 <= limit <= _MOST:
        raise InvalidInput(f"limit is {limit}", why=f"it is from 1 to {_MOST:,}", hint="correct it")
    query = parse_query(filter, time.time())
    environment = read_environment(Path(home) if home else None)
    settings = (await asyncio.to_thread(find_usable, environment)).settings
    async with open_reader(environment, settings) as reader:
        await reader.transcripts.catch_up()
        return await find_hits(
            reader.transcripts,
            reader.sessions,
            reader.journal,
            phrase,
            query,
            limit=limit,
            after=after,
        )


@checked
def search(
    phrase: str,
    filter: str = "",
    *,
    limit: int = _USUAL,
    after: str = "",
    home: Path | Name | None = None,
) -> Hits:
    """`asearch` for code that is not async; it also works in a running event loop.

        pa.search("savannah calendar").items[0].marked

    Parameters, result and errors are those of `asearch`.
    """
    refuse_await()

    async def until(_: asyncio.Event) -> Hits:
        return await asearch(phrase, filter, limit=limit, after=after, home=home)

    return in_thread(until)

"""Hits shown: what a search has found, with how to open it."""

from __future__ import annotations

import time
from typing import NamedTuple

from parallel_agents.app.reading import Reader, open_reader
from parallel_agents.core.ids import short
from parallel_agents.core.transcript_search import Coverage, Hit, Hits
from parallel_agents.interrupts import run_cancellable
from parallel_agents.surfaces.cli import render
from parallel_agents.surfaces.cli.context import CliContext
from parallel_agents.views import format
from parallel_agents.views.session_query import SessionQuery
from parallel_agents.views.transcript_hits import coverage_text, find_hits, hit_json

_PATIENCE_SECONDS = 2.0
_AROUND = 3
_ADVICE = {
    True: "Try: without quotes, for texts that have the words anywhere",
    False: "Try: word*, for all words that begin so; words are matched whole",
}


class Asked(NamedTuple):
    """What is looked for, and the page of the answer to show."""

    phrase: str
    query: SessionQuery
    limit: int
    after: str


class _Progress:
    """Says now and then how far the index is, once it has taken a while."""

    def __init__(self) -> None:
        self._next = time.monotonic() + _PATIENCE_SECONDS

    def __call__(self, coverage: Coverage) -> None:
        if coverage.behind and time.monotonic() >= self._next:
            self._next = time.monotonic() + _PATIENCE_SECONDS
            render.note(f"indexing transcripts: {coverage.behind:,} events left")


def print_hits(context: CliContext, asked: Asked, *, is_json: bool) -> None:
    """Print the hits of all transcripts."""

    async def look() -> tuple[Hits, float]:
        async with open_reader(context.environment, context.settings) as reader:
            await reader.transcripts.catch_up(on_progress=_Progress())
            return await _find(reader, asked)

    found, seconds = run_cancellable(look())
    if is_json:
        items = [hit_json(each) for each in found.items]
        more = {"next": found.next, "not_indexed": found.coverage.behind}
        render.envelope("search", time.time(), items, total=found.total, **more)
        return
    _print(asked, found, seconds)


async def _find(reader: Reader, asked: Asked) -> tuple[Hits, float]:
    began = time.monotonic()
    found = await find_hits(
        reader.transcripts,
        reader.sessions,
        reader.journal,
        asked.phrase,
        asked.query,
        limit=asked.limit,
        after=asked.after,
    )
    return found, time.monotonic() - began


def _print(asked: Asked, found: Hits, seconds: float) -> None:
    for each in found.items:
        _print_hit(each)
    if behind := coverage_text(found.coverage):
        render.note(behind, "yellow")
    if not found.items:
        where = "" if asked.query.is_empty else " with this filter"
        render.note(f"Nothing found{where}.")
        render.note(_ADVICE['"' in asked.phrase])
        return
    hits = "1 hit" if found.total == 1 else f"{found.total:,} hits"
    shown = f"{len(found.items)} of {hits}" if len(found.items) < found.total else hits
    render.note(f"{shown} in {seconds * 1000:.0f} ms")
    first = found.items[0]
    name = first.name or short(first.session)
    render.note(f"Try: pagents history {name} --after {first.seq - 1} --limit {_AROUND}")
    if found.next:
        render.note(f"Next page: --after {found.next}")


def _print_hit(hit: Hit) -> None:
    name = hit.name or short(hit.session)
    label = [hit.label] if hit.label not in ("", name) else []
    about = "  ".join([name, *label, hit.role.value, format.moment(hit.at)])
    render.line(format.one_line(about), "bold")
    render.line(f"  {' '.join(format.clean(hit.marked).split())}")

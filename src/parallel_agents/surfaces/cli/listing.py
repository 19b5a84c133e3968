"""Listing: the sessions that `pagents list` shows, from a store that is there."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from parallel_agents.app.reading import Reader, open_reader
from parallel_agents.core.filter import Filter
from parallel_agents.core.ids import SessionKey
from parallel_agents.core.row import Row
from parallel_agents.errors import Ambiguous, NotFound
from parallel_agents.interrupts import run_cancellable
from parallel_agents.surfaces.cli import render
from parallel_agents.surfaces.cli.context import CliContext
from parallel_agents.surfaces.cli.list_tree import with_relatives
from parallel_agents.surfaces.cli.output_option import Form
from parallel_agents.surfaces.cli.session_table import print_branches, print_lines
from parallel_agents.views import format
from parallel_agents.views.member_sessions import member_sessions
from parallel_agents.views.session_documents import whole_json
from parallel_agents.views.session_query import STATES, SessionQuery
from parallel_agents.views.session_search import Sought, search
from parallel_agents.views.session_tree import Branch, branches_of
from parallel_agents.views.sessions import SessionLine, lines_of

_RECENT_SECONDS = 3600.0


class Asked(NamedTuple):
    """What to list: a query, and the part of the answer to show."""

    query: SessionQuery
    limit: int
    after: str | None
    everything: bool
    is_tree: bool

    @property
    def names_one(self) -> bool:
        """Whether all sessions of one tree are asked for."""
        return bool(self.query.within) and self.query == SessionQuery(within=self.query.within)


class _Found(NamedTuple):
    """The sessions that are shown, and how many there are.

    Attributes:
        matching: how many match, on this page and on others.
        total: how many there are, whether they are recent or not.
        branches: the same as trees; empty without `--tree`.
        beside: how many sessions of the trees are not shown.
    """

    lines: list[SessionLine]
    matching: int
    total: int
    branches: Sequence[Branch] = ()
    beside: int = 0


def print_list(context: CliContext, asked: Asked, form: Form | None) -> None:
    """Print the sessions that are asked for, and what is left out.

    Raises:
        NotFound, Ambiguous: a name means no session, or several.
    """

    async def look() -> _Found:
        async with open_reader(context.environment, context.settings) as client:
            return await _look(client, asked)

    found = run_cancellable(look())
    if form is Form.JSON:
        items = [whole_json(line) for line in found.lines]
        render.envelope("list", time.time(), items, total=found.total)
        return
    if not asked.query.is_empty and not found.lines:
        render.note("No sessions match this filter.")
    elif asked.is_tree:
        print_branches(found.branches, form)
    else:
        print_lines(found.lines, form)
    if note := _note(found, is_first=asked.after is None):
        render.note(note)


async def _look(client: Reader, asked: Asked) -> _Found:
    query, missing = asked.query, None
    if query.filter == Filter(texts=query.filter.texts) and len(query.filter.texts or ()) == 1:
        query, missing = await _by_name(client, query)
    asked = asked._replace(query=query)
    if asked.names_one:
        found = await _tree(client, asked)
    elif query.is_empty:
        found = await _recent(client, asked)
    else:
        found = await _matching(client, asked)
        if not found.matching and missing is not None:
            raise missing
    return await _as_trees(client, asked, found) if asked.is_tree else found


async def _by_name(client: Reader, query: SessionQuery) -> tuple[SessionQuery, NotFound | None]:
    """A single text as the name that it is, or as the text that it is, and why it is not a name."""
    (text,) = query.filter.texts or ("",)
    try:
        await client.sessions.find(text)
    except Ambiguous:
        return query, None
    except NotFound as missing:
        if text.casefold() in STATES:
            missing.hint = f"it is a state: pagents list state:{text.casefold()}"
        return query, missing
    return SessionQuery(within=text), None


async def _recent(client: Reader, asked: Asked) -> _Found:
    since = None if asked.everything else time.time() - _RECENT_SECONDS
    chosen = Filter(roots_only=True, since=since)
    start = None if asked.after is None else (await client.sessions.find(asked.after)).session.key
    rows = await client.sessions.list(replace(chosen, limit=asked.limit, after=start))
    matching = await client.journal.count_rows(chosen)
    total = await client.journal.count_rows(Filter(roots_only=True))
    return _Found(lines_of(await client.journal.look(rows), client.lacks), matching, total)


async def _matching(client: Reader, asked: Asked) -> _Found:
    start = None if asked.after is None else (await client.sessions.find(asked.after)).session.key
    sought: Sought = await search(
        client.sessions,
        client.journal,
        asked.query,
        limit=asked.limit,
        after=start,
        lacks=client.lacks,
    )
    return _Found(sought.lines, sought.matching, sought.matching)


async def _tree(client: Reader, asked: Asked) -> _Found:
    root = await client.sessions.find(asked.query.within)
    start = None if asked.after is None else await client.sessions.find(asked.after)
    rows = await _tree_rows(client, root, asked.limit, start)
    total = await client.journal.count_rows(Filter(tree=root.session.key))
    return _Found(lines_of(await client.journal.look(rows), client.lacks), total, total)


async def _as_trees(client: Reader, asked: Asked, found: _Found) -> _Found:
    """The same sessions in their trees: with what is above them, or else what is below them."""
    is_filtered = not asked.names_one and not asked.query.is_empty
    wider = await with_relatives(client, found.lines, asked.limit, is_filtered=is_filtered)
    branches = branches_of(wider.lines, wider.order)
    return found._replace(
        branches=branches, lines=[branch.line for branch in branches], beside=wider.left_out
    )


def _note(found: _Found, *, is_first: bool) -> str:
    """What is not shown, and how to see it."""
    shown = len(found.lines)
    recent = " (live, or ended in the last hour)" if found.matching < found.total else ""
    everything = "; all: --all" if recent else ""
    if found.branches:
        left = f"{found.beside:,} more below these are not shown; all: --limit 0"
        return left if found.beside else ""
    if shown and (shown < found.matching or not is_first):
        last = format.name(found.lines[-1].row)
        return f"{shown:,} of {found.matching:,} shown{recent}{everything}; next: --after {last}"
    return f"{shown:,} of {found.total:,} shown{recent}{everything}" if recent else ""


async def _tree_rows(client: Reader, root: Row, limit: int, after: Row | None) -> list[Row]:
    """A session and everything that it spawned, newest first; a team's own in the order of its tasks."""
    members = await member_sessions(client.sessions, root)
    left, start, first = members, None, [root]
    if after is not None:
        first = []
    if after is not None and after.session.key != root.session.key:
        is_member = after.session.key in members
        left = members[members.index(after.session.key) + 1 :] if is_member else ()
        start = None if is_member else after.session.key
    page = left[: limit - len(first)]
    rows = [*first, *await _latest(client, page)]
    if len(rows) == limit or len(page) < len(left):
        return rows
    below = Filter(tree=root.session.key, after=start, limit=limit + len(members) + 1)
    known = {root.session.key, *members}
    others = (r for r in await client.sessions.list(below) if r.session.key not in known)
    return [*rows, *others][:limit]


async def _latest(client: Reader, sessions: Sequence[SessionKey]) -> list[Row]:
    """The sessions in this order, with their latest runs."""
    if not sessions:
        return []
    rows = await client.sessions.list(Filter(sessions=tuple(sessions)))
    found = {row.session.key: row for row in rows}
    return [found[key] for key in sessions]

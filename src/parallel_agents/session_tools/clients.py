"""Clients: what a client outside of any session reaches: what it spawned itself, and what other clients did.

The work of the person who runs the server is not among it. A conversation that begins again, as
another client, reaches by key, run id or label what an earlier one spawned.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from parallel_agents.core.ids import SessionKey
from parallel_agents.core.row import Row
from parallel_agents.core.store import Filter
from parallel_agents.core.verbs import SessionReads
from parallel_agents.sessions.names import is_called

_LAST = "@last"
_MOST_NAMESAKES = 50


async def nearest_of_client(sessions: SessionReads, name: str, client: str) -> Row | None:
    """The newest session of this name that the client spawned, or else that another one did; None without one."""
    if name == _LAST:
        return await _first(sessions, Filter(client=client, limit=1))
    if not name or ":" in name or "/" in name:
        return None
    own = await sessions.list(Filter(client=client, prefix=name, limit=1))
    if own and is_called(own[0], name):
        return own[0]
    rows = await sessions.list(Filter(prefix=name, limit=_MOST_NAMESAKES))
    called = [row for row in rows if is_called(row, name)]
    roots = await _roots(sessions, called)
    clients = [(roots[row.session.root].session.options.client, row) for row in called]
    mine = [row for spawner, row in clients if spawner == client]
    others = [row for spawner, row in clients if spawner]
    return next(iter((*mine, *others)), None)


async def of_clients(sessions: SessionReads, rows: Sequence[Row]) -> list[Row]:
    """Those of these sessions that a client spawned, or whose tree one did."""
    roots = await _roots(sessions, rows)
    return [row for row in rows if roots[row.session.root].session.options.client]


async def _roots(sessions: SessionReads, rows: Sequence[Row]) -> Mapping[SessionKey, Row]:
    """The root of the tree of each of these sessions."""
    roots = {row.session.key: row for row in rows if row.session.parent is None}
    for key in {row.session.root for row in rows} - roots.keys():
        roots[key] = await sessions.find(key)
    return roots


async def _first(sessions: SessionReads, chosen: Filter) -> Row | None:
    return next(iter(await sessions.list(chosen)), None)

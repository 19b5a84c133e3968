"""Pausing: the mark that keeps runs of a tree from being claimed, with an event for each that it holds."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from parallel_agents.core.event import Entry, Noticed
from parallel_agents.core.ids import RunId, SessionKey
from parallel_agents.core.pause import PAUSE, UNPAUSE, Paused
from parallel_agents.errors import NotFound
from parallel_agents.stores.database import as_array
from parallel_agents.stores.event_log import Draft
from parallel_agents.stores.tables import Tables


def pause(tables: Tables, session: SessionKey, *, by: str) -> Paused:
    """See `core.pause.PauseStore`."""
    keys = _tree(tables, session)
    live = _live_runs(tables, keys)
    if not live:
        return Paused([], 0)
    values = {"by": by, "sessions": as_array(keys)}
    marked = {SessionKey(key) for (key,) in tables.database.all("pause", values)}
    return _changed(tables, live, marked, Noticed(text=f"paused by {by}", by=by, what=PAUSE))


def unpause(tables: Tables, session: SessionKey, *, by: str) -> Paused:
    """See `core.pause.PauseStore`."""
    keys = _tree(tables, session)
    live = _live_runs(tables, keys)
    found = tables.database.all("unpause", {"sessions": as_array(keys)})
    marked = {SessionKey(key) for (key,) in found}
    return _changed(tables, live, marked, Noticed(text=f"goes on, by {by}", by=by, what=UNPAUSE))


def _tree(tables: Tables, session: SessionKey) -> list[SessionKey]:
    keys = [SessionKey(key) for (key,) in tables.database.all("subtree", (session,))]
    if not keys:
        raise NotFound(f"no session {session!r}", hint="`pagents list --all` shows them")
    return keys


def _live_runs(tables: Tables, keys: Sequence[SessionKey]) -> list[tuple[SessionKey, RunId]]:
    """The live runs of the sessions, each with its session, in the order in which they execute."""
    found = tables.database.all("live_runs_of", (as_array(keys),))
    return [(SessionKey(session), RunId(run)) for session, run in found]


def _changed(
    tables: Tables,
    live: Sequence[tuple[SessionKey, RunId]],
    marked: set[SessionKey],
    noticed: Noticed,
) -> Paused:
    """Write the event of each marked session into the run that is executed or comes next."""
    runs = [run for session, run in live if session in marked]
    idling = "begin_idling" if noticed.what == PAUSE else "end_idling"
    tables.database.run(idling, {"runs": as_array(runs), "now": tables.now()})
    first = {session: run for session, run in reversed(live) if session in marked}
    tables.log.write(
        [
            Draft(run, session, Entry(f"noticed/{noticed.what}-{uuid.uuid4().hex[:12]}", noticed))
            for session, run in first.items()
        ]
    )
    rows = tables.rows.of_runs(runs)
    return Paused([rows[run].run for run in runs], len(live) - len(runs))

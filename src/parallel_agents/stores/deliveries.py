"""Deliveries: the events that say to whom the result of a run was given."""

from __future__ import annotations

from collections.abc import Sequence

from parallel_agents.core.event import Entry, Noticed
from parallel_agents.core.ids import RunId
from parallel_agents.stores.database import as_array
from parallel_agents.stores.event_log import Draft
from parallel_agents.stores.rows import Rows
from parallel_agents.stores.tables import Tables


def note_given(tables: Tables, runs: Sequence[RunId], *, to: str) -> None:
    """Write it into the histories of those runs that do not have it yet."""
    before = read_given(tables.rows, runs, to=to)
    rows = tables.rows.of_runs(runs)
    noticed = Noticed(text=f"its result was given to {to}", by=to, what="give result")
    drafts = [
        Draft(run, row.session.key, Entry(_key(to), noticed))
        for run, row in rows.items()
        if run not in before
    ]
    if drafts:
        tables.log.write(drafts)


def read_given(rows: Rows, runs: Sequence[RunId], *, to: str) -> frozenset[RunId]:
    """Those of these runs in whose histories it is."""
    found = rows.database.all("given", (_key(to), as_array(runs)))
    return frozenset(RunId(run) for (run,) in found)


def _key(to: str) -> str:
    return f"given/{to}"

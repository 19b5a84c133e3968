"""Changed rows: what no longer counts of a map that was run again with other rows."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from parallel_agents.core.flow import RowsChanged
from parallel_agents.core.ids import SessionKey
from parallel_agents.stores.database import as_array
from parallel_agents.stores.rows import Rows


def read_gone(rows: Rows, maps: Sequence[SessionKey]) -> dict[SessionKey, set[str]]:
    """The keys of what no longer counts of each of these maps, if there is any."""
    gone: dict[SessionKey, set[str]] = {}
    for key, seq, body in rows.database.all("changed_rows", (as_array(maps),)) if maps else ():
        changed = rows.body(seq, body)
        if isinstance(changed, RowsChanged):
            changed.apply(gone.setdefault(SessionKey(key), set()))
    return gone


def read_uncounted(rows: Rows, gone: Mapping[SessionKey, Collection[str]]) -> set[SessionKey]:
    """The sessions that have these keys below these maps."""
    return {
        child.session
        for parent, names in gone.items()
        if names
        for child in rows.children_named(parent, list(names))
    }

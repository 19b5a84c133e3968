"""Event pages: the values and conditions of the queries for a page of events."""

from __future__ import annotations

from collections.abc import Collection

from parallel_agents.core.ids import SessionKey
from parallel_agents.stores.database import Value, as_array

_NO_SEQ = 2**63 - 1  # what SQLite can hold: every event is before it


def before_seq(seq: int | None) -> int:
    return _NO_SEQ if seq is None else seq


def event_values(
    session: SessionKey | None,
    tree: SessionKey | None,
    kinds: Collection[str] | None,
    limit: int | None,
) -> dict[str, Value]:
    return {
        "session": session,
        "tree": tree,
        "kinds": None if kinds is None else as_array(list(kinds)),
        "limit": limit,
    }


def event_conditions(
    session: SessionKey | None, tree: SessionKey | None, kinds: Collection[str] | None
) -> list[str]:
    """The conditions of the queries for events; below a session, the kinds are a part of the query."""
    if session is None and tree is None:
        return [] if kinds is None else ["events.kinds"]
    chosen = {"events.session": session, "events.tree": tree}
    return [name for name, value in chosen.items() if value is not None]

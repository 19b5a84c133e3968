"""Row conditions: a filter as the conditions of the query `rows`, and the values in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from parallel_agents.core.filter import Filter
from parallel_agents.core.unicode import canonical
from parallel_agents.stores.database import Value, as_array

# SQLite refuses patterns of more than 50,000 bytes; the beginning of a longer text finds no less.
_MOST_COMPARED = 2000
_ESCAPED = str.maketrans({each: f"\\{each}" for each in "\\%_"})


def values_of(chosen: Filter) -> Mapping[str, Value]:
    """The values in the conditions of a filter."""
    return {
        "session": chosen.session,
        "sessions": None if chosen.sessions is None else as_array(list(chosen.sessions)),
        "run": chosen.run,
        "parent": chosen.parent,
        "agent": chosen.agent,
        "client": chosen.client,
        "tree": chosen.tree,
        "owner": chosen.owner,
        "since": chosen.since,
        "prefix": None if chosen.prefix is None else canonical(chosen.prefix),
        "asker": chosen.asker,
        "after": chosen.after,
        "limit": chosen.limit,
        "statuses": _array(chosen.statuses),
        "kinds": _array(chosen.kinds),
        "agents": _array(chosen.agents),
        "workflows": _array(chosen.workflows),
        "labels": _array(chosen.labels),
        "models": _array(chosen.models),
        "tags": _array(chosen.tags),
        "texts": _array(chosen.texts),
        "like": _like(_longest(chosen.texts)),
    }


def conditions_of(chosen: Filter) -> list[str]:
    """The names of the conditions that correspond to a filter."""
    is_any_run = chosen.every_run or chosen.orphaned
    is_one_run = not is_any_run and chosen.owner is None and chosen.run is None
    found = {
        "latest": is_one_run and chosen.asker is None,
        "asked": is_one_run and chosen.asker is not None,
        "session": chosen.session is not None,
        "sessions": chosen.sessions is not None,
        "run": chosen.run is not None,
        "parent": chosen.parent is not None,
        "agent": chosen.agent is not None,
        "client": chosen.client is not None,
        "tree": chosen.tree is not None,
        "owner": chosen.owner is not None,
        "since": chosen.since is not None,
        "orphaned": chosen.orphaned,
        "roots": chosen.roots_only,
        "live": chosen.is_live is True,
        "ended": chosen.is_live is False,
        "prefix": chosen.prefix is not None,
        "after": chosen.after is not None,
        "statuses": chosen.statuses is not None,
        "kinds": chosen.kinds is not None,
        "agents": chosen.agents is not None,
        "workflows": chosen.workflows is not None,
        "labels": chosen.labels is not None,
        "models": chosen.models is not None,
        "tags": chosen.tags is not None,
        "texts": chosen.texts is not None,
        "text": _longest(chosen.texts) is not None,
    }
    return [f"rows.{name}" for name, is_wanted in found.items() if is_wanted]


def _longest(texts: Sequence[str] | None) -> str | None:
    """The longest text of one line, which can be in one column only."""
    lines = [canonical(text) for text in texts or () if text and "\n" not in text]
    return max(lines, key=len, default=None)


def _like(text: str | None) -> str | None:
    """What LIKE takes for a text that may be anywhere; the condition `texts` compares all of it."""
    return None if text is None else f"%{text[:_MOST_COMPARED].translate(_ESCAPED)}%"


def _array(values: Sequence[str] | None) -> str | None:
    return None if values is None else as_array([canonical(value) for value in values])

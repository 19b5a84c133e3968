"""Names: find a session by its key, run id, label or task name, or by the start of a key or id."""

from __future__ import annotations

from parallel_agents.core.ids import RunId, SessionKey, short
from parallel_agents.core.row import Row
from parallel_agents.core.store import Filter, SessionStore
from parallel_agents.core.unicode import canonical
from parallel_agents.errors import Ambiguous, NotFound

_LAST = "@last"
_SHOWN = 5


async def find(store: SessionStore, name: str) -> Row:
    """The one session that `name` means.

    The row has the session's latest run, or the run whose whole id `name` is.

    A whole key, name or label takes precedence over the start of a key; `@last` is the newest root;
    `A/B` is session B in the tree of A.

    Raises:
        NotFound: no session matches; an empty name matches none.
        Ambiguous: several sessions match; the error lists them.
    """
    name = canonical(name)
    if not name.strip():
        raise NotFound(
            "an empty name matches no session",
            why="is a variable not set?",
            hint="`pagents list --all` shows them",
        )
    if whole := await store.rows(Filter(session=SessionKey(name))):
        return whole[0]
    if name == _LAST:
        return _the_one(name, await store.rows(Filter(roots_only=True, limit=1)))
    if run := await store.rows(Filter(run=RunId(name))):
        return run[0]
    if "/" in name:
        parent, _, child = name.rpartition("/")
        tree = (await find(store, parent)).session.key
        rows = await store.rows(Filter(prefix=child, tree=tree))
        return _the_one(name, rows, exact=child)
    rows = await store.rows(Filter(prefix=name, limit=50))
    return _the_one(name, rows, exact=name)


def _the_one(name: str, rows: list[Row], *, exact: str = "") -> Row:
    whole = [
        row
        for row in rows
        if exact in (row.session.key, row.run.id, row.session.label, short(row.session.key))
    ]
    found = whole or rows
    if not found:
        raise NotFound(f"no session {name!r}", hint="`pagents list --all` shows them")
    if len(found) > 1:
        shown = [f"{short(row.session.key)} ({row.session.label})" for row in found[:_SHOWN]]
        more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
        raise Ambiguous(
            f"{name!r} matches {len(found)} sessions",
            why=", ".join(shown) + more,
            hint="use more of the id, or RUN/LABEL",
        )
    return found[0]

"""Names: find a session by its key, run id, label, task name or id, or by the start of a key or id."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Protocol

from parallel_agents.core.event_store import EventStore
from parallel_agents.core.flow import RowsChanged
from parallel_agents.core.ids import RunId, SessionKey, function_of, short
from parallel_agents.core.retry_keys import name_of
from parallel_agents.core.row import Row
from parallel_agents.core.spelling import meant
from parallel_agents.core.store import Filter, SessionStore
from parallel_agents.core.unicode import canonical
from parallel_agents.errors import Ambiguous, NotFound


class FoundIn(SessionStore, EventStore, Protocol):
    """A store in which sessions are found by their names."""


_LAST = "@last"
_SHOWN = 5
_NEAR = 200
_NO_ROOTS: Mapping[SessionKey, str] = MappingProxyType({})
_MOST_STEPS = 30  # folders of a path
_LISTED = "`pagents list --all` shows them"


async def find(store: FoundIn, name: str) -> Row:
    """The one session that `name` means.

    The row has the session's latest run, or the run whose whole id `name` is.

    A whole key, name or label takes precedence over the start of a key, and the key that a root was
    spawned under over a label; `@last` is the newest root;
    `A/B` is session B in the tree of A, unless a session is called so. Of the tries of one task, a name
    means the last; and of the rows of a map, one that it has now. Whether a session is live decides
    nothing: a name that meant the live one would mean another's as soon as one's own has ended.

    Raises:
        NotFound: no session matches; an empty name matches none.
        Ambiguous: several sessions match; the error lists them.
    """
    name = canonical(name)
    if not name.strip():
        raise NotFound(
            "an empty name matches no session",
            why="is a variable not set?",
            hint=_LISTED,
        )
    if whole := await store.rows(Filter(session=SessionKey(name))):
        return whole[0]
    if name == _LAST:
        return await _the_one(store, name, await store.rows(Filter(roots_only=True, limit=1)))
    if run := await store.rows(Filter(run=RunId(name))):
        return run[0]
    called = await store.rows(Filter(prefix=name, limit=50))
    if "/" in name and not any(is_called(row, name) for row in called):
        if (found := await _labelled_below(store, name)) is not None:
            return found
        parent, _, child = name.rpartition("/")
        tree = (await find(store, parent)).session.key
        rows = await store.rows(Filter(prefix=child, tree=tree))
        if not rows:
            raise await _nothing(store, name, child, Filter(tree=tree, limit=_NEAR))
        return await _the_one(store, name, rows, exact=child)
    if not called:
        raise await _nothing(store, name, name, Filter(roots_only=True, limit=_NEAR))
    return await _the_one(store, name, called, exact=name)


async def _labelled_below(store: FoundIn, name: str) -> Row | None:
    """The session whose label has slashes, as that of a file has, after the name of what it is in."""
    steps = name.split("/")
    for count in range(1, min(len(steps) - 1, _MOST_STEPS)):
        tree, label = "/".join(steps[:count]), "/".join(steps[count:])
        roots = [
            row for row in await store.rows(Filter(prefix=tree, limit=50)) if is_called(row, tree)
        ]
        if len(roots) != 1:
            continue
        below = await store.rows(Filter(prefix=label, tree=roots[0].session.key))
        if any(row.session.label == label for row in below):
            return await _the_one(store, name, below, exact=label)
    return None


async def _nothing(store: FoundIn, name: str, part: str, near: Filter) -> NotFound:
    """The refusal of a name that nothing has, with the nearest one of the sessions in `near`, or `@last`."""
    known = {each for row in await store.rows(near) for each in _names_of(row)}
    if part == name:
        known.add(_LAST)
    return NotFound(f"no session {name!r}", hint=meant(part, known, _LISTED))


def _names_of(row: Row) -> Iterator[str]:
    session = row.session
    yield session.label
    if session.parent is None and session.spawn_key:
        yield session.spawn_key
    if session.options.task_name:
        yield session.options.task_name


async def _the_one(store: FoundIn, name: str, rows: list[Row], *, exact: str = "") -> Row:
    called = [row for row in rows if row.session.key == exact or is_called(row, exact)]
    found = called or rows
    if not found:
        raise NotFound(f"no session {name!r}", hint=_LISTED)
    if len(keyed := [row for row in found if _is_keyed(row, exact)]) == 1:
        return keyed[0]
    if len(called) > 1:
        found = await _that_counts(store, called)
    if len(found) > 1:
        keys = [row.session.name for row in found]
        roots = await _root_names(store, found)
        hint = "use more of the id, or RUN/LABEL"
        raise ambiguous(name, found, keys, hint=hint, roots=roots)
    return found[0]


async def _root_names(store: FoundIn, rows: Sequence[Row]) -> Mapping[SessionKey, str]:
    """What the roots are called whose trees some of these sessions are in."""
    keys = {row.session.root for row in rows if row.session.parent is not None}
    roots = await store.rows(Filter(sessions=tuple(sorted(keys)))) if keys else ()
    return {row.session.key: row.session.name for row in roots}


async def _that_counts(store: FoundIn, namesakes: Sequence[Row]) -> Sequence[Row]:
    """Those of one name that count: last tries, of rows that their map has."""
    oldest_first = sorted(namesakes, key=lambda row: row.session.created_at)
    latest = {_task_of(row): row for row in oldest_first}
    flows = {flow for flow, _ in latest if flow}
    gone = {flow: await _gone(store, SessionKey(flow)) for flow in flows}
    counting = [row for (flow, name), row in latest.items() if name not in gone.get(flow, ())]
    return counting or list(latest.values())


def _task_of(row: Row) -> tuple[str, str]:
    """What a session is a try of: a task of a flow, or itself alone."""
    parent = row.session.parent
    if parent is None or not function_of(parent):
        return "", row.session.key
    return parent, name_of(row.session.spawn_key)


async def _gone(store: FoundIn, map: SessionKey) -> set[str]:
    """The keys of what no longer counts of a map."""
    gone: set[str] = set()
    for event in await store.events(session=map, kinds={"rows_changed"}):
        if isinstance(event.body, RowsChanged):
            event.body.apply(gone)
    return gone


def is_called(row: Row, name: str) -> bool:
    """Whether this is the whole name of a session, and not only how its key or run id begins."""
    session = row.session
    names = (session.label, session.options.task_name, row.run.id, short(session.key))
    return name in names or _is_keyed(row, name)


def _is_keyed(row: Row, name: str) -> bool:
    return row.session.parent is None and row.session.spawn_key == name


def ambiguous(
    name: str,
    rows: Sequence[Row],
    keys: Sequence[str],
    *,
    hint: str,
    roots: Mapping[SessionKey, str] = _NO_ROOTS,
) -> Ambiguous:
    """The refusal of a name that several sessions have, which lists them by the given keys.

    `roots` are what the roots of those are called whose trees are to be named.
    """
    listed = [f"{key} ({_told(row, roots)})" for key, row in zip(keys[:_SHOWN], rows, strict=False)]
    more = f" and {len(rows) - _SHOWN} more" if len(rows) > _SHOWN else ""
    return Ambiguous(
        f"{name!r} matches {len(rows)} sessions", why=", ".join(listed) + more, hint=hint
    )


def _told(row: Row, roots: Mapping[SessionKey, str]) -> str:
    """The label of a session, the run that it is a part of, and how it is doing."""
    root = roots.get(row.session.root)
    status = row.run.status.replace("_", " ")
    return f"{row.session.label} of {root}, {status}" if root else f"{row.session.label}, {status}"

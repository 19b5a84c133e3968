"""Names: find a session by its key, run id, label, task name or id, or by the start of a key or id."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Protocol

from parallel_agents.core.event_store import EventStore
from parallel_agents.core.flow import RowsChanged
from parallel_agents.core.ids import RunId, SessionKey, short
from parallel_agents.core.retry_keys import task_of
from parallel_agents.core.row import Row
from parallel_agents.core.store import Filter, SessionStore
from parallel_agents.core.unicode import canonical
from parallel_agents.errors import Ambiguous, NotFound
from parallel_agents.sessions.event_names import Origins
from parallel_agents.sessions.missing_names import LISTED, Missing, missing


class FoundIn(SessionStore, EventStore, Origins, Protocol):
    """A store in which sessions are found by their names."""


_LAST = "@last"
_SHOWN = 5
_LEAST_START = 4  # a slip of a key must not mean a session whose random id begins so
_NO_ROOTS: Mapping[SessionKey, str] = MappingProxyType({})
_MOST_STEPS = 30  # folders of a path


async def find(store: FoundIn, name: str) -> Row:
    """The one session that `name` means.

    The row has the session's latest run, or the run whose whole id `name` is.

    A whole key, name or label takes precedence over the start of a key, which has at least four
    characters, and the key that a root was
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
            hint=LISTED,
        )
    found = await _look_up(store, name)
    if isinstance(found, Row):
        return found
    raise await missing(store, name, found, also=(_LAST,))


async def _look_up(store: FoundIn, name: str) -> Row | Missing:
    """The one session that a name means, or what of the name is missing where."""
    if whole := await store.rows(Filter(session=SessionKey(name))):
        return whole[0]
    if name == _LAST:
        newest = await store.rows(Filter(roots_only=True, limit=1))
        return newest[0] if newest else Missing(None, name)
    if run := await store.rows(Filter(run=RunId(name))):
        return run[0]
    called = await store.rows(Filter(prefix=name, limit=50))
    if "/" in name and not any(is_called(row, name) for row in called):
        return await _below(store, name)
    return await _the_one(store, name, called, exact=name)


async def _below(store: FoundIn, name: str) -> Row | Missing:
    """The session that the last part of a name means, in the tree of the one that the rest means."""
    if (labelled := await _labelled_below(store, name)) is not None:
        return labelled
    if name.count("/") > _MOST_STEPS:
        return Missing(None, name)
    parent, _, child = name.rpartition("/")
    above = await _look_up(store, parent) if parent.strip() else Missing(None, parent)
    if isinstance(above, Missing):
        return above._replace(part=f"{above.part}/{child}")
    rows = await store.rows(Filter(prefix=child, tree=above.session.key))
    if not rows:
        return Missing(above, child)
    return await _the_one(store, name, rows, exact=child)


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
            one = await _the_one(store, name, below, exact=label)
            return one if isinstance(one, Row) else None
    return None


async def _the_one(store: FoundIn, name: str, rows: list[Row], *, exact: str) -> Row | Missing:
    """The one of these rows that a name means; missing, if there are none."""
    called = [row for row in rows if row.session.key == exact or is_called(row, exact)]
    found = called or (rows if len(exact) >= _LEAST_START else [])
    if not found:
        return Missing(None, name)
    if len(keyed := [row for row in found if _is_keyed(row, exact)]) == 1:
        return keyed[0]
    if len(called) > 1:
        found = await _that_counts(store, called)
    if len(found) > 1:
        keys = [row.session.name for row in found]
        roots = await _root_names(store, found)
        ways = await _ways(store, found[:_SHOWN], roots)
        hint = f"use more of the id, or {f'the way down to it, such as {ways[0]}' if ways else 'RUN/LABEL'}"
        raise ambiguous(name, found, keys, hint=hint, roots=roots)
    return found[0]


async def _ways(
    store: FoundIn, rows: Sequence[Row], roots: Mapping[SessionKey, str]
) -> Sequence[str]:
    """What these sessions are called by the way down to each, as it can be typed; none if two share one."""
    origins = await store.origins([row.session.key for row in rows])
    ways = [
        "/".join([roots[row.session.root], *map(_typed, origins[row.session.key].path)])
        for row in rows
        if row.session.root in roots and row.session.key in origins
    ]
    return ways if len(set(ways)) == len(ways) else ()


def _typed(step: str) -> str:
    """A step of a flow as labels have it."""
    return step.replace("/", "-")


async def _root_names(store: FoundIn, rows: Sequence[Row]) -> Mapping[SessionKey, str]:
    """What the roots are called whose trees some of these sessions are in."""
    keys = {row.session.root for row in rows if row.session.parent is not None}
    roots = await store.rows(Filter(sessions=tuple(sorted(keys)))) if keys else ()
    return {row.session.key: row.session.name for row in roots}


async def _that_counts(store: FoundIn, namesakes: Sequence[Row]) -> Sequence[Row]:
    """Those of one name that count: last tries, of rows that their map has."""
    oldest_first = sorted(namesakes, key=lambda row: row.session.created_at)
    latest = {task_of(row.session): row for row in oldest_first}
    flows = {flow for flow, _ in latest if flow}
    gone = {flow: await _gone(store, SessionKey(flow)) for flow in flows}
    counting = [row for (flow, name), row in latest.items() if name not in gone.get(flow, ())]
    return counting or list(latest.values())


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

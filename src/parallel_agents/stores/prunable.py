"""Prunable: which trees of a store have ended and are not needed any more, and how large it is."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence

from parallel_agents.core.ids import SessionKey
from parallel_agents.core.store_care import (
    Held,
    Pages,
    Paid,
    PrunePlan,
    Retention,
    Size,
    StoreSizes,
    Tree,
)
from parallel_agents.stores.database import Database, SqlRow, as_array
from parallel_agents.stores.row_columns import is_moment

# Of more events the bytes are estimated from so many of them: a sum would read the whole file.
_MOST_MEASURED, _SAMPLES = 100_000, 2_000

# Beside a body an event has its row, its key in an index, and a share of the rows of its run.
_OVERHEAD_BYTES = 250
_MOST_OF_ALL = 0.7  # the share of the trees from which on their events are most of all


def read_pages(database: Database) -> Pages:
    count, free, size, can_shrink = database.one("pages") or (0, 0, 0, False)
    return Pages((count - free) * size, free * size, bool(can_shrink))


def shrink_step(database: Database) -> Pages:
    """Give a few free pages back; it is part of its caller's transaction."""
    database.all("shrink_step")
    return read_pages(database)


def read_sizes(database: Database, most_measured: int = _MOST_MEASURED) -> StoreSizes:
    """See `core.store_care.CareStore`; the bytes of more events are estimated."""
    with database.reading():
        found = database.one("sizes")
        assert found is not None  # a SELECT without FROM has one row
        events, first, last, replies, reply_bytes, artifacts, artifact_bytes, *rest = found
        sessions, runs, trees, oldest, newest = rest
        pruned_runs, *pruned = database.one("pruned_spend") or (0, 0, 0)
        is_estimated = events > most_measured
        return StoreSizes(
            pages=read_pages(database),
            events=_estimated(database, events, first, last)
            if is_estimated
            else Size(events, (database.one("bytes_of_events") or (0,))[0]),
            is_estimated=is_estimated,
            replies=Size(replies, reply_bytes),
            artifacts=Size(artifacts, artifact_bytes),
            trees=trees,
            sessions=sessions,
            runs=runs,
            removing=(database.one("count_being_removed") or (0,))[0],
            pruned_events=(database.one("count_pruned") or (0,))[0],
            pruned_runs=pruned_runs,
            pruned=Paid(*pruned),
            oldest_at=oldest if is_moment(oldest) else None,
            newest_at=newest if is_moment(newest) else None,
        )


def _estimated(database: Database, events: int, first: int, last: int) -> Size:
    """The events, by the mean size of some that lie evenly between the first and the last."""
    step = max(1, (last - first) // _SAMPLES)
    # Not at the same distance: runs that are alike would repeat themselves in it.
    sample = [str(seq + seq * 7919 % step) for seq in range(first, last + 1, step)]
    (mean,) = database.one("mean_bytes", (f"[{','.join(sample)}]",)) or (None,)
    return Size(events, round(events * (mean or 0.0)))


def read_plan(
    database: Database,
    retention: Retention,
    unmerged: Collection[SessionKey],
    *,
    now: float,
    oldest_letter: float,
) -> PrunePlan:
    """What a pruning would remove now, the oldest first."""
    with database.reading():
        held = read_held(database, oldest_letter, unmerged)
        latest = now - retention.least_age
        found = database.all("trees", {"until": latest}, where=["ended_by"])
        staying_last = _ended_last(database, retention.keep_last or 0, held)
        ended = [_tree(row, held) for row in found]
        ended = [
            tree
            for tree in ended
            if tree.held is not Held.LIVE
            and tree.ended_at <= latest
            and tree.key not in staying_last
        ]
        going = [tree for tree in ended if tree.held is None]
        staying = [tree for tree in ended if tree.held is not None]
        if retention.larger_than is not None:
            going = _until_small(database, going, retention.larger_than)
        return PrunePlan(going, staying, _size_of_many(database, [tree.key for tree in going]))


def _ended_last(
    database: Database, count: int, held: Mapping[SessionKey, Held]
) -> Collection[SessionKey]:
    """So many trees that ended last, of those that have ended."""
    found: dict[SessionKey, float] = {}
    least = math.inf
    for root, at in database.each("roots_ended_last") if count else ():
        key = SessionKey(root)
        if len(found) >= count and at < least:
            break
        if is_moment(at) and key not in found and held.get(key) is not Held.LIVE:
            found[key] = least = at
    return sorted(found, key=lambda key: (found[key], key))[-count:] if count else ()


def _until_small(database: Database, trees: Sequence[Tree], most: int) -> list[Tree]:
    """As many of the trees as it takes until the store has no more than these bytes in use."""
    excess = read_pages(database).used - most
    chosen: list[Tree] = []
    for tree in trees:
        if excess <= 0:
            break
        chosen.append(tree)
        size = size_of(database, [tree.key])
        excess -= size.bytes + size.number * _OVERHEAD_BYTES
    return chosen


def size_of(database: Database, roots: Sequence[SessionKey]) -> Size:
    """The events of trees."""
    return Size(*(database.one("size_of_trees", (as_array(roots),)) or (0, 0)))


def _size_of_many(database: Database, roots: Sequence[SessionKey]) -> Size:
    """The same for what may be most of the store: all that there is, without the other trees.

    To read the events one after the other takes a fifth of finding each of them by its tree.
    """
    (count,) = database.one("count_roots") or (0,)
    if len(roots) < count * _MOST_OF_ALL:
        return size_of(database, roots)
    chosen = frozenset(roots)
    others = [key for key in _keys(database.all("all_roots")) if key not in chosen]
    whole, rest = Size(*(database.one("size_of_all") or (0, 0))), size_of(database, others)
    return Size(whole.number - rest.number, whole.bytes - rest.bytes)


def read_trees(
    database: Database,
    roots: Collection[SessionKey],
    unmerged: Collection[SessionKey],
    *,
    oldest_letter: float,
) -> list[Tree]:
    """These trees, with why they stay."""
    held = read_held(database, oldest_letter, unmerged)
    rows = database.all("trees", {"roots": as_array(list(roots))}, where=["roots"])
    return [_tree(row, held) for row in rows]


def read_held(
    database: Database, oldest_letter: float, unmerged: Collection[SessionKey] = ()
) -> Mapping[SessionKey, Held]:
    """The trees that stay, each with the reason that weighs most."""
    held: dict[SessionKey, Held] = dict.fromkeys(unmerged, Held.WORKSPACE)
    for reason, rows in (
        (Held.FLOW, database.all("trees_with_flows")),
        (Held.LETTER, database.all("trees_with_letters", (oldest_letter,))),
        (Held.IN_USE, database.all("trees_in_use")),
        (Held.LIVE, database.all("trees_live")),
    ):
        held |= {
            key: reason
            for key in _keys(rows)
            if reason.is_final or held.get(key) is not Held.WORKSPACE
        }
    return held


def next_prunable(
    database: Database, after: float, until: float, limit: int, *, oldest_letter: float
) -> tuple[list[SessionKey], float | None]:
    """See `core.store_care.CareStore`."""
    with database.reading():
        values = {"after": after, "until": until, "limit": limit}
        found = database.all("roots_ended", values)
        roots = list(dict.fromkeys(_keys(found)))
        if not roots:
            return [], None
        held = read_held(database, oldest_letter)
        ended = [
            root
            for root in roots
            if root not in held and not (database.one("has_ended_after", (root, until)) or (1,))[0]
        ]
        return ended, found[-1][1] if len(found) == limit else None


def _keys(rows: Iterable[SqlRow]) -> list[SessionKey]:
    return [SessionKey(row[0]) for row in rows]


def _tree(row: SqlRow, held: Mapping[SessionKey, Held]) -> Tree:
    key, sessions, runs, ended_at, nanousd, simulated, label = row
    at = ended_at if is_moment(ended_at) else 0.0
    return Tree(
        SessionKey(key), label or "", sessions, runs, Paid(nanousd, simulated), at, held.get(key)
    )

"""Pruning: trees that have ended go in small steps, and the chain says what went and who removed it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from hashlib import sha256
from typing import NamedTuple

import orjson

from parallel_agents.core.ids import RunId, SessionKey
from parallel_agents.core.store_care import Size, Step
from parallel_agents.errors import PruneRefused
from parallel_agents.stores.chain import cover
from parallel_agents.stores.database import Database, as_array
from parallel_agents.stores.prunable import read_held
from parallel_agents.stores.pruned_chain import Rest, hash_of_rests
from parallel_agents.stores.tables import Tables

# A step holds up whoever else writes: about 50 ms.
_MOST_EVENTS, _MOST_BYTES = 2_000, 8_000_000
_MOST_RUNS, _MOST_TREES = 500, 200
_RUNS_AT_ONCE = 50


class _Part(NamedTuple):
    """What a step removes: some runs of some trees."""

    by: str
    why: str
    trees: list[SessionKey]
    runs: list[RunId]
    sessions: list[SessionKey]
    size: Size


def prune_step(
    tables: Tables,
    begin: Sequence[SessionKey],
    *,
    by: str,
    why: str,
    is_named: bool,
    oldest_letter: float,
    most_events: int = _MOST_EVENTS,
) -> Step:
    """See `core.store_care.CareStore`; the step is part of its caller's transaction.

    Raises:
        PruneRefused: events that would go do not match the chain; nothing was removed.
    """
    database = tables.database
    if tables.log.has_record:
        return Step()  # its transaction has one already: the caller asks again
    begun, refused = _chosen(database, begin, is_named=is_named, oldest_letter=oldest_letter)
    database.run_many(
        "begin_removing", [(tree, label, by, why, tables.now()) for tree, label in begun]
    )
    part = _next_part(database, most_events)
    if part is None:
        return Step(refused=refused, is_done=True)
    seqs = [seq for (seq,) in database.all("seqs_of_runs", (as_array(part.runs),))]
    is_sealed = not seqs or seqs[-1] <= tables.log.sealed_seq
    try:
        rests = list(_rests(database, seqs)) if is_sealed else []
    except PruneRefused:
        _forget(database, begun)
        raise
    if not is_sealed:
        _forget(database, begun)
        return Step()  # written in this transaction: the link is not there yet
    database.run_many("close_tree", [(tree,) for tree, _ in begun])
    step = _remove(tables, part, seqs)
    _note(tables, part, step, rests)
    return step._replace(refused=refused)


def _forget(database: Database, begun: Sequence[tuple[SessionKey, str]]) -> None:
    """Leave the trees of a step as they were: what is refused has written nothing."""
    database.run_many("end_removing", [(tree,) for tree, _ in begun])


def _chosen(
    database: Database, begin: Sequence[SessionKey], *, is_named: bool, oldest_letter: float
) -> tuple[list[tuple[SessionKey, str]], tuple[SessionKey, ...]]:
    """Those of the trees that may go, with their labels, and those that stay."""
    if not begin:
        return [], ()
    held = read_held(database, oldest_letter)
    rows = database.all("trees", {"roots": as_array(begin)}, where=["roots"])
    labels = {row[0]: row[6] or "" for row in rows}
    going: list[tuple[SessionKey, str]] = []
    refused: list[SessionKey] = []
    for tree in dict.fromkeys(begin):
        reason = held.get(tree)
        if tree not in labels or (reason is not None and (reason.is_final or not is_named)):
            refused.append(tree)
        else:
            going.append((tree, labels[tree]))
    return going, tuple(refused)


def _next_part(database: Database, most_events: int) -> _Part | None:
    part: _Part | None = None
    number = size = 0
    for tree, _, by, why in database.all("trees_being_removed", (_MOST_TREES,)):
        part = part or _Part(by, why, [], [], [], Size())
        if (by, why) != (part.by, part.why):
            break  # a record names one person
        part.trees.append(SessionKey(tree))
        values = {"tree": tree, "most": _MOST_RUNS - len(part.runs)}
        found = database.all("runs_of_tree", values)
        for run, session, _ in found:
            if part.runs and (number >= most_events or size >= _MOST_BYTES):
                break
            events, length = database.one("size_of_run", (run,)) or (0, 0)
            number, size = number + events, size + length
            part.runs.append(RunId(run))
            part.sessions.append(SessionKey(session))
        if number >= most_events or size >= _MOST_BYTES or len(part.runs) >= _MOST_RUNS:
            break
    return None if part is None else part._replace(size=Size(number, size))


def _rests(database: Database, seqs: Sequence[int]) -> Iterator[Rest]:
    """What will be left of each link that covers one of these events, once they are gone.

    Raises:
        PruneRefused: a link does not match what it covers.
    """
    gone = set(seqs)
    covered = 0
    for seq in seqs:
        if seq <= covered:
            continue
        link = _link_of(database, seq)
        if link is None:
            continue  # written before the chain began
        number, first_seq, covered, hash = link
        yield _rest(database, number, first_seq, covered, hash, gone)


def _rest(
    database: Database, number: int, first_seq: int, last_seq: int, hash: bytes, gone: set[int]
) -> Rest:
    before = database.one("pruned_link", (number,))
    previous = database.one("link", (number - 1,))
    whole = sha256(b"" if before is not None or previous is None else previous[3])
    left, count, found = sha256(), 0, 0
    for seq, at, run, key, body in database.each("events_between", (first_seq, last_seq)):
        found += 1
        cover(whole, seq, at, run, key, body)
        if seq not in gone:
            cover(left, seq, at, run, key, body)
            count += 1
    if (record := database.one("pruning", (number,))) is not None:
        whole.update(record[0])
        left.update(record[0])
    gone_before = 0 if before is None else before[0]
    is_intact = found + gone_before == last_seq - first_seq + 1
    if not is_intact or whole.digest() != (hash if before is None else before[1]):
        raise PruneRefused(
            f"link {number} of the journal (events {first_seq} to {last_seq}) does not match",
            why="an event was changed; to remove it would hide that",
            hint="see `pagents audit --verify --full`; compare with a backup first",
        )
    return Rest(number, last_seq - first_seq + 1 - count, left.digest())


def _link_of(database: Database, seq: int) -> tuple[int, int, int, bytes] | None:
    """The link that covers an event; links are in the order of events, and their numbers have no gap."""
    first, last = database.one("first_link_number"), database.one("last_link")
    if first is None or last is None or seq <= first[1]:
        return None
    low, high = first[0] + 1, last[0]
    while low < high:
        middle = (low + high) // 2
        found = database.one("link", (middle,))
        if found is None:
            raise PruneRefused(
                f"link {middle} of the journal is missing",
                hint="see `pagents audit --verify --full`; compare with a backup first",
            )
        if found[2] < seq:
            low = middle + 1
        else:
            high = middle
    link = database.one("link", (low,))
    return None if link is None else (link[0], link[1], link[2], link[3])


def _remove(tables: Tables, part: _Part, seqs: Sequence[int]) -> Step:
    database = tables.database
    runs, sessions = as_array(part.runs), as_array(list(dict.fromkeys(part.sessions)))
    database.run("add_pruned_spend", (runs,))
    for query in ("events", "letters", "writes", "reservations", "runs"):
        database.run(f"prune_{query}", (runs,))
    database.run("prune_notifications", (as_array(seqs),))
    database.run("prune_accounts", (sessions,))
    gone = database.all("prune_sessions", (sessions,))
    trees = [tree for tree in part.trees if not (database.one("has_sessions", (tree,)) or (0,))[0]]
    for tree in trees:
        for query in ("prune_state", "prune_artifacts", "end_removing"):
            database.run(query, (tree,))
    tables.transcripts.forget()
    is_done = (database.one("count_being_removed") or (0,))[0] == 0
    return Step(len(trees), len(gone), len(part.runs), part.size, is_done=is_done)


def _note(tables: Tables, part: _Part, step: Step, rests: Sequence[Rest]) -> None:
    """Write what a step left of links, and the record that the transaction's link covers."""
    database = tables.database
    number = (database.one("last_link") or (0,))[0] + 1
    database.run_many("put_pruned_link", [(r.link, number, r.gone, r.hash) for r in rests])
    record = orjson.dumps(
        {
            "at": tables.now(),
            "by": part.by,
            "why": part.why,
            "trees": part.trees,
            "sessions": step.sessions,
            "runs": step.runs,
            "events": step.events.number,
            "bytes": step.events.bytes,
            "links": hash_of_rests(rests),
        }
    )
    database.run("put_pruning", (number, record))
    database.run("drop_checkpoints")  # they count events that are gone
    tables.log.add_record(record)

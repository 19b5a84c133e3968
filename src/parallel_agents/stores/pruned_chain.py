"""Pruned chain: what is left of links whose events were pruned, and the records that say who did it.

The hash of such a link stays, and the next link still covers it. In place of the events that are gone
the store has how many they were, and a hash over the rest. A step of a pruning keeps a record, which
its own link covers; the record has a hash over all that the step left, so that nobody removes events
and calls it a pruning without a link that says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from hashlib import sha256
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple

import orjson

from parallel_agents.core.audit import Pruned
from parallel_agents.stores.database import Database


class Rest(NamedTuple):
    """What is left of a link: how many of its events are gone, and a hash over the others."""

    link: int
    gone: int
    hash: bytes


class Record(NamedTuple):
    """The record of a step, by the number of the link that covers it."""

    link: int
    body: bytes


def each_rest(database: Database, after: int) -> Iterator[Rest]:
    """What is left of the links after one, in their order."""
    for link, gone, rest, _ in database.each("pruned_links", (after,)):
        yield Rest(link, gone if type(gone) is int else -1, _as_bytes(rest))


def each_record(database: Database, after: int) -> Iterator[Record]:
    """The records of the links after one, in their order."""
    for link, body in database.each("prunings", (after,)):
        yield Record(link, _as_bytes(body))


def _as_bytes(stored: object) -> bytes:
    return stored if isinstance(stored, bytes) else b"\0" + str(stored).encode()


def hash_of_rests(rests: Iterable[Rest]) -> str:
    """The hash, in hex, of what a step left of links."""
    running = sha256()
    for rest in rests:
        running.update(orjson.dumps((rest.link, rest.gone, rest.hash.hex())))
    return running.hexdigest()


def check_records(database: Database) -> str:
    """What is wrong with what prunings left behind; empty if it is what their records say."""
    told = {record.link: _links_hash(record) for record in each_record(database, -1)}
    rows = database.each("pruned_links_by_pruning")
    for pruning, group in groupby(rows, key=itemgetter(0)):
        rests = (Rest(link, gone, _as_bytes(rest)) for _, link, gone, rest in group)
        if told.pop(pruning, None) != hash_of_rests(rests):
            return (
                f"events were removed, and the record of it in link {pruning} is missing or differs"
            )
    nothing = hash_of_rests(())
    lost = next((link for link, hash in told.items() if hash != nothing), None)
    return "" if lost is None else f"what link {lost} says was pruned is not what is missing"


def pruned_among(database: Database, last: int) -> Pruned:
    """What was pruned of the links up to one."""
    found = database.one("count_pruned")
    facts = [_facts(record) for record in each_record(database, -1) if record.link <= last]
    if not facts:
        return Pruned()
    times = [at for _, at in facts]
    return Pruned(
        events=0 if found is None else found[0],
        steps=len(facts),
        by=tuple(dict.fromkeys(by for by, _ in facts)),
        first_at=min(times),
        last_at=max(times),
    )


def _facts(record: Record) -> tuple[str, float]:
    """Who pruned, and when; a record that was changed is told by its link."""
    try:
        body = orjson.loads(record.body)
        return str(body["by"]), float(body["at"])
    except (ValueError, KeyError, TypeError):
        return "unknown", 0.0


def _links_hash(record: Record) -> str:
    try:
        return str(orjson.loads(record.body)["links"])
    except (ValueError, KeyError, TypeError):
        return ""

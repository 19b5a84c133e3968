"""Chain: a hash over each transaction's events and the previous hash, so that tampering shows.

A link's hash is SHA-256 of the previous link's hash, 32 zero bytes for the first, and of each of
its events: a JSON array of seq, at, run, key and the length of the body, then the body. Whoever can
write the file can also write a whole new chain: only a hash that was stored elsewhere reveals that.

A transaction that prunes adds its record to its link; of a link whose events it removed, the hash
stays, and `pruned_chain` says what is left of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from typing import NamedTuple, Protocol

import orjson

from parallel_agents.core.audit import ChainCheck, Checkpoint
from parallel_agents.stores.database import Database, SqlRow
from parallel_agents.stores.pruned_chain import (
    Rest,
    check_records,
    each_record,
    each_rest,
    pruned_among,
)

_MOST_PARTS = 512  # of a link, put together before they are hashed


class _Hash(Protocol):
    def update(self, data: bytes, /) -> None: ...
    def digest(self) -> bytes: ...


class _Link(NamedTuple):
    number: int
    first_seq: int
    last_seq: int
    hash: bytes


_LINK_TYPES = (int, int, int, bytes)


class Chain:
    """The link of the current transaction, if it writes events."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._hash: _Hash | None = None
        self._last_hash = b""
        self._first_seq = self._last_seq = 0
        self._record: bytes | None = None

    def begin(self, last_hash: object) -> None:
        """Start a transaction after the link with this hash."""
        self._hash = self._record = None
        # A damaged one is covered as it is: `check_chain` reports the link that has it.
        self._last_hash = last_hash if isinstance(last_hash, bytes) else str(last_hash).encode()

    def add(self, seq: int, at: float, run: str, key: str, body: bytes) -> None:
        """Cover the next event."""
        if self._hash is None:
            self._hash = sha256(self._last_hash)
            self._first_seq = seq
        self._last_seq = seq
        cover(self._hash, seq, at, run, key, body)

    def add_record(self, record: bytes, last_seq: int) -> None:
        """Cover the record of what the transaction prunes, after all its events."""
        self._record = record
        if self._hash is None:
            self._hash = sha256(self._last_hash)
            self._first_seq, self._last_seq = last_seq + 1, last_seq

    def close(self) -> None:
        """Write the link, as the last statement of the transaction."""
        if self._hash is not None:
            if self._record is not None:
                self._hash.update(self._record)
            self._database.run("put_link", (self._first_seq, self._last_seq, self._hash.digest()))
            self._hash = None


def cover(running: _Hash, seq: int, at: float, run: str, key: str, body: bytes) -> None:
    """Add an event to a hash."""
    running.update(_head(seq, at, run, key, len(body)))
    running.update(body)


def _head(seq: int, at: float, run: str, key: str, size: int) -> bytes:
    # Without the length, one body could imitate itself and the event after it.
    return orjson.dumps((seq, float(at), run, key, size))


def check_chain(database: Database, head: str = "", after: Checkpoint | None = None) -> ChainCheck:
    """Recompute the chain, or what follows an intact part of it.

    Args:
        database: the store.
        head: the hash, in hex, that a recomputed link, or the last one of `after`, must have.
        after: the part that is not recomputed.
    """
    with database.reading():
        return _check(database, head, after)


def _check(database: Database, head: str, after: Checkpoint | None) -> ChainCheck:
    links = map(_Link._make, database.each("links", (0 if after is None else after.number,)))
    first = next(links, None)
    if after is not None and (first is None or first.hash != after.hash):
        return _broken("the chain differs from the one that an earlier audit verified")
    if first is None or _wrong_types(first):
        return _broken("the chain has no beginning")
    if after is None and (first.number != 0 or any(first.hash)):
        return _broken("the chain has no beginning")
    wanted = bytes.fromhex(head)
    last, is_found, fault = first, wanted in (b"", first.hash), ""
    events = _Events(database, first)
    for link in links:
        fault = _fault_of(events, link, last)
        if fault:
            break
        last = link
        is_found = is_found or link.hash == wanted
    if not fault and (loose := events.next_seq) is not None:
        fault = f"no link covers event {loose} and those after it"
    if not fault:
        fault = check_records(database)
    if not fault and not is_found:
        fault = "no link has the given head: the links that led to it were cut off or rewritten"
    begun = database.one("first_link")
    before = 0 if begun is None else database.all("count_events_until", begun)[0][0]
    pruned = pruned_among(database, last.number)
    return ChainCheck(
        events=max(last.last_seq - (0 if begun is None else begun[0]) - pruned.events, 0),
        links=last.number,
        before=before,
        head=last.hash.hex(),
        fault=fault,
        pruned=pruned,
    )


def _broken(fault: str) -> ChainCheck:
    return ChainCheck(events=0, links=0, before=0, head="", fault=fault)


class _Events:
    """Events in order, of which links take one part after the other, and what was pruned of them."""

    def __init__(self, database: Database, first: _Link) -> None:
        self._rows: Iterator[SqlRow] = database.each("events_from", (first.last_seq,))
        self._next: SqlRow | None = next(self._rows, None)
        self._rests = each_rest(database, first.number)
        self._rest = next(self._rests, None)
        self._records = each_record(database, first.number)
        self._record = next(self._records, None)

    @property
    def next_seq(self) -> int | None:
        """The number of the first event that was not taken."""
        return None if self._next is None else self._next[0]

    def rest_of(self, link: _Link) -> Rest | None:
        """What is left of a link of which something was pruned."""
        rest = self._rest
        if rest is None or rest.link != link.number:
            return None
        self._rest = next(self._rests, None)
        return rest

    def take(self, link: _Link, running: _Hash, *, gone: int) -> int:
        """Cover the events of a link, of which so many are gone, and its record of a pruning.

        Returns:
            The number of the first event that is missing, or of the one after the link.
        """
        row, rows, parts = self._next, self._rows, list[bytes]()
        expected, last_seq = link.first_seq, link.last_seq
        left = last_seq - expected + 1 - gone
        while row is not None and row[0] <= last_seq and (gone or row[0] == expected):
            seq, at, run, key, body = row
            # SQLite stores any type in any column: a body that was turned into text differs.
            whole = body if isinstance(body, bytes) else b"\0" + str(body).encode()
            parts.append(_head_of(seq, at, run, key, len(whole)))
            parts.append(whole)
            if len(parts) >= _MOST_PARTS:
                running.update(b"".join(parts))
                parts.clear()
            expected, left = seq + 1, left - 1
            row = next(rows, None)
        running.update(b"".join(parts))
        self._next = row
        if (record := self._record) is not None and record.link == link.number:
            running.update(record.body)
            self._record = next(self._records, None)
        return last_seq + 1 if gone and not left else expected


def _head_of(seq: int, at: object, run: object, key: object, size: int) -> bytes:
    if isinstance(at, float | int) and isinstance(run, str) and isinstance(key, str):
        return _head(seq, at, run, key, size)
    return repr((at, run, key)).encode()  # no event of ours: its link does not match


def _fault_of(events: _Events, link: _Link, last: _Link) -> str:
    """What is wrong with `link`, which follows `last`; empty if nothing is."""
    if wrong := _wrong_types(link):
        return f"{wrong} of the link after link {last.number} has another type than was written"
    name = f"link {link.number} (events {link.first_seq} to {link.last_seq})"
    if link.number != last.number + 1:
        return f"{name} follows link {last.number}: a link between them is missing"
    if link.first_seq != last.last_seq + 1:
        return f"{name} follows event {last.last_seq}: no link covers the events between them"
    rest = events.rest_of(link)
    running = sha256(b"" if rest else last.hash)
    expected = events.take(link, running, gone=rest.gone if rest else 0)
    if rest is not None and (expected <= link.last_seq or running.digest() != rest.hash):
        return f"{name} does not match: what was left of it by a pruning was changed"
    if expected <= link.last_seq:
        return f"{name} does not match: event {expected} is missing"
    if rest is None and running.digest() != link.hash:
        return f"{name} does not match: one of its events or its hash was changed"
    return ""


def _wrong_types(link: _Link) -> str:
    """The fields of a link that have no value of their type: SQLite keeps any in any column."""
    types = zip(link._fields, link, _LINK_TYPES, strict=True)
    return ", ".join(name for name, value, kind in types if type(value) is not kind)

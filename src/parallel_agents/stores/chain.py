"""Chain: a hash over the events of each transaction and the hash before, so that changes show.

A link's hash is SHA-256 of the hash of the link before, 32 zero bytes for the first, and of each of
its events: a JSON array of seq, at, run, key and the length of the body, then the body. Who can
write the file can also write a whole new chain: only a hash that was kept elsewhere tells.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from hashlib import sha256
from typing import NamedTuple, Protocol

import orjson

from parallel_agents.core.audit import ChainCheck
from parallel_agents.stores.queries import query


class _Hash(Protocol):
    def update(self, given: bytes, /) -> None: ...
    def digest(self) -> bytes: ...


class _Link(NamedTuple):
    number: int
    first_seq: int
    last_seq: int
    hash: bytes


class _End(NamedTuple):
    last_seq: int
    hash: bytes


class Chain:
    """The link of the transaction that is under way, if it writes events."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._sql = connection
        self._hash: _Hash | None = None
        self._first_seq = self._last_seq = 0
        self._written: _End | None = None
        self._committed: _End | None = None

    def forget(self) -> None:
        """The next transaction begins."""
        self._hash = None
        self._written = None

    def committed(self) -> None:
        """The transaction is durable, and its link the last as long as nobody writes events."""
        self._committed = self._written or self._committed

    def add(self, seq: int, at: float, run: str, key: str, body: bytes) -> None:
        """Cover an event that was just written."""
        if self._hash is None:
            self._hash = sha256(self._hash_before(seq))
            self._first_seq = seq
        self._last_seq = seq
        _cover(self._hash, seq, at, run, key, body)

    def close(self) -> None:
        """Write the link, as the last of the transaction."""
        if self._hash is not None:
            self._written = _End(self._last_seq, self._hash.digest())
            self._sql.execute(query("put_link"), (self._first_seq, *self._written))
            self._hash = None

    def _hash_before(self, seq: int) -> bytes:
        """The last link's hash; read where another process may have written one since ours."""
        ours = self._committed
        if ours is not None and ours.last_seq == seq - 1:
            return ours.hash
        return self._sql.execute(query("last_link")).fetchone()[0]


def _cover(running: _Hash, seq: int, at: float, run: str, key: str, body: bytes) -> None:
    # The length keeps a body from standing for itself and the event after it.
    running.update(orjson.dumps((seq, float(at), run, key, len(body))))
    running.update(body)


def check(sql: sqlite3.Connection, head: str = "") -> ChainCheck:
    """Recompute the whole chain; with `head`, a hash in hex, see that it is one of its links'."""
    sql.execute("BEGIN")  # links and events of one moment, while others write
    try:
        return _check(sql, head)
    finally:
        sql.execute("COMMIT")


def _check(sql: sqlite3.Connection, head: str) -> ChainCheck:
    links = map(_Link._make, sql.execute(query("links")))
    first = next(links, None)
    if first is None or first.number != 0 or any(first.hash):
        return ChainCheck(events=0, links=0, before=0, head="", fault="the chain has no beginning")
    last, count, fault = first, 0, ""
    wanted = bytes.fromhex(head)
    is_found = wanted in (b"", first.hash)
    for link in links:
        fault = _fault_of(sql, link, last)
        if fault:
            break
        last = link
        count += link.last_seq - link.first_seq + 1
        is_found = is_found or link.hash == wanted
    if not fault:
        fault = _loose_events(sql, last)
    if not fault and not is_found:
        fault = "the given head is no link's: what it ended was cut off or written anew"
    (before,) = sql.execute(
        "SELECT COUNT(*) FROM events WHERE seq <= ?", (first.last_seq,)
    ).fetchone()
    return ChainCheck(
        events=count, links=last.number, before=before, head=last.hash.hex(), fault=fault
    )


def _fault_of(sql: sqlite3.Connection, link: _Link, last: _Link) -> str:
    """What is wrong with `link`, which follows `last`."""
    name = f"link {link.number} (events {link.first_seq} to {link.last_seq})"
    if link.number != last.number + 1:
        return f"{name} follows link {last.number}: a link between them is gone"
    if link.first_seq != last.last_seq + 1:
        return f"{name} follows event {last.last_seq}: the events between them are in no link"
    running = sha256(last.hash)
    expected = link.first_seq
    for seq, at, run, key, body in _events(sql, link):
        if seq != expected:
            break
        expected += 1
        _cover(running, seq, at, run, key, body)
    if expected <= link.last_seq:
        return f"{name} does not fit: event {expected} is gone"
    if running.digest() != link.hash:
        return f"{name} does not fit: one of its events or its hash was changed"
    return ""


def _events(sql: sqlite3.Connection, link: _Link) -> Iterator[tuple[int, float, str, str, bytes]]:
    for seq, at, run, key, body in sql.execute(
        query("linked_events"), (link.first_seq, link.last_seq)
    ):
        # SQLite keeps what it is given: a body that was made text is another, and shows so.
        yield seq, at, run, key, body if isinstance(body, bytes) else b"\0" + str(body).encode()


def _loose_events(sql: sqlite3.Connection, last: _Link) -> str:
    (first,) = sql.execute("SELECT MIN(seq) FROM events WHERE seq > ?", (last.last_seq,)).fetchone()
    return "" if first is None else f"event {first} and what follows are in no link"

"""Chain: a hash over each transaction's events and the previous hash, so that tampering shows.

A link's hash is SHA-256 of the previous link's hash, 32 zero bytes for the first, and of each of
its events: a JSON array of seq, at, run, key and the length of the body, then the body. Whoever can
write the file can also write a whole new chain: only a hash that was stored elsewhere reveals that.
"""

from __future__ import annotations

from hashlib import sha256
from typing import NamedTuple, Protocol

import orjson

from parallel_agents.core.audit import ChainCheck
from parallel_agents.stores.database import Database


class _Hash(Protocol):
    def update(self, data: bytes, /) -> None: ...
    def digest(self) -> bytes: ...


class _Link(NamedTuple):
    number: int
    first_seq: int
    last_seq: int
    hash: bytes


_LINK_TYPES = (int, int, int, bytes)
_EVENT_TYPES = (int, float, str, str, bytes)  # seq, at, run, key, body


class Chain:
    """The link of the current transaction, if it writes events."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._hash: _Hash | None = None
        self._last_hash = b""
        self._first_seq = self._last_seq = 0

    def begin(self, last_hash: object) -> None:
        """Start a transaction after the link with this hash."""
        self._hash = None
        # A damaged one is covered as it is: `check_chain` reports the link that has it.
        self._last_hash = last_hash if isinstance(last_hash, bytes) else str(last_hash).encode()

    def add(self, seq: int, at: float, run: str, key: str, body: bytes) -> None:
        """Cover the next event."""
        if self._hash is None:
            self._hash = sha256(self._last_hash)
            self._first_seq = seq
        self._last_seq = seq
        _cover(self._hash, seq, at, run, key, body)

    def close(self) -> None:
        """Write the link, as the last statement of the transaction."""
        if self._hash is not None:
            self._database.run("put_link", (self._first_seq, self._last_seq, self._hash.digest()))
            self._hash = None


def _cover(running: _Hash, seq: int, at: float, run: str, key: str, body: bytes) -> None:
    # Without the length, one body could imitate itself and the event after it.
    running.update(orjson.dumps((seq, float(at), run, key, len(body))))
    running.update(body)


def check_chain(database: Database, head: str = "") -> ChainCheck:
    """Recompute the whole chain; `head`, a hash in hex, must be the hash of one of its links."""
    with database.reading():
        return _check(database, head)


def _check(database: Database, head: str) -> ChainCheck:
    links = map(_Link._make, database.all("links"))
    first = next(links, None)
    if first is None or _wrong_types(first) or first.number != 0 or any(first.hash):
        return ChainCheck(events=0, links=0, before=0, head="", fault="the chain has no beginning")
    last, count, fault = first, 0, ""
    wanted = bytes.fromhex(head)
    is_found = wanted in (b"", first.hash)
    for link in links:
        fault = _fault_of(database, link, last)
        if fault:
            break
        last = link
        count += link.last_seq - link.first_seq + 1
        is_found = is_found or link.hash == wanted
    if not fault:
        fault = _loose_events(database, last)
    if not fault and not is_found:
        fault = "no link has the given head: the links that led to it were cut off or rewritten"
    return ChainCheck(
        events=count,
        links=last.number,
        before=_number(database, "count_events_until", first.last_seq) or 0,
        head=last.hash.hex(),
        fault=fault,
    )


def _fault_of(database: Database, link: _Link, last: _Link) -> str:
    """What is wrong with `link`, which follows `last`; empty if nothing is."""
    if wrong := _wrong_types(link):
        return f"{wrong} of the link after link {last.number} has another type than was written"
    name = f"link {link.number} (events {link.first_seq} to {link.last_seq})"
    if link.number != last.number + 1:
        return f"{name} follows link {last.number}: a link between them is missing"
    if link.first_seq != last.last_seq + 1:
        return f"{name} follows event {last.last_seq}: no link covers the events between them"
    running = sha256(last.hash)
    expected = link.first_seq
    for event in database.all("linked_events", (link.first_seq, link.last_seq)):
        if event[0] != expected:
            break
        if tuple(map(type, event)) != _EVENT_TYPES:
            return f"{name} does not match: event {expected} has a value of another type than was written"
        expected += 1
        _cover(running, *event)
    if expected <= link.last_seq:
        return f"{name} does not match: event {expected} is missing"
    if running.digest() != link.hash:
        return f"{name} does not match: one of its events or its hash was changed"
    return ""


def _wrong_types(link: _Link) -> str:
    """The fields of a link that have no value of their type: SQLite keeps any in any column."""
    types = zip(link._fields, link, _LINK_TYPES, strict=True)
    return ", ".join(name for name, value, kind in types if type(value) is not kind)


def _loose_events(database: Database, last: _Link) -> str:
    first = _number(database, "first_seq_after", last.last_seq)
    return "" if first is None else f"no link covers event {first} and those after it"


def _number(database: Database, query: str, seq: int) -> int | None:
    found = database.one(query, (seq,))
    return None if found is None else found[0]

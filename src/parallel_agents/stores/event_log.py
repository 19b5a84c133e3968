"""Event log: the events that a transaction writes, numbered, and linked to those before."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeAlias

from parallel_agents.core.event import Entry, Event
from parallel_agents.core.ids import RunId, SessionKey
from parallel_agents.secrets.known import KNOWN
from parallel_agents.stores.chain import Chain
from parallel_agents.stores.codec import encode_body, hidden_body
from parallel_agents.stores.database import Database, as_array

_Row: TypeAlias = tuple[int, float, str, str, bytes]  # seq, at, run, key, body


class Draft(NamedTuple):
    """An event before it has a number."""

    run: RunId
    session: SessionKey
    entry: Entry


class EventLog:
    """The events of one transaction after another.

    Attributes:
        last_seq: the number of the last event that the store ever had; 0 if it had none.
        sealed_seq: the same of the transactions before this one.
        written: what this transaction has written so far, in order.
    """

    def __init__(self, database: Database, now: Callable[[], float]) -> None:
        self._database = database
        self._now = now
        self._chain = Chain(database)
        self._record: bytes | None = None
        self.last_seq = self.sealed_seq = 0
        self.written: list[Event] = []

    def begin(self) -> None:
        """Read where the log ends; the first statement of a transaction."""
        found = self._database.one("head")
        assert found is not None  # a SELECT without FROM has one row
        self.last_seq, last_hash = found
        self.sealed_seq, self._record = self.last_seq, None
        self._chain.begin(last_hash)
        self.written = []

    @property
    def has_record(self) -> bool:
        """Whether the transaction prunes something already."""
        return self._record is not None

    def add_record(self, record: bytes) -> None:
        """Add what the transaction prunes to its link; it has at most one such record."""
        self._record = record

    def seal(self) -> None:
        """Link the transaction's events to those before; its last statement."""
        if self._record is not None:
            self._chain.add_record(self._record, self.last_seq)
        self._chain.close()

    def write(self, drafts: Sequence[Draft]) -> list[Draft]:
        """Write events whose keys are new in their run; the others are left out.

        Returns:
            Those that were written, in order.
        """
        first = {(draft.run, draft.entry.key): draft for draft in reversed(drafts)}
        new, bodies = _encoded([d for d in drafts if first[d.run, d.entry.key] is d])
        rows = self._numbered(new, bodies)
        # Nearly always every key is new, so they are inserted before they are looked for.
        if self._database.run_many("put_event", rows) < len(rows):
            self._database.run("delete_events_after", (self.last_seq,))
            asked = as_array([(draft.run, draft.entry.key) for draft in new])
            written = set(self._database.all("written_keys", (asked,)))
            new = [draft for draft in new if (draft.run, draft.entry.key) not in written]
            new, bodies = _encoded(new)
            rows = self._numbered(new, bodies)
            self._database.run_many("put_event", rows)
        self._note(new, rows)
        return new

    def write_new(self, drafts: Sequence[Draft]) -> None:
        """Write events whose keys cannot exist yet."""
        new, bodies = _encoded(drafts)
        rows = self._numbered(new, bodies)
        self._database.run_many("put_event", rows)
        self._note(new, rows)

    def _numbered(self, drafts: Sequence[Draft], bodies: Sequence[bytes]) -> list[_Row]:
        seq, now = self.last_seq, self._now
        return [
            (number, now(), run, entry.key, body)
            for number, ((run, _, entry), body) in enumerate(
                zip(drafts, bodies, strict=True), start=seq + 1
            )
        ]

    def _note(self, drafts: Sequence[Draft], rows: Sequence[_Row]) -> None:
        """Take events that were inserted into the chain, and among those of the transaction."""
        for (run, session, entry), row in zip(drafts, rows, strict=True):
            self._chain.add(*row)
            self.last_seq, at, *_ = row
            self.written.append(Event(self.last_seq, at, session, run, entry.key, entry.body))


def _encoded(drafts: Sequence[Draft]) -> tuple[list[Draft], list[bytes]]:
    """Events with their bodies as JSON, both without the secrets that are known."""
    bodies = [encode_body(draft.entry.body) for draft in drafts]
    if not KNOWN or not bodies or not KNOWN.is_in_json(*bodies):
        return list(drafts), bodies
    hidden = [
        draft._replace(entry=Entry(draft.entry.key, hidden_body(body)))
        for draft, body in zip(drafts, bodies, strict=True)
    ]
    return hidden, [encode_body(draft.entry.body) for draft in hidden]

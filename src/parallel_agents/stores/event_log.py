"""Event log: the events that a transaction writes, numbered, and linked to those before."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from parallel_agents.core.event import Entry, Event
from parallel_agents.core.ids import RunId, SessionKey
from parallel_agents.stores.chain import Chain
from parallel_agents.stores.codec import encode_body
from parallel_agents.stores.database import Database, as_array


class Draft(NamedTuple):
    """An event before it has a number."""

    run: RunId
    session: SessionKey
    entry: Entry


class EventLog:
    """The events of one transaction after another.

    Attributes:
        last_seq: the number of the last event in the store; 0 if it has none.
        written: what this transaction has written so far, in order.
    """

    def __init__(self, database: Database, now: Callable[[], float]) -> None:
        self._database = database
        self._now = now
        self._chain = Chain(database)
        self.last_seq = 0
        self.written: list[Event] = []

    def begin(self) -> None:
        """Read where the log ends; the first statement of a transaction."""
        found = self._database.one("head")
        assert found is not None  # a SELECT without FROM has one row
        self.last_seq, last_hash = found
        self._chain.begin(last_hash)
        self.written = []

    def seal(self) -> None:
        """Link the transaction's events to those before; its last statement."""
        self._chain.close()

    def write(self, drafts: Sequence[Draft]) -> list[Draft]:
        """Write events whose keys are new in their run; the others are left out.

        Returns:
            Those that were written, in order.
        """
        wanted = {(draft.run, draft.entry.key): draft for draft in reversed(drafts)}
        asked = as_array([(run, key) for run, key in wanted])
        for run, key in self._database.all("written_keys", (asked,)):
            del wanted[RunId(run), key]
        new = [draft for draft in drafts if wanted.get((draft.run, draft.entry.key)) is draft]
        self.write_new(new)
        return new

    def write_new(self, drafts: Sequence[Draft]) -> None:
        """Write events whose keys cannot exist yet."""
        rows: list[tuple[int, float, str, str, bytes]] = []
        for run, session, entry in drafts:
            at, body = self._now(), encode_body(entry.body)
            self.last_seq += 1
            rows.append((self.last_seq, at, run, entry.key, body))
            self._chain.add(self.last_seq, at, run, entry.key, body)
            self.written.append(Event(self.last_seq, at, session, run, entry.key, entry.body))
        if rows:
            self._database.run_many("put_event", rows)

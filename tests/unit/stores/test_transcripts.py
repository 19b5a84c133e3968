"""A claim reads what is new in its session, and gets what reading everything would give."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TypeAlias

import pytest
from typing_extensions import override

from parallel_agents.core.event import Queued
from parallel_agents.core.ids import OwnerId, RunId, SessionKey
from parallel_agents.core.owner import Owner, OwnerState
from parallel_agents.core.run import Outcome, RunStatus
from parallel_agents.core.store import Claim
from parallel_agents.core.transcript import fold
from parallel_agents.errors import StoreError
from parallel_agents.stores.database import SqlRow, Values
from parallel_agents.stores.journal import AnyChange, Change, Journal, apply_each
from parallel_agents.stores.journal_store import append, claim, finish
from parallel_agents.stores.run_requests import Append, ClaimRequest, Finish
from parallel_agents.stores.sqlite_database import SqliteDatabase
from tests.integration.kept_work import plan, replied

ME, OTHER = OwnerId("me"), OwnerId("other")
SESSION = SessionKey("agent:writer:subagent:a")
DONE = Outcome(status=RunStatus.DONE, output="answer")


class Counting(SqliteDatabase):
    """Counts the events that claims read."""

    read = 0

    @override
    def all(
        self, query: str, values: Values = (), *, where: Sequence[str] | None = None
    ) -> list[SqlRow]:
        found = super().all(query, values, where=where)
        self.read += len(found) if query == "events_of_claims" else 0
        return found


JournalOn: TypeAlias = Callable[[OwnerId], tuple[Journal, Counting]]


def call(do: Callable[[Journal], object]) -> AnyChange:
    return Change(apply_each, do)


@pytest.fixture
def journal_on(tmp_path: Path) -> Iterator[JournalOn]:
    """Opens the journal of one file for an owner; the file has a session with a run."""
    with ExitStack() as opened:

        def open_journal(owner: OwnerId) -> tuple[Journal, Counting]:
            database = Counting.open_for_writing(tmp_path / "store.db")
            assert isinstance(database, Counting)
            opened.callback(database.close)
            journal = Journal(database, time.time)
            here = Owner(id=owner, host="here", pid=1)
            journal.commit([call(lambda j: j.owners.heartbeat(here))])
            return journal, database

        journal, _ = open_journal(ME)
        journal.commit([call(lambda j: j.sessions.spawn([plan("a", owner=None)]))])
        yield open_journal


def claimed(journal: Journal, run: RunId, owner: OwnerId) -> Claim:
    ((found,), _) = journal.commit([Change(claim, ClaimRequest(run, owner), run)])
    assert isinstance(found, Claim)
    return found


def work(journal: Journal, run: RunId, owner: OwnerId, text: str) -> Claim:
    """Execute a run, and send the session's next message."""
    found = claimed(journal, run, owner)
    epoch = found.run.epoch
    journal.commit([Change(append, Append(run, epoch, [replied(1, text)]), run)])
    journal.commit([Change(finish, Finish(run, epoch, DONE, None), run)])
    following = RunId(f"run-{found.run.number + 1}")
    more = Queued(text=f"more after {text}")
    journal.commit([call(lambda j: j.sessions.send(SESSION, following, more, owner=None))])
    return found


def runs() -> Iterator[RunId]:
    yield RunId("run-a")
    for number in range(2, 1000):
        yield RunId(f"run-{number}")


def test_what_a_claim_reads_does_not_grow_with_the_session(journal_on: JournalOn) -> None:
    journal, database = journal_on(ME)

    read: list[int] = []
    for run, _ in zip(runs(), range(20), strict=False):
        database.read = 0
        work(journal, run, ME, f"answer to {run}")
        read.append(database.read)

    assert read[0] == 1  # the task
    assert set(read[1:]) == {5}  # the run before, and the message


def test_a_claim_tells_what_the_whole_history_tells_whoever_worked_in_between(
    journal_on: JournalOn,
) -> None:
    (mine, _), (other, _) = journal_on(ME), journal_on(OTHER)
    workers = [(mine, ME), (mine, ME), (other, OTHER), (other, OTHER), (mine, ME), (other, OTHER)]

    for run, (journal, owner) in zip(runs(), workers * 2, strict=False):
        found = work(journal, run, owner, f"answer to {run}")

        whole = journal.rows.events(session=SESSION)
        earlier = [e for e in whole if e.run not in (run, f"run-{found.run.number + 1}")]
        assert found.before == fold(earlier)
        assert {event.run for event in found.events} == {run}


def test_a_run_that_is_taken_over_continues_from_the_same_transcript(journal_on: JournalOn) -> None:
    (mine, _), (other, database) = journal_on(ME), journal_on(OTHER)
    first, second, *_ = [run for run, _ in zip(runs(), range(2), strict=False)]
    work(mine, first, ME, "one")
    lost = claimed(mine, second, ME)
    mine.commit([Change(append, Append(second, lost.run.epoch, [replied(1, "two")]), second)])
    gone = Owner(id=ME, host="here", pid=1, state=OwnerState.GONE)
    mine.commit([call(lambda j: j.owners.heartbeat(gone))])

    taken = claimed(other, second, OTHER)

    assert taken.before == lost.before
    assert [event.body.kind for event in taken.events] == [
        "queued",
        "started",
        "replied",
        "started",
    ]
    assert database.read == 4 + 3


def test_continuing_a_claim_does_not_change_what_is_kept(journal_on: JournalOn) -> None:
    journal, _ = journal_on(ME)
    first, second, third = (run for run, _ in zip(runs(), range(3), strict=False))
    work(journal, first, ME, "one")
    found = work(journal, second, ME, "two")

    continued = found.before.replay(found.events)
    continued.messages.clear()
    continued.handed_back.add(first)

    assert [m.text for m in found.before.messages] == ["do a", "one"]
    after = claimed(journal, third, ME).before
    assert [m.text for m in after.messages] == ["do a", "one", "more after one", "two"]
    assert not after.handed_back


def test_what_was_rolled_back_is_not_kept(journal_on: JournalOn) -> None:
    journal, _ = journal_on(ME)
    first, second, third = (run for run, _ in zip(runs(), range(3), strict=False))
    work(journal, first, ME, "one")
    found = claimed(journal, second, ME)
    following = Queued(text="more")
    journal.commit([call(lambda j: j.sessions.send(SESSION, third, following, owner=None))])

    def fail(_: Journal) -> None:
        raise StoreError("the disk is gone")

    epoch = found.run.epoch
    with pytest.raises(StoreError):
        journal.commit(
            [
                Change(append, Append(second, epoch, [replied(1, "never")]), second),
                Change(finish, Finish(second, epoch, DONE, None), second),
                Change(claim, ClaimRequest(third, ME), third),
                call(fail),
            ]
        )
    journal.commit([Change(append, Append(second, epoch, [replied(1, "ever")]), second)])
    journal.commit([Change(finish, Finish(second, epoch, DONE, None), second)])

    told = [message.text for message in claimed(journal, third, ME).before.messages]
    assert told == ["do a", "one", "more after one", "ever"]

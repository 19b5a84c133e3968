"""Notes are written with the run's next event, or at the end of the loop's turn."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from typing_extensions import override

from parallel_agents.core.agent import Agent
from parallel_agents.core.event import Entry, Noticed, Queued, SteerMode
from parallel_agents.core.ids import OwnerId, RunId, SessionKey
from parallel_agents.core.owner import Owner
from parallel_agents.core.run import Outcome, RunnerKind, RunStatus
from parallel_agents.core.session import Session
from parallel_agents.core.store import SessionPlan
from parallel_agents.engines.live_run import StoreJournal
from parallel_agents.testing import MemoryStore

ME, RUN, KEY = OwnerId("me"), RunId("run"), SessionKey("agent:writer:subagent:a")
WRITER = Agent(name="writer", description="Writes", instructions="Write.")


class CountingStore(MemoryStore):
    """Notes the keys that each change writes."""

    def __init__(self) -> None:
        super().__init__()
        self.changes: list[list[str]] = []

    @override
    async def append(self, run: RunId, epoch: int, entries: Sequence[Entry]) -> bool:
        self.changes.append([entry.key for entry in entries])
        return await super().append(run, epoch, entries)

    @override
    def append_soon(self, run: RunId, epoch: int, entry: Entry) -> None:
        self.changes.append([entry.key])
        super().append_soon(run, epoch, entry)


def entry(key: str) -> Entry:
    return Entry(key, Noticed(text=key))


async def claimed(store: MemoryStore) -> StoreJournal:
    await store.heartbeat(Owner(id=ME, host="here", pid=1))
    plan = SessionPlan(
        session=Session(key=KEY, agent=WRITER, label="writer", spawn_key="a", root=KEY),
        run=RUN,
        kind=RunnerKind.AGENT,
        queued=Queued(text="Hello."),
        digest="work",
        model="scripted/model",
        owner=ME,
    )
    await store.spawn([plan])
    claim = await store.claim(RUN, ME)
    assert claim is not None
    return StoreJournal(claim, store)


async def keys(store: MemoryStore) -> list[str]:
    return [event.key for event in await store.events(session=KEY)][2:]


async def test_a_note_is_written_with_the_event_that_follows_at_once() -> None:
    store = CountingStore()
    journal = await claimed(store)
    journal.note(entry("a"))
    journal.note(entry("b"))
    await journal.append(entry("c"))
    await asyncio.sleep(0)
    changes = store.changes
    written = await keys(store)

    assert changes == [["a", "b", "c"]]
    assert written == ["a", "b", "c"]


async def test_a_note_alone_is_written_at_the_end_of_the_turn() -> None:
    store = CountingStore()
    journal = await claimed(store)
    journal.note(entry("a"))
    await asyncio.sleep(0)
    await journal.append(entry("b"))
    changes = store.changes
    written = await keys(store)

    assert changes == [["a"], ["b"]]
    assert written == ["a", "b"]


async def test_a_note_is_written_before_the_end_of_its_run() -> None:
    store = CountingStore()
    journal = await claimed(store)
    journal.note(entry("a"))
    await journal.finish(Outcome(status=RunStatus.DONE))
    all_keys = await keys(store)

    assert all_keys == ["a", "finished"]


async def test_a_journal_is_finishing_until_a_message_keeps_the_run_alive() -> None:
    store = CountingStore()
    journal = await claimed(store)
    await store.steer(RUN, "steer-1", "wait", mode=SteerMode.NEXT, by="user")
    has_ended = await journal.finish(Outcome(status=RunStatus.DONE), steers_seen=0)
    before = journal.is_finishing
    await journal.finish(Outcome(status=RunStatus.DONE), steers_seen=1)
    is_finishing = journal.is_finishing

    assert not has_ended
    assert before is False
    assert is_finishing

"""The journal keeps its promises under any interleaving of two owners."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from itertools import pairwise
from typing import Any, TypeVar

from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule
from typing_extensions import override

from parallel_agents.core.agent import Agent
from parallel_agents.core.event import (
    Attempted,
    Entry,
    Event,
    Finished,
    Queued,
    Replied,
    Started,
    SteerMode,
)
from parallel_agents.core.ids import OwnerId, RunId, SessionKey
from parallel_agents.core.message import assistant
from parallel_agents.core.model import Finish
from parallel_agents.core.owner import Owner, OwnerState
from parallel_agents.core.run import Failure, Outcome, RunnerKind, RunStatus
from parallel_agents.core.session import Session
from parallel_agents.core.store import Filter, SessionPlan
from parallel_agents.core.usage import Spend, Usage
from parallel_agents.errors import OwnershipLost, RunIsOver
from parallel_agents.stores.memory import MemoryStore
from tests.support.shares import examples

_T = TypeVar("_T")

AGENT = Agent(name="writer", description="Writes", instructions="Write.")
OWNERS = st.sampled_from([OwnerId("me"), OwnerId("other")])
TURNS = st.integers(1, 4)
WHICH = st.integers(0, 9)
CUT_OFF = {RunStatus.KILLED, RunStatus.TIMED_OUT}


def replied(turn: int) -> Entry:
    body = Replied(
        turn=turn,
        message=assistant(f"words {turn}"),
        model="scripted/model",
        finish=Finish.STOP,
        usage=Usage(turn, 1, 2, 3),
        cost_nanousd=None if turn == 3 else turn,
        seconds=0.1,
    )
    return Entry(f"turn-{turn}/model", body)


class TwoOwners(RuleBasedStateMachine):
    """Two owners do what they may, and what they may not, to a small tree of sessions."""

    sessions = Bundle("sessions")

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.now = 0.0
        self.store = MemoryStore(self._tick)
        self.heard: list[Event] = []
        self.store.subscribe(self.heard.extend)
        self.holders: dict[RunId, tuple[OwnerId, int]] = {}
        self.killed: set[SessionKey] = set()
        self.runs: list[RunId] = []
        self.parents: dict[SessionKey, SessionKey | None] = {}
        self.messages = 0

    def _tick(self) -> float:
        self.now += 1
        return self.now

    @property
    def ends(self) -> dict[RunId, Finished]:
        return {e.run: e.body for e in self.heard if isinstance(e.body, Finished)}

    def do(self, work: Coroutine[Any, Any, _T]) -> _T:
        return self.runner.run(work)

    @override
    def teardown(self) -> None:
        assert self.do(self.store.check_chain()).is_intact
        assert self.do(self.store.check_rows()).faults == ()
        self.do(self.store.aclose())
        self.runner.close()

    @initialize(target=sessions)
    def begin(self) -> SessionKey:
        top = self._spawn("a", None, OwnerId("me"))
        self._spawn("b", top, OwnerId("other"))
        self.claim(0, OwnerId("me"))
        self.claim(1, OwnerId("other"))
        self.steer(0)
        return top

    @rule(target=sessions, key=st.sampled_from("abc"), owner=OWNERS)
    def spawn_root(self, key: str, owner: OwnerId) -> SessionKey:
        return self._spawn(key, None, owner)

    @rule(target=sessions, key=st.sampled_from("abc"), owner=OWNERS, parent=sessions)
    def spawn_child(self, key: str, owner: OwnerId, parent: SessionKey) -> SessionKey:
        return self._spawn(key, parent, owner) if parent.count("/") < 3 else parent

    def _spawn(self, key: str, parent: SessionKey | None, owner: OwnerId) -> SessionKey:
        path = SessionKey(f"{parent or ''}/{key}")
        run = RunId(f"run{path}")
        plan = SessionPlan(
            session=Session(
                key=path, agent=AGENT, label=key, spawn_key=key, parent=parent, root=path
            ),
            run=run,
            kind=RunnerKind.AGENT,
            queued=Queued(text="work"),
            digest="work",
            owner=owner,
        )

        (outcome,) = self.do(self.store.spawn([plan]))

        assert outcome.is_new == (path not in self.parents)
        self.parents[path] = parent
        if outcome.is_new:
            self.runs.append(run)
            assert outcome.session.killed == (parent in self.killed)
            if outcome.session.killed:
                self.killed.add(path)
        return path

    def _pick(self, which: int) -> RunId:
        return self.runs[which % len(self.runs)]

    @rule(session=sessions, owner=OWNERS)
    def send(self, session: SessionKey, owner: OwnerId) -> None:
        run = RunId(f"sent-{len(self.runs)}")
        try:
            self.do(self.store.send(session, run, Queued(text="more"), owner=owner))
        except RunIsOver:
            assert session in self.killed
        else:
            assert session not in self.killed
            self.runs.append(run)

    @rule(which=WHICH, owner=OWNERS)
    def claim(self, which: int, owner: OwnerId) -> None:
        run = self._pick(which)
        claimed = self.do(self.store.claim(run, owner))
        if claimed:
            assert run not in self.ends
            assert claimed.run.epoch > self.holders.get(run, (owner, 0))[1]
            self.holders[run] = (owner, claimed.run.epoch)

    @rule(which=WHICH, turn=TURNS, stale=st.booleans())
    def append(self, which: int, turn: int, stale: bool) -> None:
        run = self._pick(which)
        if run not in self.holders:
            return
        epoch = self.holders[run][1] - stale
        may = not stale and run not in self.ends
        try:
            self.do(self.store.append(run, epoch, [replied(turn)]))
        except OwnershipLost:
            assert not may
        else:
            assert may

    @rule(which=WHICH, number=st.integers(2, 3))
    def attempt_again(self, which: int, number: int) -> None:
        run = self._pick(which)
        if run in self.holders and run not in self.ends:
            entry = Entry(f"attempt-{number}", Attempted(number=number, error=Failure("", "")))
            self.do(self.store.append(run, self.holders[run][1], [entry]))

    @rule(which=WHICH, seen=st.none() | st.integers(0, 2))
    def finish(self, which: int, seen: int | None) -> None:
        run = self._pick(which)
        if run not in self.holders:
            return
        messages = sum(e.run == run and e.body.kind == "steered" for e in self.heard)
        outcome = Outcome(status=RunStatus.DONE, output="answer")
        try:
            is_over = self.do(
                self.store.finish(run, self.holders[run][1], outcome, steers_seen=seen)
            )
        except OwnershipLost:
            assert run in self.ends
        else:
            assert is_over == (seen is None or messages <= seen)

    @rule(which=WHICH)
    def steer(self, which: int) -> None:
        run = self._pick(which)
        self.messages += 1
        key = f"steer-{self.messages}"
        try:
            self.do(self.store.steer(run, key, "a message", mode=SteerMode.NEXT, by="me"))
        except RunIsOver:
            assert run in self.ends
        else:
            assert run not in self.ends

    @rule(session=sessions, dry_run=st.booleans())
    def kill(self, session: SessionKey, dry_run: bool) -> None:
        live = {run for run in self.runs if run not in self.ends}

        killed = self.do(self.store.kill(session, by="me", dry_run=dry_run))

        assert {run.id for run in killed.runs} <= live
        if killed.runs and not dry_run:  # where all has ended, nothing is killed
            self.killed |= {key for key in self.parents if f"{key}/".startswith(f"{session}/")}

    @rule(owner=OWNERS, state=st.sampled_from(OwnerState))
    def heartbeat(self, owner: OwnerId, state: OwnerState) -> None:
        if state is OwnerState.DEAD:
            self.do(self.store.mark_dead(owner))
        else:
            self.do(self.store.heartbeat(Owner(id=owner, host="here", pid=1, state=state)))

    @rule(owner=OWNERS)
    def release(self, owner: OwnerId) -> None:
        self.do(self.store.release(owner, self.runs))

    @invariant()
    def what_is_heard_is_what_was_written_in_order(self) -> None:
        events = self.do(self.store.events())
        assert events == self.heard
        assert all(a.seq < b.seq for a, b in pairwise(events))
        assert len({(event.run, event.key) for event in events}) == len(events)

    @invariant()
    def a_run_ends_once_and_never_moves_again(self) -> None:
        over: set[RunId] = set()
        for event in self.heard:
            assert event.run not in over
            if isinstance(event.body, Finished):
                over.add(event.run)

    @invariant()
    def the_rows_are_what_the_events_say(self) -> None:
        for row in self.do(self.store.rows(Filter())):
            run, events = row.run, [e.body for e in self.heard if e.run == row.run.id]
            replies = [body for body in events if isinstance(body, Replied)]
            starts = [body for body in events if isinstance(body, Started)]
            again = [body.number for body in events if isinstance(body, Attempted)]
            end = self.ends.get(run.id)

            cut_off = Spend(uncounted_runs=int(run.attempts > 0 and run.status in CUT_OFF))
            assert run.spend == sum((spend_of(reply) for reply in replies), cut_off)
            assert run.attempts == (again[-1] if again else int(bool(starts)))
            assert run.epoch - len(starts) in ({0, 1} if end else {0})
            assert run.status.is_over == (end is not None)
            if end is not None:
                assert run.status is end.outcome.status
                assert run.finished_at is not None
            if run.id in self.holders and end is None:
                assert run.epoch == self.holders[run.id][1]


def spend_of(reply: Replied) -> Spend:
    is_unpriced = reply.cost_nanousd is None
    return Spend(reply.usage, 1, reply.cost_nanousd or 0, int(is_unpriced))


TestTwoOwners = TwoOwners.TestCase
TestTwoOwners.settings = examples(30)

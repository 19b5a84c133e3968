"""Changes that share a transaction leave what they leave one by one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import Enum, auto
from itertools import count

import pytest
from hypothesis import given, settings, strategies as st

from parallel_agents.core.agent import Agent
from parallel_agents.core.budget import Amount, Budget, BudgetAccount
from parallel_agents.core.event import Attempted, Entry, Queued, Replied, SteerMode
from parallel_agents.core.ids import OwnerId, RunId, SessionKey
from parallel_agents.core.message import assistant
from parallel_agents.core.model import Finish as ModelFinish
from parallel_agents.core.owner import Owner, OwnerState
from parallel_agents.core.run import Failure, Outcome, Run, RunnerKind, RunStatus
from parallel_agents.core.session import Session
from parallel_agents.core.store import Claim, Filter, Killed, SessionPlan
from parallel_agents.core.usage import Usage
from parallel_agents.stores.chain import check_chain
from parallel_agents.stores.journal import AnyChange, Change, Journal, apply_each
from parallel_agents.stores.journal_store import append, claim, finish, reserve
from parallel_agents.stores.projection import check_rows
from parallel_agents.stores.run_requests import Append, ClaimRequest, Finish, Reserve
from parallel_agents.stores.sqlite_database import SqliteDatabase

AGENT = Agent(name="writer", description="Writes", instructions="Write.")
ME = OwnerId("me")
RUNS = [RunId("a"), RunId("b"), RunId("c")]
DAY = BudgetAccount(scope="day", budget=Budget(tokens=1_000_000))
FAILED = Outcome(status=RunStatus.FAILED, error=Failure("PA-E210", "no"))
DONE = Outcome(status=RunStatus.DONE, output="answer")


def session_of(run: RunId) -> SessionKey:
    return SessionKey(f"agent:writer:subagent:{run}")


def plan(run: RunId) -> SessionPlan:
    key = session_of(run)
    return SessionPlan(
        session=Session(key=key, agent=AGENT, label=run, spawn_key=run, root=key),
        run=run,
        kind=RunnerKind.AGENT,
        queued=Queued(text="work"),
        digest="work",
        owner=ME,
        budget=Budget(tokens=1000),
    )


def replied(turn: int, tokens: int, cost: int | None) -> Entry:
    body = Replied(
        turn=turn,
        message=assistant("words"),
        model="scripted/model",
        finish=ModelFinish.STOP,
        usage=Usage(tokens, 1, 2, 3),
        cost_nanousd=cost,
        seconds=0.1,
    )
    return Entry(f"turn-{turn}/model", body)


ATTEMPT = Entry("attempt-2", Attempted(number=2, error=Failure("", ""), model="scripted/other"))
runs = st.sampled_from(RUNS)
epochs = st.sampled_from([1, 1, 1, 2])
turns = st.integers(1, 4)
entries = st.one_of(
    st.builds(replied, turns, st.integers(1, 600), st.none() | st.integers(0, 9)), st.just(ATTEMPT)
)


def call(make: Callable[[Journal], object]) -> AnyChange:
    return Change(apply_each, make)


def kill(run: RunId) -> AnyChange:
    return call(lambda journal: journal.sessions.kill(session_of(run), by="me"))


def steer(run: RunId, number: int) -> AnyChange:
    key = f"steer-{number}"
    return call(lambda journal: journal.runs.steer(run, key, "more", mode=SteerMode.NEXT, by="me"))


def give_back(run: RunId, epoch: int, may_be_billed: bool) -> AnyChange:
    return call(lambda journal: journal.runs.give_back(run, epoch, may_be_billed=may_be_billed))


def append_to(run: RunId, epoch: int, written: list[Entry]) -> AnyChange:
    return Change(append, Append(run, epoch, written), run)


def reserve_for(run: RunId, epoch: int, tokens: int, is_last: bool) -> AnyChange:
    return Change(reserve, Reserve(run, epoch, Amount(None, tokens), is_last), run)


def finish_of(run: RunId, epoch: int, outcome: Outcome, seen: int | None) -> AnyChange:
    return Change(finish, Finish(run, epoch, outcome, seen), run)


def claim_of(run: RunId) -> AnyChange:
    return Change(claim, ClaimRequest(run, ME), run)


outcomes = st.sampled_from([DONE, FAILED])
changes: st.SearchStrategy[AnyChange] = st.one_of(
    st.builds(claim_of, runs),
    st.builds(append_to, runs, epochs, st.lists(entries, max_size=3)),
    st.builds(reserve_for, runs, epochs, st.integers(1, 700), st.booleans()),
    st.builds(finish_of, runs, epochs, outcomes, st.none() | st.integers(0, 2)),
    st.builds(give_back, runs, epochs, st.booleans()),
    st.builds(steer, runs, st.integers(1, 3)),
    st.builds(kill, runs),
)


def journal() -> Journal:
    clock = count(1.0)
    made = Journal(SqliteDatabase.in_memory(), lambda: next(clock))
    owner = Owner(id=ME, host="here", pid=1)
    made.commit([call(lambda journal: journal.owners.heartbeat(owner))])
    made.commit([call(lambda journal: journal.days.limit(ME, [DAY], []))])
    made.commit([call(lambda journal: journal.sessions.spawn([plan(run) for run in RUNS]))])
    return made


def told(answer: object) -> object:
    """An answer without times, and without events that may belong to later requests."""
    if isinstance(answer, Claim):
        return (answer.run.id, answer.run.epoch, answer.is_budgeted)
    if isinstance(answer, Killed):
        return ([run.id for run in answer.runs], answer.already_over)
    return (type(answer), str(answer))


def left_by(made: Journal) -> object:
    """What is in a store, without its times and the order of the events of different runs."""
    events = [[(e.key, e.body) for e in made.rows.events() if e.run == run] for run in RUNS]
    rows = [
        (row.run.id, row.run.status, row.run.epoch, row.run.attempts, row.run.model, row.run.spend)
        for row in made.rows.rows(Filter(every_run=True))
    ]
    return events, sorted(rows), made.rows.accounts()


@pytest.mark.slow
@settings(max_examples=80, deadline=None)
@given(st.lists(changes, min_size=2, max_size=14))
def test_a_batch_answers_and_leaves_what_its_changes_do_one_by_one(
    batch: Sequence[AnyChange],
) -> None:
    at_once, one_by_one = journal(), journal()
    first = [claim_of(run) for run in RUNS]

    together = [at_once.commit(each).answers for each in (first, batch)][1]
    alone = [one_by_one.commit([change]).answers[0] for change in (*first, *batch)][len(first) :]

    assert [told(answer) for answer in together] == [told(answer) for answer in alone]
    assert left_by(at_once) == left_by(one_by_one)
    assert check_chain(at_once.database).is_intact
    assert check_rows(at_once.rows).faults == ()


class Stop(Enum):
    """How a process stops executing a run."""

    RELEASED = auto()
    GONE = auto()
    GONE_AND_RELEASED = auto()
    DEAD = auto()


class Stopped:
    """A run that a process has executed from second 100 to 110, and the journal of its store."""

    def __init__(self, how: Stop) -> None:
        self.at = 100.0
        self.journal = Journal(SqliteDatabase.in_memory(), lambda: self.at)
        self.beat(OwnerState.LIVE)
        self.commit(call(lambda journal: journal.sessions.spawn([plan(RUNS[0])])))
        self.commit(claim_of(RUNS[0]))
        self.at = 110.0
        self.beat(OwnerState.LIVE if how in (Stop.RELEASED, Stop.DEAD) else OwnerState.GONE)
        if how is Stop.DEAD:
            self.at = 115.0
            self.commit(call(lambda journal: journal.owners.mark_dead(ME)))
        if how is Stop.GONE_AND_RELEASED:
            self.at = 120.0
        if how in (Stop.RELEASED, Stop.GONE_AND_RELEASED):
            self.commit(call(lambda journal: journal.owners.release(ME, [RUNS[0]])))

    def commit(self, change: AnyChange) -> None:
        self.journal.commit([change])

    def beat(self, state: OwnerState, owner: OwnerId = ME) -> None:
        beating = Owner(id=owner, host="here", pid=1, state=state)
        self.commit(call(lambda journal: journal.owners.heartbeat(beating)))

    def run(self) -> Run:
        (row,) = self.journal.rows.rows(Filter(every_run=True))
        return row.run


@pytest.mark.parametrize("how", Stop)
def test_the_time_for_which_no_process_executed_a_run_does_not_count(how: Stop) -> None:
    stopped = Stopped(how)
    other = OwnerId("other")

    stopped.at = 500.0
    stopped.beat(OwnerState.LIVE, other)
    stopped.commit(Change(claim, ClaimRequest(RUNS[0], other), RUNS[0]))
    stopped.at = 507.0
    stopped.commit(finish_of(RUNS[0], 2, DONE, None))

    assert stopped.run().idle_seconds == 390.0
    assert stopped.run().seconds == 17.0


@pytest.mark.parametrize("how", Stop)
def test_a_run_that_is_killed_while_it_is_stopped_ends_when_it_stopped(how: Stop) -> None:
    stopped = Stopped(how)

    stopped.at = 500.0
    stopped.commit(kill(RUNS[0]))

    assert stopped.run().finished_at == 500.0
    assert stopped.run().seconds == 10.0

"""A transaction's round trips to its database do not grow with the changes that share it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from parallel_agents.core.budget import Amount, Budget, BudgetAccount
from parallel_agents.core.event import Attempted, Entry, Noticed
from parallel_agents.core.ids import RunId
from parallel_agents.core.run import Failure, Outcome, RunStatus
from parallel_agents.core.store import Claim, Filter
from parallel_agents.errors import OwnershipLost
from parallel_agents.stores.chain import check_chain
from parallel_agents.stores.journal import AnyChange, Change, Journal, apply_each
from parallel_agents.stores.journal_store import append, claim, finish, reserve
from parallel_agents.stores.run_requests import Append, ClaimRequest, Finish, Reserve
from parallel_agents.stores.sqlite_database import SqliteDatabase
from tests.integration.counted_database import CountedDatabase
from tests.integration.kept_work import DONE, ME, plan, replied

DAY = BudgetAccount(scope="day", budget=Budget(tokens=1_000_000))
FAILED = Outcome(status=RunStatus.FAILED, error=Failure("PA-E210", "no"))


def runs(count: int) -> list[RunId]:
    return [RunId(f"run-{n}") for n in range(count)]


def claims(count: int) -> list[AnyChange]:
    return [Change(claim, ClaimRequest(run, ME), run) for run in runs(count)]


def reservations(count: int) -> list[AnyChange]:
    return [
        Change(reserve, Reserve(run, 1, Amount(7, 100), is_last=False), run) for run in runs(count)
    ]


def replies(count: int) -> list[AnyChange]:
    again = Entry("attempt-2", Attempted(number=2, error=Failure("", "")))
    return [Change(append, Append(run, 1, (replied(1), again)), run) for run in runs(count)]


def ends(count: int) -> list[AnyChange]:
    return [
        Change(finish, Finish(run, 1, (DONE, FAILED)[n % 2], steers_seen=0), run)
        for n, run in enumerate(runs(count))
    ]


STEPS: dict[str, Callable[[int], list[AnyChange]]] = {
    "claim": claims,
    "reserve": reservations,
    "append": replies,
    "finish": ends,
}


def journal_of(count: int) -> tuple[Journal, CountedDatabase]:
    """A journal with so many queued runs, each with a budget that its first reply nearly spends."""
    database = CountedDatabase(SqliteDatabase.in_memory())
    journal = Journal(database, time.time)
    plans = [replace(plan(str(n)), budget=Budget(tokens=120)) for n in range(count)]

    def spawn(journal: Journal) -> object:
        return journal.sessions.spawn(plans)

    def limit(journal: Journal) -> None:
        journal.days.limit(ME, [DAY], [])

    journal.commit([Change(apply_each, spawn), Change(apply_each, limit)])
    return journal, database


def round_trips(count: int, step: str) -> list[str]:
    """The round trips of one step for so many runs, after the steps before it."""
    journal, database = journal_of(count)
    for name, changes in STEPS.items():
        database.round_trips.clear()
        answers = journal.commit(changes(count)).answers
        assert len(answers) == count
        assert not any(isinstance(answer, Exception) for answer in answers)
        if name == step:
            return database.round_trips
    raise AssertionError(step)


@pytest.mark.parametrize("step", STEPS)
def test_a_change_of_forty_runs_takes_as_many_round_trips_as_a_change_of_two(step: str) -> None:
    few, many = round_trips(2, step), round_trips(40, step)

    assert many == few
    assert len(many) < 16


def test_forty_plain_appends_take_six_round_trips() -> None:
    journal, database = journal_of(40)
    journal.commit(claims(40))
    database.round_trips.clear()
    entry = Entry("note", Noticed(text="words"))

    journal.commit([Change(append, Append(run, 1, (entry,))) for run in runs(40)])

    assert database.round_trips == [
        "begin",
        "head",
        "run_states",
        "put_event",
        "put_link",
        "commit",
    ]


def test_changes_that_share_a_transaction_leave_what_they_leave_one_by_one() -> None:
    at_once, one_by_one = journal_of(9)[0], journal_of(9)[0]
    stale = Change(append, Append(RunId("run-3"), 9, (replied(2),)))
    again = Change(append, Append(RunId("run-3"), 1, (replied(1, "again"), replied(3))))
    for changes in STEPS.values():
        batch: Sequence[AnyChange] = [*changes(9), stale, again]
        together = at_once.commit(batch).answers
        alone = [answer for change in batch for answer in one_by_one.commit([change]).answers]
        assert [kind_of(answer) for answer in together] == [kind_of(answer) for answer in alone]

    assert at_once.rows.accounts() == one_by_one.rows.accounts()
    written = [sorted((e.run, e.key) for e in j.rows.events()) for j in (at_once, one_by_one)]
    assert written[0] == written[1]
    assert ("run-3", "turn-3/model") in written[0]
    # The first reply of run-3 came before it had reserved anything, so it settled nothing.
    assert sum(key.startswith("noticed/session:") for _, key in written[0]) == 8


def test_changes_of_many_kinds_and_runs_share_their_round_trips_in_any_order() -> None:
    def shuffled(count: int) -> list[AnyChange]:
        """Every step of every run: the steps of a run in order, and the runs among each other."""
        steps = [list(changes(count)) for changes in STEPS.values()]
        return [
            steps[step][run]
            for moment in range(count + len(steps))
            for step in range(len(steps))
            if 0 <= (run := moment - step) < count
        ]

    found: list[list[str]] = []
    for count in (2, 40):
        journal, database = journal_of(count)
        database.round_trips.clear()
        answers = journal.commit(shuffled(count)).answers
        found.append(database.round_trips)
        assert [answer for answer in answers if isinstance(answer, Exception)] == []
        assert answers.count(True) == count * 2  # the ends, and the replies on a day with a limit
        statuses = {row.run.status for row in journal.rows.rows(Filter())}
        assert statuses == {RunStatus.DONE, RunStatus.FAILED}

    assert found[0] == found[1]


def test_a_change_that_may_write_to_anything_stays_where_it_is() -> None:
    journal, _ = journal_of(2)
    journal.commit(claims(2))
    run = RunId("run-1")

    def kill(journal: Journal) -> object:
        return journal.sessions.kill(plan("1").session.key, by="me")

    answers = journal.commit(
        [
            Change(append, Append(run, 1, (replied(1),)), run),
            Change(apply_each, kill),
            Change(append, Append(run, 1, (replied(2),)), run),
        ]
    ).answers

    assert isinstance(answers[2], OwnershipLost)
    keys = [event.key for event in journal.rows.events() if event.run == run]
    assert keys == ["queued", "started-1", "turn-1/model", "finished"]


def kind_of(answer: object) -> object:
    """An answer without its times, and without what else the transaction had written."""
    if isinstance(answer, OwnershipLost):
        return str(answer)
    return (answer.run.id, answer.run.epoch) if isinstance(answer, Claim) else answer


def test_a_key_that_exists_is_left_out_and_the_others_are_numbered_without_a_gap() -> None:
    journal, _ = journal_of(2)
    journal.commit(claims(2))
    journal.commit([Change(append, Append(RunId("run-0"), 1, (replied(1),)))])
    last = journal.rows.events()[-1].seq

    journal.commit(
        [
            Change(append, Append(RunId("run-1"), 1, (replied(1),))),
            Change(append, Append(RunId("run-0"), 1, (replied(1, "again"), replied(2)))),
        ]
    )

    written = [
        (event.seq - last, event.run, event.key) for event in journal.rows.events(after=last)
    ]
    assert written == [(1, "run-1", "turn-1/model"), (2, "run-0", "turn-2/model")]
    assert check_chain(journal.database).is_intact

"""Health says in a line each what needs a person, and what is only worth knowing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from parallel_agents.core.budget import Amount, Budget, BudgetAccount, BudgetAccountState
from parallel_agents.core.command_limits import LimitName
from parallel_agents.core.disk import Room
from parallel_agents.core.event import Started
from parallel_agents.core.ids import OwnerId, RunId, SessionKey
from parallel_agents.core.notification import Unsent
from parallel_agents.core.owner import Owner, OwnerState, Role
from parallel_agents.core.question import OpenQuestion, Question, QuestionKind
from parallel_agents.core.run import RunStatus
from parallel_agents.core.silence import SilentRun
from parallel_agents.core.store_care import Retention
from parallel_agents.core.stuck_rules import StuckRules
from parallel_agents.core.throttle import Throttle
from parallel_agents.core.vitals import MOST_SILENT, Failures, LimitedRun, LiveRuns, Vitals
from parallel_agents.views.health import Level, Seen, signs

NOW, GB = 10_000.0, 10**9
ALIVE = Owner(id=OwnerId("w"), host="h", pid=1, role=Role.WORKER)
LIMITED = LimitedRun(
    SessionKey("agent:work:1f0c2a34"), "monday", "work", LimitName.MEMORY, 2, "100 MB of memory"
)
IDLE = Vitals(live=(), silent=(), gaps={}, failures=(), dead_letters=0, accounts=())
WELL = Seen(
    vitals=IDLE,
    questions=(),
    throttles=(),
    owners=(ALIVE,),
    room=Room(100 * GB, 1000 * GB),
    store_bytes=1000,
    free_bytes=0,
    retention=Retention(),
    unsent=Unsent(0, ""),
    stuck_rules=StuckRules(),
    now=NOW,
    wall_ahead=0.0,
)
SILENT = SilentRun(
    run=RunId("r"),
    session=SessionKey("agent:a:subagent:1f0c2a34-x"),
    owner=ALIVE.id,
    epoch=1,
    number=3,
    name="1f0c2a34",
    label="work",
    agent="a",
    model="m/x",
    at=NOW - 700.0,
    body=Started(owner=ALIVE.id, epoch=1),
)
QUESTION = OpenQuestion(
    "q-7",
    SILENT.session,
    SILENT.run,
    "turn-1/call/1/approval",
    Question(question=QuestionKind.APPROVAL, text="", expires_at=NOW),
    NOW - 60.0,
)


def spent(tokens: int, scope: str = "session:agent:a:subagent:1f0c2a34-x") -> BudgetAccountState:
    account = BudgetAccount(scope=scope, budget=Budget(tokens=100))
    return BudgetAccountState(account, Amount(0, tokens), Amount(0, 0))


def live(owner: str | None, status: RunStatus = RunStatus.RUNNING) -> LiveRuns:
    return LiveRuns(None if owner is None else OwnerId(owner), status, 2, None)


def of(vitals: Vitals) -> Seen:
    return replace(WELL, vitals=vitals)


def test_where_nothing_is_wrong_all_is_well() -> None:
    assert {sign.level for sign in signs(WELL)} == {Level.OK}


@pytest.mark.parametrize(
    ("seen", "level", "text"),
    [
        (
            replace(WELL, questions=(QUESTION,)),
            Level.PROBLEM,
            "1 question for you, the oldest for 1m00s",
        ),
        (
            of(IDLE._replace(silent=(SILENT,))),
            Level.PROBLEM,
            "work 1f0c2a34 is stuck: silent for 11m40s",
        ),
        (of(IDLE._replace(live=(live("dead"),))), Level.PROBLEM, "2 runs that no process works on"),
        (
            replace(of(IDLE._replace(live=(live(None, RunStatus.QUEUED),))), owners=()),
            Level.PROBLEM,
            "2 runs that no process works on",
        ),
        (
            of(IDLE._replace(failures=(Failures(RunStatus.FAILED, "PA-E310", 3, NOW),))),
            Level.NOTE,
            "3 runs failed in the last hour: 3 PA-E310",
        ),
        (
            of(IDLE._replace(limited=(LIMITED,))),
            Level.NOTE,
            "work monday hit a limit in 2 calls: 100 MB of memory",
        ),
        (of(IDLE._replace(dead_letters=1)), Level.NOTE, "1 failed task to run again or to drop"),
        (
            of(IDLE._replace(accounts=(spent(80),))),
            Level.NOTE,
            "the budget of 1f0c2a34 is 80 % spent: 80 of 100 tokens",
        ),
        (
            of(IDLE._replace(accounts=(spent(95, "day:2026-11-29"),))),
            Level.PROBLEM,
            "the budget of the day 2026-11-29 is 95 % spent: 95 of 100 tokens",
        ),
        (
            replace(
                WELL, throttles=(Throttle(model="m/x", closed_until=NOW + 30, limited_at=NOW),)
            ),
            Level.NOTE,
            "m/x accepts calls again in 30.0s; 0 calls waiting",
        ),
        (
            replace(WELL, unsent=Unsent(2, "hook answered 404")),
            Level.PROBLEM,
            "2 notifications not sent in the last hour: hook answered 404",
        ),
        (
            replace(WELL, room=Room(GB // 2, 1000 * GB)),
            Level.PROBLEM,
            "store 1.0 kB; the disk has 500.0 MB left: it is nearly full",
        ),
        (replace(WELL, wall_ahead=-3600.0), Level.NOTE, "the wall clock was set back by 1h00m"),
    ],
)
def test_what_is_wrong_is_a_sign_of_its_own(seen: Seen, level: Level, text: str) -> None:
    found = [sign for sign in signs(seen) if sign.level is not Level.OK]

    assert [(sign.level, sign.text[: len(text)]) for sign in found] == [(level, text)]


def test_what_failed_is_found_by_the_hint() -> None:
    late = Failures(RunStatus.TIMED_OUT, "PA-E304", 1, NOW)
    spent_all = Failures(RunStatus.OVER_BUDGET, "PA-E308", 2, NOW)

    (found,) = (s for s in signs(of(IDLE._replace(failures=(spent_all, late)))) if s.hint)

    assert "pagents list state:over-budget,timed-out since:1h" in found.hint


def test_where_no_agent_runs_it_says_what_waits_for_a_person() -> None:
    work, *_ = signs(replace(WELL, questions=(QUESTION,)))

    assert work.text == "nothing runs; 1 run waiting for your answer"
    assert work.facts["waiting"] == 1


def test_a_run_that_waits_is_said_to_and_is_no_problem() -> None:
    waiting = SILENT._replace(has_children=True)
    found = signs(of(IDLE._replace(silent=(waiting, waiting))))

    assert "2 runs waiting for its agents" in [sign.text for sign in found]
    assert {sign.level for sign in found} == {Level.OK}


def test_a_hundred_stuck_runs_are_ten_lines_and_a_number() -> None:
    found = [
        sign for sign in signs(of(IDLE._replace(silent=(SILENT,) * 100))) if sign.about == "stuck"
    ]

    assert len(found) == 11
    assert found[-1].text == "90 more runs are stuck"


@pytest.mark.parametrize(
    ("seen", "level", "more"),
    [
        (
            of(IDLE._replace(accounts=[spent(80)] * 30 + [spent(99)] * 12)),
            Level.PROBLEM,
            "32 more budgets are almost spent",
        ),
        (of(IDLE._replace(limited=[LIMITED] * 12)), Level.NOTE, "2 more limits were hit"),
        (
            replace(
                WELL, throttles=[Throttle(model="m/x", closed_until=NOW + 30, limited_at=NOW)] * 12
            ),
            Level.NOTE,
            "2 more models accept no calls now",
        ),
    ],
)
def test_of_many_signs_of_a_kind_the_first_are_told_and_how_many_more(
    seen: Seen, level: Level, more: str
) -> None:
    found = [sign for sign in signs(seen) if sign.level is not Level.OK]

    assert len(found) == 11
    assert (found[-1].level, found[-1].text) == (level, more)


def test_where_not_all_silent_runs_were_looked_at_it_is_told() -> None:
    waiting = SILENT._replace(has_children=True)
    silent = [*([SILENT] * 20), *([waiting] * (MOST_SILENT - 20))]

    texts = [sign.text for sign in signs(of(IDLE._replace(silent=silent)))]

    assert "at least 10 more runs are stuck" in texts
    assert "at least 980 runs waiting for its agents" in texts


def test_a_run_whose_worker_is_starting_is_not_left() -> None:
    waiting = LiveRuns(None, RunStatus.QUEUED, 2, NOW - 60.0)
    seen = replace(of(IDLE._replace(live=(waiting,))), owners=())

    found = signs(replace(seen, is_starting=True))

    assert {sign.level for sign in found} == {Level.OK}
    assert "a worker is starting" in [sign.text for sign in found]
    assert any("no process works on" in sign.text for sign in signs(seen))


def test_an_owner_that_has_ended_is_not_alive() -> None:
    ended = replace(ALIVE, state=OwnerState.GONE)
    found = signs(replace(of(IDLE._replace(live=(live("w"),))), owners=(ended,)))

    assert "no process works on the store" in [sign.text for sign in found]


@pytest.mark.parametrize(
    ("free", "total", "is_full"),
    [
        (2 * GB, 100 * GB, False),
        (GB // 2, 100 * GB, True),
        (GB // 2, 2 * GB, False),
        (10 * GB, 1000 * GB, True),
    ],
)
def test_a_disk_is_nearly_full_by_what_it_is(free: int, total: int, is_full: bool) -> None:
    assert Room(free, total).is_nearly_full is is_full


@pytest.mark.parametrize(
    ("found", "owners", "text"),
    [
        (live(ALIVE.id), (ALIVE,), "2 runs executed, 0 queued"),
        (live(None, RunStatus.QUEUED), (ALIVE,), "0 runs executed, 2 queued"),
        (live(None, RunStatus.QUEUED), (), "nothing runs"),
        (live("dead", RunStatus.QUEUED), (ALIVE,), "nothing runs"),
        (live("dead")._replace(is_paused=True), (), "nothing runs, 2 paused"),
    ],
)
def test_a_run_is_counted_once(found: LiveRuns, owners: tuple[Owner, ...], text: str) -> None:
    work, *others = signs(replace(of(IDLE._replace(live=(found,))), owners=owners))

    assert work.text == text
    assert ("stopped" in {sign.about for sign in others}) is (text == "nothing runs")


def test_the_budget_of_the_day_is_shown_once_however_little_of_it_is_spent() -> None:
    little, much = spent(10, "day:1970-01-01"), spent(85, "day:1970-01-01")

    levels = [
        [sign.level for sign in signs(of(vitals)) if sign.about == "budget"]
        for vitals in (IDLE._replace(day=little), IDLE._replace(day=much, accounts=(much,)))
    ]

    assert levels == [[Level.OK], [Level.NOTE]]

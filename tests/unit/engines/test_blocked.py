"""A run that is blocked by another one of its session is freed once, by its end."""

from __future__ import annotations

from parallel_agents.core.agent import Agent
from parallel_agents.core.ids import RunId, SessionKey
from parallel_agents.core.row import Row
from parallel_agents.core.run import Run, RunnerKind, RunStatus
from parallel_agents.core.session import Session
from parallel_agents.engines.blocked import BlockedRuns
from parallel_agents.engines.slots import ScheduledRun

TALK, OTHER = SessionKey("talk"), SessionKey("other")
WRITER = Agent("writer", instructions="Write.")


def scheduled(run: str, session: SessionKey = TALK) -> ScheduledRun:
    return ScheduledRun(
        Row(
            session=Session(key=session, agent=WRITER, label="", spawn_key="", root=session),
            run=Run(
                id=RunId(run),
                session=session,
                number=1,
                kind=RunnerKind.AGENT,
                status=RunStatus.QUEUED,
                title="",
            ),
        )
    )


def test_an_end_frees_all_that_wait_in_its_session_and_no_others() -> None:
    blocked = BlockedRuns()
    second, third, elsewhere = scheduled("2"), scheduled("3"), scheduled("4", OTHER)
    for each in (second, third, elsewhere):
        blocked.add(each)

    assert blocked.take(TALK) == [second, third]
    assert blocked.take(TALK) == []
    assert second.row not in blocked
    assert elsewhere.row in blocked


def test_a_run_that_was_claimed_is_blocked_no_more() -> None:
    blocked = BlockedRuns()
    claimed = scheduled("2")
    blocked.add(claimed)

    blocked.drop(TALK, RunId("2"))
    blocked.drop(TALK, RunId("2"))

    assert not blocked
    assert claimed.row not in blocked

"""Decisions are told with who and why; what was merely said and done is not told."""

from __future__ import annotations

import pytest

from parallel_agents.core.event import (
    Attempted,
    Body,
    Closing,
    Delivered,
    Event,
    Finished,
    Noticed,
    Queued,
    Refused,
    Retrying,
    Started,
    Steered,
    SteerMode,
)
from parallel_agents.core.ids import OwnerId, RunId, SessionKey
from parallel_agents.core.overview import Origin
from parallel_agents.core.run import Failure, Outcome, RunStatus
from parallel_agents.views.decisions import find_decisions

BUSY = Failure("PA-E201", "it answered 429", "too many requests")
KILLED = Failure("PA-E304", "killed by ana")


def told(*bodies: Body, session: str = "s") -> list[tuple[str, str, str]]:
    events = [
        Event(n, float(n), SessionKey(session), RunId(f"run-{n}"), f"key-{n}", body)
        for n, body in enumerate(bodies)
    ]
    first = RunId("run-0")
    origins = {
        SessionKey("s"): Origin("s", "", first, "s"),
        SessionKey("child"): Origin("child", "lead", first, "child"),
    }
    found = find_decisions(events, origins)
    return [(decision.who, decision.what, decision.why) for decision in found]


def finished(status: RunStatus, error: Failure | None = None, by: str = "") -> Finished:
    return Finished(outcome=Outcome(status=status, error=error), by=by)


def test_the_first_run_of_a_session_is_a_spawn_and_the_next_a_send() -> None:
    assert told(Queued(text="a"), Queued(text="b")) == [
        ("caller", "spawn", ""),
        ("caller", "send", ""),
    ]


def test_a_child_is_spawned_by_its_parent() -> None:
    assert told(Queued(text="a"), session="child") == [("lead", "spawn", "")]


@pytest.mark.parametrize(
    ("body", "decision"),
    [
        (Started(owner=OwnerId("me"), epoch=1), ("runtime", "claim", "claim 1, by the process me")),
        (
            Started(owner=OwnerId("you"), epoch=2),
            ("runtime", "claim again", "claim 2, by the process you"),
        ),
        (
            Retrying(turn=1, attempt=2, error=BUSY, wait_seconds=3.04),
            (
                "runtime",
                "retry",
                "try 2 failed, again in 3.0 s: PA-E201 it answered 429 (too many requests)",
            ),
        ),
        (Refused(turn=1, text="no title"), ("runtime", "refuse", "no title")),
        (
            Attempted(number=2, error=BUSY),
            ("runtime", "begin again", "attempt 2: PA-E201 it answered 429 (too many requests)"),
        ),
        (Steered(text="shorter", mode=SteerMode.NEXT, by="ana"), ("ana", "steer", "shorter")),
        (Noticed(text="80 % is spent"), ("runtime", "notice", "80 % is spent")),
        (
            Closing(turn=1, text="now", error=KILLED),
            ("runtime", "last call", "PA-E304 killed by ana"),
        ),
        (finished(RunStatus.DONE), ("runtime", "accept", "")),
        (finished(RunStatus.KILLED, KILLED, "ana"), ("ana", "kill", "PA-E304 killed by ana")),
        (finished(RunStatus.OVER_BUDGET), ("runtime", "over budget", "")),
    ],
)
def test_a_decision_says_who_and_why(body: Body, decision: tuple[str, str, str]) -> None:
    assert told(body) == [decision]


def test_what_was_only_done_is_no_decision() -> None:
    assert told(Delivered(steer="steer-1", text="shorter", turn=2)) == []

"""What a run does now follows from its last event."""

from __future__ import annotations

import pytest

from parallel_agents.core.event import (
    Attempted,
    Body,
    Finished,
    Queued,
    Refused,
    Retrying,
    Started,
    ToolStarted,
)
from parallel_agents.core.ids import OwnerId
from parallel_agents.core.message import ToolCall
from parallel_agents.core.run import Failure, Outcome, RunStatus
from parallel_agents.core.tool import Effect
from parallel_agents.errors import RateLimited
from parallel_agents.views.activity import doing_after

ERROR = Failure.of(RateLimited("slow down", why="too many", hint="wait"))


@pytest.mark.parametrize(
    ("body", "activity"),
    [
        (Queued(text="x"), "waits for a slot"),
        (Started(owner=OwnerId("me"), epoch=1), "asks the model"),
        (ToolStarted(turn=1, call=ToolCall("1", "web", {}), effect=Effect.PURE), "calls web"),
        (
            Retrying(turn=1, attempt=1, error=ERROR, wait_seconds=2.4),
            "slow down; again in 2 s, try 2",
        ),
        (
            Retrying(turn=1, attempt=2, error=ERROR, wait_seconds=0.3),
            "slow down; again at once, try 3",
        ),
        (Refused(turn=1, text="x"), "corrects its answer"),
        (Attempted(number=2, error=ERROR), "begins again, attempt 2"),
        (Finished(outcome=Outcome(status=RunStatus.DONE)), ""),
    ],
)
def test_what_a_run_does_follows_from_its_last_event(body: Body, activity: str) -> None:
    assert doing_after(body) == activity

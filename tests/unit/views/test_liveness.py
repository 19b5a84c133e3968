"""Which live runs nobody works on."""

from __future__ import annotations

import pytest

from parallel_agents.core.ids import OwnerId, RunId, SessionKey
from parallel_agents.core.run import Run, RunnerKind, RunStatus
from parallel_agents.views.liveness import Liveness

ME, LOST = OwnerId("me"), OwnerId("lost")


def run(owner: OwnerId | None, status: RunStatus = RunStatus.QUEUED, epoch: int = 0) -> Run:
    return Run(
        id=RunId("run"),
        session=SessionKey("session"),
        number=1,
        kind=RunnerKind.AGENT,
        status=status,
        title="work",
        owner=owner,
        epoch=epoch,
        created_at=100.0,
    )


@pytest.mark.parametrize(
    ("left", "alive", "now", "is_left"),
    [
        (run(ME, RunStatus.RUNNING), {ME}, 100.0, False),
        (run(LOST, RunStatus.RUNNING), {ME}, 100.0, True),
        (run(LOST, RunStatus.DONE), set[OwnerId](), 100.0, False),
        (run(None), {ME}, 200.0, False),
        (run(None), set[OwnerId](), 200.0, True),
        (run(None), set[OwnerId](), 101.0, False),
        (run(None, epoch=1), set[OwnerId](), 101.0, True),
    ],
    ids=[
        "its process lives",
        "its process is gone",
        "over",
        "in the queue of somebody",
        "in nobody's queue",
        "its worker is about to start",
        "given back when nobody was left",
    ],
)
def test_a_run_is_left_where_no_living_process_has_it_or_will(
    left: Run, alive: set[OwnerId], now: float, is_left: bool
) -> None:
    assert Liveness(alive=frozenset(alive), now=now).is_stopped(left) is is_left

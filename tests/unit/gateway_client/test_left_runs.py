"""Who waits at a distance is told what nobody works on, nor will."""

from __future__ import annotations

from dataclasses import replace

import pytest

from parallel_agents.core.agent import Agent
from parallel_agents.core.ids import OwnerId, RunId, SessionKey
from parallel_agents.core.owner import Owner, OwnerState
from parallel_agents.core.row import Row
from parallel_agents.core.run import Run, RunnerKind, RunStatus
from parallel_agents.core.session import Session
from parallel_agents.gateway_client.left_runs import LeftRuns

KEY = SessionKey("agent:writer:subagent:1")
SESSION = Session(
    key=KEY,
    agent=Agent(name="writer", description="Writes", instructions="Write."),
    label="writer",
    spawn_key="1",
    root=KEY,
)
RUN = Run(
    id=RunId("run"),
    session=KEY,
    number=1,
    kind=RunnerKind.AGENT,
    status=RunStatus.RUNNING,
    title="task",
)
STOPPED, DEAD, QUEUED = "it was stopped", "its process has died", "it waits in the queue"


class There:
    """A gateway's processes, and the time."""

    def __init__(self) -> None:
        self.now = 100.0
        self.states: list[OwnerState] = []
        self.left = LeftRuns(self.owners, lambda: self.now)

    async def owners(self) -> list[Owner]:
        return [Owner(id=OwnerId(state), host="there", pid=1, state=state) for state in self.states]


def row(state: OwnerState | None, *, paused_by: str = "") -> Row:
    return Row(session=replace(SESSION, paused_by=paused_by), run=RUN, owner_state=state)


async def test_what_was_stopped_is_left_at_once() -> None:
    assert await There().left.among([row(OwnerState.GONE)]) == {"run": STOPPED}


@pytest.mark.parametrize(("state", "why"), [(OwnerState.DEAD, DEAD), (None, QUEUED)])
async def test_what_a_worker_may_yet_take_up_is_left_only_after_a_while(
    state: OwnerState | None, why: str
) -> None:
    there = There()

    assert await there.left.among([row(state)]) == {}
    assert there.left.is_any_seen
    there.now += 19.0
    assert await there.left.among([row(state)]) == {}
    there.now += 1.0
    assert (await there.left.among([row(state)]))[RUN.id].startswith(why)


async def test_while_a_process_is_alive_there_it_may_take_it_up() -> None:
    there = There()
    await there.left.among([row(OwnerState.DEAD)])

    there.now += 30.0
    there.states = [OwnerState.GONE, OwnerState.LIVE]
    assert await there.left.among([row(OwnerState.DEAD)]) == {}
    there.states = []
    assert await there.left.among([row(OwnerState.DEAD)]) == {}, "it is counted from now on"


@pytest.mark.parametrize(
    "seen",
    [row(OwnerState.LIVE), row(None, paused_by="ana"), row(OwnerState.GONE, paused_by="ana")],
)
async def test_what_is_worked_on_or_paused_is_not_left(seen: Row) -> None:
    there = There()
    for _ in range(3):
        assert await there.left.among([seen]) == {}
        there.now += 30.0


async def test_it_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    there = There()
    for _ in range(4):
        await there.left.tell([row(OwnerState.DEAD)])
        there.now += 15.0

    assert [record.getMessage() for record in caplog.records] == [
        f"no process works on {KEY}: its process has died; resume it, as with `pagents resume run`"
    ]

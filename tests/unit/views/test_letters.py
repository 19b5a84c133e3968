"""Why a session has no dead letter is told by how its latest run is doing."""

from __future__ import annotations

import pytest

from parallel_agents.core.ids import RunId, SessionKey
from parallel_agents.core.run import Run, RunnerKind, RunStatus
from parallel_agents.views.letters import why_none


@pytest.mark.parametrize(
    ("status", "why"),
    [
        (RunStatus.DONE, "it is done"),
        (RunStatus.QUEUED, "it has not ended: it is queued"),
        (RunStatus.RUNNING, "it has not ended: it is running"),
        (RunStatus.FAILED, "what failed of it was dropped, or its retry is done"),
        (RunStatus.PARTIAL, "what failed of it was dropped, or its retry is done"),
    ],
)
def test_the_reason_is_that_of_the_status(status: RunStatus, why: str) -> None:
    run = Run(
        id=RunId("r"),
        session=SessionKey("s"),
        number=1,
        kind=RunnerKind.AGENT,
        status=status,
        title="task",
    )

    assert why_none(run) == why

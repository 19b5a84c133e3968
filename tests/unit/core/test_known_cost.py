"""What a run cost is known unless a call may have been made that nobody counted."""

from __future__ import annotations

import pytest

from parallel_agents.core.ids import RunId, SessionKey
from parallel_agents.core.known_cost import known_cost
from parallel_agents.core.run import Run, RunnerKind, RunStatus
from parallel_agents.core.usage import Spend

AGENT, FLOW = RunnerKind.AGENT, RunnerKind.FLOW
PAID, UNPRICED = Spend(calls=1, cost_nanousd=1_000_000_000), Spend(calls=1, unpriced_calls=1)


@pytest.mark.parametrize(
    ("kind", "status", "attempts", "spend", "cost"),
    [
        (AGENT, RunStatus.DONE, 1, PAID, 1.0),
        (AGENT, RunStatus.DONE, 1, UNPRICED, None),
        (AGENT, RunStatus.DONE, 1, Spend(), 0.0),  # its reply was stored before
        (AGENT, RunStatus.KILLED, 1, PAID, 1.0),
        (AGENT, RunStatus.KILLED, 1, Spend(), None),
        (AGENT, RunStatus.FAILED, 1, Spend(), None),
        (AGENT, RunStatus.KILLED, 0, Spend(), 0.0),
        (AGENT, RunStatus.OVER_BUDGET, 1, Spend(), 0.0),
        (FLOW, RunStatus.FAILED, 1, Spend(), 0.0),
    ],
)
def test_a_cost_is_unknown_only_if_a_call_may_be_uncounted(
    kind: RunnerKind, status: RunStatus, attempts: int, spend: Spend, cost: float | None
) -> None:
    run = Run(
        id=RunId("1"),
        session=SessionKey("agent:writer:subagent:1"),
        number=1,
        kind=kind,
        status=status,
        title="",
        spend=spend,
        attempts=attempts,
    )

    assert known_cost(run, spend) == cost

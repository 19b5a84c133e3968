"""Flow depth: how many flows may be inside each other, so that one that calls itself without an end fails soon."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from parallel_agents.core.flow import FlowTask
from parallel_agents.core.ids import SessionKey, function_of
from parallel_agents.core.row import Row
from parallel_agents.core.run import RunnerKind
from parallel_agents.errors import FlowTooDeep

MOST_FLOWS = 32
_SHOWN = 2


async def check_flow_depth(
    flow: FlowTask, parent: Row, find: Callable[[SessionKey], Awaitable[Row]]
) -> None:
    """Refuse a flow that would be inside too many others.

    Args:
        flow: what is to be called.
        parent: the session that calls it.
        find: returns a session's row.

    Raises:
        FlowTooDeep: it is refused.
    """
    above: list[str] = []
    while True:
        if parent.run.kind is RunnerKind.FLOW:
            above.append(function_of(parent.session.key) or parent.session.label)
        if parent.session.parent is None:
            break
        parent = await find(parent.session.parent)
    if len(above) > MOST_FLOWS:
        raise FlowTooDeep(
            f"the flow {flow.name} would be inside more than {MOST_FLOWS} others",
            why=f"{flow.name} is a step of " + ", which is a step of ".join(above[:_SHOWN]),
            hint="a flow that calls itself must end; repeat steps with flow.loop_until, or with a loop "
            "of Python",
        )

"""Tried anew: the runs of a flow's tasks that are no news of its current run, which does them again."""

from __future__ import annotations

from collections.abc import AsyncGenerator

from parallel_agents.core.ids import RunId, SessionKey, function_of
from parallel_agents.core.retry_keys import earlier_tries, name_of, step_of
from parallel_agents.core.row import Row
from parallel_agents.core.run import RunStatus
from parallel_agents.core.verbs import SessionReads
from parallel_agents.flows.memory import Memory
from parallel_agents.maps.request import MAP

_NO_RUN = RunId("")


async def tried_anew(reads: SessionReads, flow: Row) -> frozenset[RunId]:
    """The runs of tasks of a flow, and of flows below it, that other tries follow, or will in its current run.

    A flow that has ended tries nothing again, so that its tasks stay as they ended.
    """
    current = None if flow.run.status.is_over else flow.run.id
    return frozenset([run async for run in _below(reads, flow.session.key, current)])


async def _below(
    reads: SessionReads, flow: SessionKey, current: RunId | None
) -> AsyncGenerator[RunId]:
    children = await reads.child_runs(flow)
    task = name_of if function_of(flow) == MAP else step_of
    is_earlier = earlier_tries((child.key for child in children), task=task)
    for child, has_later in zip(children, is_earlier, strict=True):
        is_again = current is not None and Memory(current).is_tried_again(child)
        if has_later or is_again:
            yield child.run
        if not has_later and function_of(child.session) and child.status is not RunStatus.DONE:
            ended = None if child.status.is_over else child.run
            async for run in _below(reads, child.session, _NO_RUN if is_again else ended):
                yield run

"""Stored steps: how often the tasks of a plan have ended for good, as the flow that does it finds them."""

from __future__ import annotations

from collections import Counter

from parallel_agents.app.client import Client
from parallel_agents.app.foreseeing import Foresight
from parallel_agents.core.ids import RunId, SessionKey, function_of
from parallel_agents.core.inspection import each_event
from parallel_agents.core.row import Row
from parallel_agents.core.run import RunStatus
from parallel_agents.flows.memory import Memory
from parallel_agents.flows.plan_task import NAME

_NEXT_RUN = RunId("")
_STEPS = frozenset({"step_started", "step_finished"})


async def ended_steps(client: Client, flow: Row, work: Foresight) -> Counter[str]:
    """How many tasks of each label a flow will find done, by the labels of the work that it does."""
    labels = [task.label for task in work.tasks]
    walk = _Walk(client, labels)
    # A run that has not ended tries nothing again that was lost in it.
    run = _NEXT_RUN if flow.run.status.is_over else flow.run.id
    await walk.flow(flow.session.key, run, "")
    return walk.ended


class _Walk:
    """A walk through what is stored below a flow, and the plans in it."""

    def __init__(self, client: Client, labels: list[str]) -> None:
        self._client = client
        self._labels = labels
        self.ended = Counter[str]()

    async def flow(self, session: SessionKey, run: RunId, above: str) -> None:
        """Count what is found done in a flow; the labels of its steps begin with what is `above`."""
        children = await self._client.sessions.child_runs(session)
        events = each_event(self._client.journal, session=session, kinds=_STEPS)
        memory = Memory.of(run, children, [event async for event in events])
        ended = set(memory.ended())
        # A step that needs only some of its tasks is done as a whole.
        whole = {_step_of(name) for name in ended if name in memory.steps}
        for name, child in memory.children.items():
            step = _step_of(name)
            is_inner = function_of(child.session) == NAME
            if is_inner and child.status is not RunStatus.DONE and step not in whole:
                tried = _NEXT_RUN if child.status.is_over else child.run
                await self.flow(child.session, tried, f"{above}{step}.")
            elif is_inner and (name in ended or step in whole):
                self._count_below(f"{above}{step}.")
            elif name in ended or step in whole:
                label = f"{above}{step}"
                self.ended[label if label in self._labels else child.label] += 1

    def _count_below(self, above: str) -> None:
        """Count each task of a plan that is done as a whole, whatever of it was left out."""
        self.ended.update(label for label in self._labels if label.startswith(above))


def _step_of(name: str) -> str:
    """The step that a task is of: its name goes on with an item or a round, or with other work."""
    return name.partition("/")[0].partition("@")[0]

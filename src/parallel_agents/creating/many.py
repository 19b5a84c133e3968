"""Many: a built-in flow that makes several agents at once, each as a flow of its own below it."""

from __future__ import annotations

import asyncio

from parallel_agents.core.flow import FlowTask
from parallel_agents.creating.created import Created, CreateOptions, Wanted, created_of
from parallel_agents.creating.creator import Creator
from parallel_agents.flows.flow import Flow, steps_of
from parallel_agents.flows.function import FlowFunction
from parallel_agents.flows.naming import label_of

CREATE_MANY = "create_agents"
MOST_WANTED = 1000
_DEFAULTS = CreateOptions()


class ManyCreator:
    """Makes several agents at once.

    Args:
        creator: makes each of them.
    """

    def __init__(self, creator: Creator) -> None:
        self._creator = creator

    async def create_agents(
        self, flow: Flow, wanted: list[Wanted], options: CreateOptions = _DEFAULTS
    ) -> list[Created]:
        """Make each agent that is wanted; one that cannot be made keeps none of the others from it."""
        function = FlowFunction(self._creator.create_agent)
        async with asyncio.TaskGroup() as group:
            made = [group.create_task(_made(flow, function, each, options)) for each in wanted]
        return [each.result() for each in made]


async def _made(
    flow: Flow, function: FlowFunction[Created], wanted: Wanted, options: CreateOptions
) -> Created:
    steps = steps_of(flow)
    name = steps.names.take(wanted.name, wanted.name)
    values = {"name": wanted.name, "purpose": wanted.purpose, "options": options}
    task: FlowTask = function.task(values, label=label_of(name), model=steps.request.model)
    return created_of(await steps.work.flow(name, task), wanted.name, options)

"""Batch room: how many tokens the rows of a batch and their answers may have, by the models that get them."""

from __future__ import annotations

from parallel_agents.app.client import Client
from parallel_agents.core.batch import answer_schema, numbers
from parallel_agents.core.task import AnyTask
from parallel_agents.runners.agent.contexts import frame_tokens
from parallel_agents.runners.agent.prompts import system_of

# What is left is for the agent's tools, and for estimates that are too low.
_SHARE = 0.8


async def room_for_rows(client: Client, first: AnyTask, count: int) -> int | None:
    """The tokens that the smallest known context leaves beside the agent's instructions.

    Args:
        client: has the models.
        first: the task of a row.
        count: the rows of a batch.

    Returns:
        At least 1, so that each row has a call of its own if the instructions leave no room; None if
        no context is known.
    """
    plan = await client.sessions.plan_task(first)
    models = [client.models.get(name) for name in plan.queued.ladder or (plan.model,)]
    sizes = [size for each in models if (size := each.capabilities.context_tokens) is not None]
    if not sizes:
        return None
    items = numbers(count)
    agent = plan.session.agent
    frame = frame_tokens(system_of(plan.session, items), (), answer_schema(agent, items))
    return max(1, round(min(sizes) * _SHARE) - frame)

"""Refinement: agents made better until they have their scores, as the guides' loop of three agents does."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from parallel_agents.app.client import App
from parallel_agents.core.flow import FlowTask
from parallel_agents.core.run import Result
from parallel_agents.creating.asking import CREATOR, REFINER, REVIEWER
from parallel_agents.creating.created import CreateOptions, read_created
from parallel_agents.creating.request import refine_task
from parallel_agents.errors import NotRegistered, PagentsError, SpawnRefused
from parallel_agents.session_tools.context import Requester
from parallel_agents.surfaces.openclaw.outcomes import describe_error
from parallel_agents.surfaces.openclaw.tasks import AgentResult

_AGENTS = (CREATOR, REVIEWER, REFINER)


async def refine_all(
    app: App,
    requester: Requester,
    agents: Sequence[Mapping[str, Any]],
    options: CreateOptions,
    *,
    most: int,
    model: str | None,
) -> list[AgentResult]:
    """Make each agent better; return a result for each, in order.

    Args:
        app: the verbs.
        requester: the session that asks for it.
        agents: `name`, and `target` if it is not that of the options.
        options: what an agent needs to be registered.
        most: the most agents at once.
        model: the model for all tasks but the reviews; None for the choice of the settings.
    """
    few = asyncio.Semaphore(most)

    async def one(number: int, agent: Mapping[str, Any]) -> AgentResult:
        async with few:
            return await _refined(app, requester, agent, number, options, model)

    async with asyncio.TaskGroup() as group:
        running = [group.create_task(one(n, agent)) for n, agent in enumerate(agents, start=1)]
    return [each.result() for each in running]


async def _refined(
    app: App,
    requester: Requester,
    agent: Mapping[str, Any],
    number: int,
    options: CreateOptions,
    model: str | None,
) -> AgentResult:
    name = str(agent.get("name") or number)
    try:
        await _check_allowed(app, requester)
        task = _task(agent, name, options, model)
        app.keeping.begun_from(name, "", options)  # refuses an agent that there is not
        spawned = await app.sessions.spawn_flow(task, parent=requester.session)
    except PagentsError as error:
        return _result(name, "failed", error=describe_error(error))
    (result,) = await app.sessions.wait([spawned.run_id])
    return _ended(name, result)


def _task(
    agent: Mapping[str, Any], name: str, options: CreateOptions, model: str | None
) -> FlowTask:
    target = agent.get("target")
    asked = options if target is None else options.with_target(float(target))
    return refine_task(name, asked, purpose=str(agent.get("purpose") or ""), model=model)


async def _check_allowed(app: App, requester: Requester) -> None:
    """Refuse what the policy of the session that this process works for does not allow.

    Raises:
        SpawnRefused: it may not spawn the agents that make agents better.
    """
    if requester.session is None:
        return
    policy = (await app.sessions.find(requester.session)).session.agent.policy
    if refused := [name for name in _AGENTS if not policy.allows(name)]:
        raise SpawnRefused(
            f"agent {refused[0]} may not be spawned from here",
            why=f"the session that this process works for may spawn {', '.join(policy.spawns) or 'none'}",
            hint="add it to `policy.spawns` in the file of that session's agent",
        )


def _ended(name: str, result: Result) -> AgentResult:
    made = read_created(result.output_json)
    error = describe_error(result.error)
    if made is not None and made.version is None:
        refusal = NotRegistered(
            f"{name} stays a draft",
            why="; ".join(made.reasons),
            hint=f"pagents agents refine {name}",
        )
        error = describe_error(refusal)
    return _result(
        name,
        "failed" if error else "completed",
        output=result.output_json,
        error=error,
        execution_time=result.seconds,
        session_key=result.session_key,
        model_used=(made.rounds[-1].model or None) if made and made.rounds else None,
        cost_usd=result.total_spend.cost_usd,
    )


def _result(name: str, status: str, **more: Any) -> AgentResult:  # noqa: ANN401 - fields of a result
    return AgentResult(task_id=f"refine_{name}", agent_type=REFINER, status=status, **more)

"""Execution: runs an orchestrator's tasks as one team and collects the results."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import replace

from parallel_agents.app.client import App
from parallel_agents.core.agent import Agent
from parallel_agents.core.ids import SessionKey
from parallel_agents.core.limits import DAY_SECONDS, Limits
from parallel_agents.core.object_schema import misspelt
from parallel_agents.core.policy import Policy
from parallel_agents.core.run import Result
from parallel_agents.core.schema import Json, compiled
from parallel_agents.core.task import Task, TeamTask
from parallel_agents.errors import InvalidInput, PagentsError, SpawnRefused
from parallel_agents.session_tools.context import Requester
from parallel_agents.surfaces.openclaw import drafts
from parallel_agents.surfaces.openclaw.answers import as_json
from parallel_agents.surfaces.openclaw.attempts import child_slots
from parallel_agents.surfaces.openclaw.outcomes import describe_error, outcome_of
from parallel_agents.surfaces.openclaw.tasks import AgentResult, AgentTask

TEAM = "orchestrator"
_NO_LIMIT_SECONDS = 30 * DAY_SECONDS
_JSON = "json"
_FORMATS = {
    "markdown": "Answer in Markdown and nothing else, whatever format you were told before.",
    "code": "Answer with code and nothing else, whatever format you were told before.",
    "text": "Answer in plain text and nothing else, whatever format you were told before.",
}


async def execute(
    app: App, requester: Requester, tasks: Sequence[AgentTask], *, most: int, model: str | None
) -> list[AgentResult]:
    """Return a result for each task, in order; a task that cannot be accepted gets a failed one.

    A reviewer of an agent begins once its creator has ended, and reads the draft.

    Args:
        app: the verbs.
        requester: the session that spawns the agents; without one they are a team.
        tasks: what to do.
        most: the most agents at once.
        model: the model for all tasks; None leaves the choice to the agents and the settings.
    """
    reviews = drafts.reviews_among(tasks)
    made = [task for task in tasks if task.task_id not in reviews]
    found = await _execute(app, requester, made, most=most, model=model)
    if reviews:
        keeping = drafts.Drafts(app.keeping.registry(in_project=False))
        ready, refused = await keeping.with_drafts(reviews, found)
        reviewed = await _execute(app, requester, ready, most=most, model=model)
        await keeping.note_reviews(ready, reviewed)
        found |= refused | reviewed
    return [found[task.task_id] for task in tasks]


async def _execute(
    app: App, requester: Requester, tasks: Sequence[AgentTask], *, most: int, model: str | None
) -> dict[str, AgentResult]:
    """The results of tasks that need nothing of each other, by their ids."""
    ready: dict[str, Task] = {}
    found: dict[str, AgentResult] = {}
    for task in tasks:
        try:
            ready[task.task_id] = await _accepted(app, task, model)
        except PagentsError as error:
            found[task.task_id] = _refused(task, error)
    by_id = {task.task_id: task for task in tasks}
    if requester.session is None:
        results = await _as_team(app, ready.values(), most)
        ended = zip(ready, results, strict=True)
        found |= {name: _ended(by_id[name], result) for name, result in ended}
    else:
        under = _Under(app, requester, requester.session, asyncio.Semaphore(most))
        found |= await under.execute({name: (by_id[name], ready[name]) for name in ready})
    return found


async def _accepted(app: App, task: AgentTask, model: str | None) -> Task:
    """The task as the verbs take it, or what a spawn would raise."""
    agent = app.catalog.agent(task.agent_type)
    values: dict[str, Json] = {
        name: as_json(value) for name, value in (task.input_data or {}).items()
    }
    text = task.task_description
    if task.output_format != _JSON:
        text = f"{text}\n\n{_format_instruction(task.output_format)}"
        agent = replace(agent, output_schema=None, examples=())
    ready = Task(
        _with_matching_input(agent, values),
        text,
        input=values,
        model=model,
        label=task.task_id,
        limits=Limits(timeout_seconds=task.timeout_seconds or _NO_LIMIT_SECONDS),
    )
    await app.sessions.plan_task(ready)
    return ready


def _format_instruction(form: str) -> str:
    if form not in _FORMATS:
        raise InvalidInput(
            f"output_format cannot be {form!r}",
            hint=f"use {_JSON}, {', '.join(_FORMATS)}, or leave it out",
        )
    return _FORMATS[form]


def _with_matching_input(agent: Agent, values: dict[str, Json]) -> Agent:
    """The agent, without its input schema if the values do not match it: they are in the task."""
    schema = agent.input_schema
    if schema is None:
        return agent
    matches = not (misspelt(values, schema) or compiled(schema).problems(values))
    return agent if matches else replace(agent, input_schema=None)


async def _as_team(app: App, tasks: Iterable[Task], most: int) -> Sequence[Result]:
    together = tuple(tasks)
    if not together:
        return ()
    spawned = await app.sessions.spawn_team(TeamTask(tasks=together, name=TEAM, max_parallel=most))
    await app.sessions.wait([spawned.run_id])
    return (await app.sessions.team_result(spawned.session_key)).results


class _Under:
    """Tasks as children of a session, at most as many at once as asked for and allowed.

    Args:
        app: the verbs.
        requester: who calls.
        parent: the caller's session.
        few: limits the number of tasks at once.
    """

    def __init__(
        self, app: App, requester: Requester, parent: SessionKey, few: asyncio.Semaphore
    ) -> None:
        self._app = app
        self._requester = requester
        self._parent = parent
        self._few = few

    async def execute(self, tasks: dict[str, tuple[AgentTask, Task]]) -> dict[str, AgentResult]:
        slots = await child_slots(self._app, self._requester)
        policy = (await self._app.sessions.find(self._parent)).session.agent.policy

        async def one(task: AgentTask, ready: Task) -> AgentResult:
            async with self._few, slots:
                try:
                    check_allowed(policy, task.agent_type)
                    spawned = await self._app.sessions.spawn(ready, parent=self._parent)
                except PagentsError as error:
                    return _refused(task, error)
                (result,) = await self._app.sessions.wait([spawned.run_id])
                return _ended(task, result)

        async with asyncio.TaskGroup() as group:
            running = {name: group.create_task(one(*task)) for name, task in tasks.items()}
        return {name: ended.result() for name, ended in running.items()}


def check_allowed(policy: Policy, agent: str) -> None:
    """Refuse an agent that a session may not spawn.

    Raises:
        SpawnRefused: its policy does not allow it.
    """
    if not policy.allows(agent):
        raise SpawnRefused(
            f"agent {agent} may not be spawned from here",
            why=f"the session that this process works for may spawn {', '.join(policy.spawns) or 'none'}",
            hint="add it to `policy.spawns` in the file of that session's agent",
        )


def _refused(task: AgentTask, error: PagentsError) -> AgentResult:
    return AgentResult(
        task_id=task.task_id,
        agent_type=task.agent_type,
        status="failed",
        error=describe_error(error),
    )


def _ended(task: AgentTask, result: Result) -> AgentResult:
    outcome = outcome_of(result)
    return AgentResult(
        task_id=task.task_id,
        agent_type=task.agent_type,
        status=outcome["status"],
        output=result.output,
        execution_time=result.seconds,
        error=outcome["error"],
        session_key=result.session_key,
        model_used=result.model,
        cost_usd=result.cost_usd,
    )

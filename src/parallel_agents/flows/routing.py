"""Routing: who does the work: as an answer says, the next who can, or whom a manager asks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Generic

from parallel_agents.core.agent import Agent, T, T_co
from parallel_agents.core.cutting import head
from parallel_agents.core.frozen import Frozen
from parallel_agents.core.policy import Policy
from parallel_agents.core.run import Result
from parallel_agents.core.schema import Json
from parallel_agents.core.shown import shown
from parallel_agents.core.task import Task
from parallel_agents.errors import InvalidInput, StepFailed, UnknownAgent
from parallel_agents.flows.gathered import checked_result, why_not_done
from parallel_agents.flows.naming import part_of
from parallel_agents.flows.people import MOST_CHARACTERS, Asking
from parallel_agents.flows.steps import Steps
from parallel_agents.sessions.requests import check_task

_MANAGE = (
    "You lead a team. Split the task into parts, have agents do them with sessions_spawn, several at "
    "the same time where they do not depend on each other, and wait for their results. If a result is "
    "not good enough, have it done again with what is missing. Then answer the task from their "
    "results. You may have these agents work for you: "
)


@dataclass(frozen=True, slots=True)
class HandOff(Frozen, Generic[T_co]):
    """What came of a task that was handed on.

    Attributes:
        results: those of the agents that were asked, in order.
        answer: that of the person who was asked in the end; None if an agent did the task.
    """

    results: tuple[Result[T_co], ...]
    answer: str | None = None

    @property
    def result(self) -> Result[T_co]:
        """The result of the agent that was asked last."""
        return self.results[-1]


def _route_in(answer: Json, field: str) -> str:
    """The route that an answer names, as text or in a field of it; empty if it does not have the field."""
    named = answer.get(field, "") if isinstance(answer, Mapping) else answer
    return str(named).strip()


def _chosen(route: str, routes: Iterable[str]) -> str | None:
    """The route of this name, whose case counts only if another differs in nothing else."""
    names = tuple(routes)
    known = {each.casefold(): each for each in names} | {each: each for each in names}
    return known.get(route) or known.get(route.casefold())


async def branch(
    steps: Steps,
    name: str,
    by: Task[Any],
    routes: Mapping[str, Task[T] | Callable[[Result[Any]], Task[T]]],
    *,
    field: str,
    default: str | None,
) -> Result[T]:
    """The result of the task that the answer of `by` names.

    Raises:
        InvalidInput: `default` is not a route.
        StepFailed: the answer names none of the routes, or a task is not done.
    """
    if default is not None and default not in routes:
        raise InvalidInput(
            f"the default {default!r} of the step {name} is not one of its routes",
            hint=f"name one of {', '.join(routes)}",
        )
    router = checked_result(await steps.result(name, by), name, check=True)
    answer = router.output_json
    chosen = _chosen(_route_in(answer, field), routes)
    if chosen is None:
        refused = _no_route(name, answer, field, tuple(routes))
        if default is None:
            raise refused
        if isinstance(answer, Mapping) and field not in answer:
            steps.work.note(f"{refused.message}, so its route is {default}; {refused.hint}")
        chosen = default
    made = routes[chosen]
    task = made(router) if callable(made) else made
    called = f"{name}/{part_of(chosen)}"
    return checked_result(await steps.result(called, task), called, check=True)


def _no_route(name: str, answer: Json, field: str, routes: Sequence[str]) -> StepFailed:
    """Why an answer chose none of these routes."""
    known = f"the routes are {', '.join(routes)}"
    if not isinstance(answer, Mapping):
        return StepFailed(
            f"the step {name} chose {_route_in(answer, field)[:80]!r}, which is not one of its routes",
            why=known,
            hint="give the agent an output schema with these names as an enum, or pass default=",
        )
    others = [each for each in answer if _chosen(_route_in(answer, each), routes)]
    if field in answer:
        message = (
            f"chose {shown(answer[field])} in the field {field!r}, which is not one of its routes"
        )
        why = known
        hint = "have the agent's output schema name the routes as an enum, or pass default="
    else:
        message = f"has no route: the answer has no field {field!r}"
        why = f"its fields are {head(', '.join(answer) or 'none', 300)}; {known}"
        hint = "pass the name of the field that names the route as field="
    if len(others) == 1:
        hint = f"pass field={others[0]!r}, which names the route {answer[others[0]]!r}"
    return StepFailed(f"the step {name} {message}", why=why, hint=hint)


async def hand_off(
    steps: Steps,
    name: str,
    task: Task[T],
    *,
    to: Sequence[str | Agent[T]],
    accept: Callable[[Result[T]], bool] | None,
    person: str | None,
) -> HandOff[T]:
    """The task as the first of some agents does it whose answer is accepted; or a person's answer.

    Raises:
        InvalidInput: an agent that is defined here does not take the task; nothing has begun.
        StepFailed: no answer is accepted, and no person is to be asked.
    """
    for agent in (task.agent, *to):
        if isinstance(agent, Agent):
            check_task(replace(task, agent=agent), agent)
    results: list[Result[T]] = []
    unable: list[str] = []
    for number, agent in enumerate((task.agent, *to), start=1):
        asked = replace(task, agent=agent, text=_with_earlier(task.text, results), key=None)
        try:
            result = await steps.result(f"{name}/{number}", asked)
        except (InvalidInput, UnknownAgent) as error:
            if number == 1:
                raise
            # An agent that is only named is known now; the task is not lost because of it.
            unable.append(f"{agent} cannot take it: {error.message}")
            steps.work.note(f"{name}: {unable[-1]}")
            continue
        results.append(result)
        if result.is_done and (accept is None or accept(result)):
            return HandOff(tuple(results))
    if person is None:
        raise StepFailed(
            f"nobody did the step {name}",
            why="; ".join((*map(_why_not_accepted, results), *unable)),
            hint="add an agent to `to`, or pass person= to ask one in the end",
        )
    told = "\n".join((*map(_why_not_accepted, results), *unable))
    question = f"{person}\n\n{task.text}\n\n{told}"
    answer = await steps.work.ask(f"{name}/person", Asking(head(question, MOST_CHARACTERS)))
    return HandOff(tuple(results), answer)


def _with_earlier(text: str, results: Sequence[Result[Any]]) -> str:
    if not results:
        return text
    told = "\n".join(f"- {result.agent}: {_told(result)}" for result in results)
    return f"{text}\n\nOthers have tried before you:\n{told}"


def _told(result: Result[Any]) -> str:
    return (result.text or "no answer") if result.is_done else why_not_done(result)


def _why_not_accepted(result: Result[Any]) -> str:
    return f"{result.label}'s answer was not accepted" if result.is_done else why_not_done(result)


def managed(task: Task[T], agents: Sequence[str], max_children: int) -> Task[T]:
    """The task as its agent does it who may have these agents work for it.

    Raises:
        InvalidInput: the task names its agent, or there are no agents.
    """
    manager = task.agent
    if isinstance(manager, str) or not agents:
        raise InvalidInput(
            "a manager needs a definition, and agents that it may spawn",
            hint='pass a task such as Task(Agent("lead", instructions="..."), "..."), and agents=[...]',
        )
    policy = Policy(spawns=tuple(agents), max_children=max_children)
    instructions = f"{manager.instructions}\n\n{_MANAGE}{', '.join(agents)}.".strip()
    return replace(task, agent=replace(manager, instructions=instructions, policy=policy))

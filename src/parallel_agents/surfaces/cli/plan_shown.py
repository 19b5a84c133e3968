"""Plan shown: a plan for a goal before it runs: its steps by levels, how many at once, and what it costs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from parallel_agents.app.client import Client
from parallel_agents.app.foreseeing import Foresight, foresee_steps
from parallel_agents.core.budget import Budget
from parallel_agents.core.flow import FlowTask
from parallel_agents.core.plan import Plan, Step, placed_steps, with_default_model
from parallel_agents.core.schema import Json
from parallel_agents.core.task import Task
from parallel_agents.core.usage import NANOUSD_PER_USD, SIMULATED
from parallel_agents.errors import PagentsError
from parallel_agents.sessions.retries import max_cost_of_first_call
from parallel_agents.surfaces.cli import render
from parallel_agents.views import plan_graph
from parallel_agents.views.format import one_line

_WIDTH = 100


class _Price(NamedTuple):
    """The most that a plan costs.

    Attributes:
        usd: None if a price is unknown.
        is_bound: nothing can cost more; otherwise it is that of the first calls alone.
        is_simulated: only simulated models would cost it, and nobody pays.
    """

    usd: float | None
    is_bound: bool
    is_simulated: bool = False


class _FirstCall(NamedTuple):
    """The most that the first call of a step costs, in nanodollars; None if nobody knows."""

    nanousd: int | None
    is_simulated: bool


_UNKNOWN = _FirstCall(None, is_simulated=False)


async def show_plan(client: Client, plan: Plan, flow: FlowTask) -> None:
    """Print a plan, with what its steps are asked."""
    count = "1 step" if len(plan.steps) == 1 else f"{len(plan.steps)} steps"
    most = flow.max_parallel or plan.max_parallel or client.settings.max_parallel
    widest = max(map(len, plan_graph.levels(plan)), default=1)
    price = _told(await _priced(client, plan, flow))
    render.line(f"plan ({count}, {min(most, widest)} at once, {price})")
    told = {step.id: _asked(step) for step in plan.steps}
    _, *lines = plan_graph.as_text(plan, _WIDTH, told).split("\n")
    for line in lines:
        render.line(line)


def _asked(step: Step) -> str:
    """What a step is asked: its first paragraph, as those below are what it reads."""
    asked = step.create.purpose if step.create is not None else step.text or step.person
    return one_line(asked.partition("\n\n")[0])


async def _priced(client: Client, plan: Plan, flow: FlowTask) -> _Price:
    """What budgets bound it to; otherwise the first call of each task, without what it reads."""
    plan = with_default_model(plan, flow.model)
    found = await _foreseen(client, plan, flow)
    bound = _least(flow.budget, plan.budget)
    if found is not None and found.bound.nanousd:
        by_parts = found.bound.nanousd / NANOUSD_PER_USD
        bound = by_parts if bound is None else min(bound, by_parts)
    if bound is not None:
        return _Price(bound, is_bound=True)
    times = {} if found is None else {each.label: each.times.most for each in found.tasks}
    total, is_known, simulated = 0, True, list[bool]()
    for each in placed_steps(plan):
        if each.step.agent or each.step.create is not None:
            first = await _first_call(client, each.step, each.model)
            total += (first.nanousd or 0) * times.get(each.label, 1)
            is_known = is_known and first.nanousd is not None
            simulated.append(first.is_simulated)
    usd = total / NANOUSD_PER_USD if is_known else None
    return _Price(usd, False, bool(simulated) and all(simulated))


async def _foreseen(client: Client, plan: Plan, flow: FlowTask) -> Foresight | None:
    match flow.input.get("material"):
        case Mapping() as material:
            values = material
        case _:
            values = dict[str, Json]()
    try:
        return await foresee_steps(client, plan, values)
    except PagentsError:
        return None  # that the plan cannot begin is told where it is checked


def _least(one: Budget, other: Budget) -> float | None:
    given = [each.usd for each in (one, other) if each.usd is not None]
    return min(given, default=None)


async def _first_call(client: Client, step: Step, model: str | None) -> _FirstCall:
    if step.create is not None:
        return _UNKNOWN  # how many calls it takes is not known
    try:
        agent = client.catalog.agent(step.agent)
        task = Task(agent.name, step.text, input=step.input, model=model, ladder=step.ladder)
        plan = await client.sessions.plan_task(task)
    except PagentsError:
        return _UNKNOWN  # that the step cannot begin is told where the plan is checked
    most = max_cost_of_first_call(client.models, client.session_tools.as_tools(), plan)
    return _FirstCall(most.nanousd, plan.model.startswith(SIMULATED))


def _told(price: _Price) -> str:
    if price.usd is None:
        return "at an unknown price"
    if not price.usd:
        return "free"
    what = "" if price.is_bound else "first calls "
    simulated = " simulated" if price.is_simulated else ""
    return f"{what}≤ ${max(price.usd, 0.01):.2f}{simulated}"

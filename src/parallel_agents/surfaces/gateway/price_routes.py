"""Price routes: what an agent or a team would cost, before it is started."""

from __future__ import annotations

from collections.abc import Awaitable

from typing_extensions import TypedDict

from parallel_agents.app.begin_team import plan_of, work_of
from parallel_agents.app.foreseeing import Foresight, foresee_plan
from parallel_agents.app.stored_work import foresee_flow, foresee_task, foresee_team
from parallel_agents.core.usage import SIMULATED, Spend
from parallel_agents.flows.plan_task import plan_task
from parallel_agents.surfaces.gateway.bodies import SpawnBody
from parallel_agents.surfaces.gateway.gateway import Call
from parallel_agents.surfaces.gateway.replies import Document
from parallel_agents.surfaces.gateway.routes import Form, Route, handled
from parallel_agents.surfaces.gateway.verb_routes import asked_tasks, asked_team, check_names_one
from parallel_agents.surfaces.work_price import price_work
from parallel_agents.views.documents import Money, money_json
from parallel_agents.views.estimates import Estimate, totals


class PricedTaskDocument(TypedDict):
    """What the tasks of one label would cost; null is unknown, and `from_runs` says what is likely from how many.

    With an `open_list`, the label of a step whose list is not known yet, `tasks` and amounts are those of
    each of its items, and `tasks_at_most` is of all that it may have.
    """

    label: str
    agent: str
    model: str
    tasks: int
    tasks_at_most: int
    open_list: str | None
    first_call_at_most: Money | None
    likely: Money | None
    from_runs: int
    is_simulated: bool


class PriceDocument(TypedDict):
    """What work would cost: `first_calls_at_most` of its first calls, `likely` of what it cost before.

    Each sum leaves out the tasks that are unknown, which are counted, and those of open lists.
    `worst_case_usd` and `worst_case_tokens` are what the budgets allow, of all of it and of its parts.
    `is_sketch` says that the tasks only stand for the steps of a plan: those that read what others came
    to have a first call that is not known yet. `notes` say which items could not be done.
    `missing_keys` are not set here, and the work cannot begin without them.
    """

    tasks: list[PricedTaskDocument]
    first_calls_at_most: Money | None
    first_calls_unknown: int
    likely: Money | None
    likely_unknown: int
    budget_usd: float | None
    budget_tokens: int | None
    worst_case_usd: float | None
    worst_case_tokens: int | None
    is_sketch: bool
    notes: list[str]
    missing_keys: list[str]


async def price(call: Call, given: SpawnBody) -> Document:
    """Say what an agent or a team would cost, and start nothing."""
    check_names_one(given)
    call.client.catalog.forget()  # the gateway may be older than the files
    of = _of_tasks if given.tasks else _of_team if given.agent is None else _of_agent
    return Document(value=await price_of(call, of(call, given)))


async def price_of(call: Call, foreseeing: Awaitable[Foresight]) -> PriceDocument:
    """What work would cost that is foreseen so."""
    price = await price_work(call.client, foreseeing)
    estimates = price.estimates
    sure = sum(each.tasks for each in estimates if not each.open_list)
    first, likely = totals(estimates)
    bound = price.bound
    return {
        "tasks": [_task(each) for each in estimates],
        "first_calls_at_most": _money(first.spend) if first.unknown < sure else None,
        "first_calls_unknown": first.unknown,
        "likely": _money(likely.spend) if likely.unknown < sure else None,
        "likely_unknown": likely.unknown,
        "budget_usd": price.budget.usd,
        "budget_tokens": price.budget.tokens,
        "worst_case_usd": bound.usd,
        "worst_case_tokens": bound.tokens,
        "is_sketch": price.is_sketch,
        "notes": list(price.notes),
        "missing_keys": list(price.missing_keys),
    }


def _task(each: Estimate) -> PricedTaskDocument:
    return {
        "label": each.label,
        "agent": each.agent,
        "model": each.model,
        "tasks": each.tasks,
        "tasks_at_most": each.most_tasks,
        "open_list": each.open_list or None,
        "first_call_at_most": _money(each.first),
        "likely": _money(each.likely),
        "from_runs": each.runs,
        "is_simulated": each.model.startswith(SIMULATED),
    }


async def _of_agent(call: Call, given: SpawnBody) -> Foresight:
    parent = None
    if given.parent is not None:
        parent = (await call.client.sessions.find(given.parent)).session.key
    name = given.agent or ""
    call.client.catalog.agent(name)  # a name of the catalog, of which no path is made
    plan = await call.client.sessions.plan_task(given.task(name, given.key), parent=parent)
    return await foresee_task(call.client, plan)


async def _of_tasks(call: Call, given: SpawnBody) -> Foresight:
    plans = await call.client.sessions.plan_team(asked_tasks(call, given), key=given.key)
    return await foresee_team(call.client, plans)


async def _of_team(call: Call, given: SpawnBody) -> Foresight:
    team, asked = await asked_team(call, given, given.key)
    if team.plan is None:
        plans = await call.client.sessions.plan_team(work_of(team, asked), key=asked.key)
        return await foresee_team(call.client, plans)
    plan, values = plan_of(call.client, team, asked), team.filled(asked.values)
    work = await foresee_plan(call.client, call.gateway.environment, plan, values)
    planned = await call.client.sessions.plan_flow(plan_task(plan, values), key=asked.key)
    return await foresee_flow(call.client, planned, work)


def _money(spend: Spend | None) -> Money | None:
    """The money of a spend, simulated or not, as one amount; null if it is not known."""
    if spend is None or spend.cost_usd is None:
        return None
    return money_json(spend.cost_usd + spend.simulated_usd)


ROUTES = (
    Route(
        method="POST",
        path="/price",
        name="price",
        does="Say what an agent or a team would cost, and start nothing.",
        takes=SpawnBody,
        gives=PriceDocument,
        form=Form.DOCUMENT,
        answer=handled(SpawnBody, price),
    ),
)

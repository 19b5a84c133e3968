"""Price routes: what an agent or a team would cost, before it is started."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from typing import NamedTuple

from typing_extensions import TypedDict

from parallel_agents.app.begin_team import work_of
from parallel_agents.app.plan_probes import foresee_plan
from parallel_agents.core.budget import Budget
from parallel_agents.core.pricing import MissingKeys, pricing
from parallel_agents.core.store import SessionPlan
from parallel_agents.core.usage import Spend
from parallel_agents.sessions.retries import max_cost_of_first_call
from parallel_agents.surfaces.gateway.bodies import SpawnBody
from parallel_agents.surfaces.gateway.gateway import Call
from parallel_agents.surfaces.gateway.replies import Document
from parallel_agents.surfaces.gateway.routes import Form, Route, handled
from parallel_agents.surfaces.gateway.verb_routes import asked_tasks, asked_team, check_names_one
from parallel_agents.views.costs import costs_by_agent
from parallel_agents.views.documents import Money, money_json
from parallel_agents.views.estimates import likely_of, spend_of, total


class PricedTaskDocument(TypedDict):
    """What one task would cost; null is unknown, and `from_runs` says what is likely from how many."""

    label: str
    agent: str
    model: str
    first_call_at_most: Money | None
    likely: Money | None
    from_runs: int
    is_simulated: bool


class PriceDocument(TypedDict):
    """What work would cost: `first_calls_at_most` of its first calls, `likely` of what it cost before.

    Each sum leaves out the tasks that are unknown, which are counted. `is_sketch` says that the
    tasks only stand for the steps of a plan: those that read what others came to have a first call
    that is not known yet. `missing_keys` are not set here, and the work cannot begin without them.
    """

    tasks: list[PricedTaskDocument]
    first_calls_at_most: Money | None
    first_calls_unknown: int
    likely: Money | None
    likely_unknown: int
    budget_usd: float | None
    budget_tokens: int | None
    is_sketch: bool
    missing_keys: list[str]


class Work(NamedTuple):
    """The sessions that would be started, and what they may cost at most."""

    plans: Sequence[SessionPlan]
    budget: Budget
    is_sketch: bool = False
    unread: frozenset[str] = frozenset()


async def price(call: Call, given: SpawnBody) -> Document:
    """Say what an agent or a team would cost, and start nothing."""
    check_names_one(given)
    call.client.catalog.forget()  # the gateway may be older than the files
    of = _of_tasks if given.tasks else _of_team if given.agent is None else _of_agent
    return Document(value=await price_of(call, of(call, given)))


async def price_of(call: Call, planning: Awaitable[Work]) -> PriceDocument:
    """What work would cost that is planned so."""
    with pricing() as missing:
        return await _price_of(call, await planning, missing)


async def _price_of(call: Call, work: Work, missing: MissingKeys) -> PriceDocument:
    costs = costs_by_agent(await call.client.journal.costs())
    tools = call.client.session_tools.as_tools()
    firsts: list[Spend | None] = []
    likelies: list[Spend | None] = []
    tasks: list[PricedTaskDocument] = []
    for plan in work.plans:
        agent = plan.session.agent.name
        likely, runs = likely_of(costs, agent, plan.model)
        first = None
        if plan.session.label not in work.unread:
            first = spend_of(max_cost_of_first_call(call.client.models, tools, plan), plan.model)
        firsts.append(first)
        likelies.append(likely)
        tasks.append(
            {
                "label": plan.session.label,
                "agent": agent,
                "model": plan.model,
                "first_call_at_most": _money(first),
                "likely": _money(likely),
                "from_runs": runs,
                "is_simulated": plan.model.startswith("sim/"),
            }
        )
    first, likely = total(firsts), total(likelies)
    return {
        "tasks": tasks,
        "first_calls_at_most": _money(first.spend) if first.unknown < len(tasks) else None,
        "first_calls_unknown": first.unknown,
        "likely": _money(likely.spend) if likely.unknown < len(tasks) else None,
        "likely_unknown": likely.unknown,
        "budget_usd": work.budget.usd,
        "budget_tokens": work.budget.tokens,
        "is_sketch": work.is_sketch,
        "missing_keys": list(missing.names),
    }


async def _of_agent(call: Call, given: SpawnBody) -> Work:
    parent = None
    if given.parent is not None:
        parent = (await call.client.sessions.find(given.parent)).session.key
    name = given.agent or ""
    call.client.catalog.agent(name)  # a name of the catalog, of which no path is made
    plan = await call.client.sessions.plan_task(given.task(name, given.key), parent=parent)
    return Work([plan], plan.budget)


async def _of_tasks(call: Call, given: SpawnBody) -> Work:
    group, *plans = await call.client.sessions.plan_team(asked_tasks(call, given), key=given.key)
    return Work(plans, group.budget)


async def _of_team(call: Call, given: SpawnBody) -> Work:
    team, asked = await asked_team(call, given, given.key)
    if team.plan is None:
        group, *plans = await call.client.sessions.plan_team(work_of(team, asked))
        return Work(plans, group.budget)
    plan = asked.plan_of(team)
    outlook = await foresee_plan(
        call.client, call.gateway.environment, plan, team.filled(asked.values)
    )
    return Work(outlook.plans, plan.budget, is_sketch=True, unread=outlook.unread)


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

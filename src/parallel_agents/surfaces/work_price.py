"""Work price: what work would cost that is foreseen, for the command line and the gateway alike."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from parallel_agents.app.client import Client
from parallel_agents.app.foreseeing import Foreseen, Foresight
from parallel_agents.app.map_price import MapPrice
from parallel_agents.app.output_hint import output_hint
from parallel_agents.app.run_bounds import is_free, most_by_calls
from parallel_agents.core.bound import Bound
from parallel_agents.core.budget import Amount, Budget
from parallel_agents.core.pricing import pricing
from parallel_agents.core.usage import Spend
from parallel_agents.views.costs import AgentCosts, costs_by_agent
from parallel_agents.views.estimates import Estimate, likely_of, shared, spend_of

CACHED = "Replies that are in the cache cost nothing; which ones are there was not looked at."


class WorkPrice(NamedTuple):
    """What work would cost.

    Attributes:
        estimates: of its tasks, those of one label together.
        budget: what all of it may cost at most, as far as that is said.
        bound: what it costs at most, by that and by the budgets of its parts.
        is_sketch: whether the tasks only stand for the steps of a plan.
        unknown: what cannot be known of it yet; empty if nothing.
        notes: what else is known: which items could not be done.
        missing_keys: the keys that are not set, and without which it cannot begin.
    """

    estimates: Sequence[Estimate]
    budget: Budget
    bound: Bound
    is_sketch: bool = False
    unknown: str = ""
    notes: tuple[str, ...] = ()
    missing_keys: tuple[str, ...] = ()


class LikelyOfMap(NamedTuple):
    """What a map is likely to cost, and of how many runs that is known; None if it is not."""

    spend: Spend | None
    runs: int


async def price_work(client: Client, foreseeing: Awaitable[Foresight]) -> WorkPrice:
    """What work would cost that is foreseen so.

    Raises:
        PagentsError: as when it is begun.
    """
    with pricing() as missing:
        work = await foreseeing
        costs = costs_by_agent(await client.journal.costs())
        estimates = [_estimate(client, each, costs) for each in work.tasks]
        hint = _hint(client, work)
    return WorkPrice(
        estimates,
        work.budget,
        work.bound,
        work.is_sketch,
        work.unknown,
        (*work.notes, *([CACHED] if any(map(_is_cached, work.tasks)) else []), *hint),
        missing.names,
    )


def _hint(client: Client, work: Foresight) -> tuple[str, ...]:
    """How to lower a worst case that no budget makes, if shorter answers do."""
    if work.is_sketch or work.bound != Bound():
        return ()
    hint = output_hint(client, [(each.plan, each.times.most) for each in work.tasks])
    return (hint,) if hint else ()


def _is_cached(task: Foreseen) -> bool:
    return bool(task.plan.queued.cache_seconds)


def _estimate(client: Client, task: Foreseen, costs: Mapping[str, AgentCosts]) -> Estimate:
    plan, times = task.plan, task.times
    agent = plan.session.agent.name
    likely, runs = likely_of(costs, agent, plan.model)
    free = is_free(client, plan.model)
    if likely is None and free:
        likely = Spend(calls=1)
    most = most_by_calls(client, plan)
    return Estimate(
        label=task.label,
        agent=agent,
        model=plan.model,
        tasks=times.number,
        most_tasks=times.most,
        open_list=times.open_list,
        first=None if task.firsts is None else _sum(task.firsts, plan.model),
        likely=likely and shared(likely, times.number, 1),
        runs=runs,
        most=None if most is None else spend_of(Amount(most * times.most, 0), plan.model),
        is_free=free,
    )


async def likely_of_map(client: Client, agent: str, reducer: str, price: MapPrice) -> LikelyOfMap:
    """What a map costs if its calls cost what such runs did so far."""
    costs = costs_by_agent(await client.journal.costs())
    likely, runs = likely_of(costs, agent, price.model)
    spend = shared(likely, price.calls, 1) if likely and price.calls else likely and Spend()
    if not price.reduce_calls:
        return LikelyOfMap(spend, runs)
    combining, more = likely_of(costs, reducer, price.reduce_model)
    if not price.calls:
        spend, runs = Spend(), 0
    if spend is None or combining is None:
        return LikelyOfMap(None, 0)
    return LikelyOfMap(spend + shared(combining, price.reduce_calls, 1), runs + more)


def _sum(firsts: Sequence[Amount], model: str) -> Spend:
    spends = [spend_of(each, model) for each in firsts]
    return sum(spends, replace(Spend().on(model), calls=0))

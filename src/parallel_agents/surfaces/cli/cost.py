"""`pagents cost`: what an accepted result costs, by agent and model, failed attempts included."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated

import typer

from parallel_agents.app.reading import open_reader
from parallel_agents.core.schema import Json
from parallel_agents.core.usage import Spend
from parallel_agents.interrupts import run_cancellable
from parallel_agents.runners.agent.prompts import notice_of_unanswered
from parallel_agents.surfaces.cli import render
from parallel_agents.surfaces.cli.context import AsJson, Home, find_store
from parallel_agents.surfaces.cli.since import Since
from parallel_agents.views import format
from parallel_agents.views.costs import AgentCosts, TierCosts, costs_by_agent
from parallel_agents.views.since import parse_since

_TITLES = ("AGENT", "MODEL", "TRIED", "ACCEPTED", "COST", "COST PER ACCEPTED", "TOKENS")


def cost(
    name: Annotated[
        str | None, typer.Argument(help="Only this session and what it spawned.", metavar="[NAME]")
    ] = None,
    since: Since = None,
    json: AsJson = False,
    home: Home = None,
) -> None:
    """Show what accepted results cost, by agent and model.

    Failed attempts, judges and refiners are included. A dash means that the price is unknown.
    """
    context = find_store(home)
    earliest = parse_since(since, time.time())

    async def look() -> tuple[Mapping[str, AgentCosts], int]:
        async with open_reader(context.environment, context.settings) as client:
            tree = (await client.sessions.find(name)).session.key if name is not None else None
            costs = await client.journal.costs(tree=tree, since=earliest)
            unanswered = await client.journal.count_unanswered(tree=tree, since=earliest)
            return costs_by_agent(costs), unanswered

    costs, unanswered = run_cancellable(look())
    if json:
        items = [_json(agent, found) for agent, found in costs.items()]
        render.envelope("cost", time.time(), items, unanswered_calls=unanswered)
    elif not costs:
        is_filtered = name is not None or earliest is not None
        render.note("No runs match these filters." if is_filtered else "Nothing has run yet.")
    else:
        rows = [line for agent, found in costs.items() for line in _lines(agent, found)]
        render.table(_TITLES, rows, right=_TITLES[2:])
    for notice in notice_of_unanswered(unanswered):
        render.note(notice)


def _lines(agent: str, costs: AgentCosts) -> list[tuple[str, ...]]:
    """A line for each model, one for judges and refiners, and a total if there are several."""
    lines = [
        _line("", model, tier.tried, tier.accepted, tier.spend)
        for model, tier in costs.tiers.items()
    ]
    if costs.reviews.calls:
        lines.append(
            (
                "",
                "reviews",
                "",
                "",
                format.money(costs.reviews),
                "",
                format.tokens(costs.reviews),
            )
        )
    if len(lines) > 1:
        lines.append(_line("", "all", costs.runs, costs.accepted, costs.spend))
    return [(agent, *lines[0][1:]), *lines[1:]]


def _line(agent: str, model: str, tried: int, accepted: int, spend: Spend) -> tuple[str, ...]:
    share = f"{accepted} ({accepted / tried:.0%})" if tried else "0"
    money = format.money(spend)
    each = format.money(_each(spend, accepted)) if accepted else "-"
    return (agent, model, str(tried), share, money, each, format.tokens(spend))


def _each(spend: Spend, accepted: int) -> Spend:
    return replace(
        spend,
        cost_nanousd=spend.cost_nanousd // accepted,
        simulated_nanousd=spend.simulated_nanousd // accepted,
    )


def _json(agent: str, costs: AgentCosts) -> dict[str, Json]:
    each = _each(costs.spend, costs.accepted).cost_usd if costs.accepted else None
    return {
        "agent": agent,
        "runs": costs.runs,
        "accepted": costs.accepted,
        "cost": render.money_json(costs.spend.cost_usd),
        "simulated_cost": render.money_json(costs.spend.simulated_usd),
        "cost_of_reviews": render.money_json(costs.reviews.cost_usd),
        "cost_per_accepted": render.money_json(each),
        "models": [_tier_json(model, tier) for model, tier in costs.tiers.items()],
    }


def _tier_json(model: str, tier: TierCosts) -> dict[str, Json]:
    return {
        "model": model,
        "tried": tier.tried,
        "accepted": tier.accepted,
        "cost": render.money_json(tier.spend.cost_usd),
        "simulated_cost": render.money_json(tier.spend.simulated_usd),
        "tokens": tier.spend.usage.total_tokens,
    }

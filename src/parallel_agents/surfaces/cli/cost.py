"""`pagents cost`: what an accepted result costs, by agent and model, failed attempts included."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, NamedTuple

import typer

from parallel_agents.app.reading import open_reader
from parallel_agents.core.overview import Cost
from parallel_agents.core.tags import check_tags
from parallel_agents.core.usage import Spend
from parallel_agents.interrupts import run_cancellable
from parallel_agents.runners.agent.prompts import notice_of_unanswered
from parallel_agents.surfaces.cli import render
from parallel_agents.surfaces.cli.context import AsJson, Home, find_store
from parallel_agents.surfaces.cli.since import Since
from parallel_agents.views import format
from parallel_agents.views.cost_documents import agent_cost_json, cost_json, spend_each
from parallel_agents.views.costs import (
    AgentCosts,
    By,
    CostSum,
    costs_by_agent,
    sums_by,
    total_of,
    wasted_text,
)
from parallel_agents.views.since import parse_since

_TITLES = ("AGENT", "MODEL", "TRIED", "ACCEPTED", "COST", "COST PER ACCEPTED", "TOKENS")
_OF_SUMS = ("RUNS", "ACCEPTED", "COST", "COST PER ACCEPTED", "TOKENS")
_FIRST = {By.AGENT: "AGENT", By.MODEL: "MODEL", By.DAY: "DAY (UTC)", By.TAG: "TAG"}
_NAMELESS = {By.TAG: "no tag", By.DAY: "unknown"}


def cost(
    name: Annotated[
        str | None, typer.Argument(help="Only this session and what it spawned.", metavar="[NAME]")
    ] = None,
    since: Since = None,
    by: Annotated[By | None, typer.Option(help="What to add up by.")] = None,
    tag: Annotated[str | None, typer.Option(help="Only work with this tag.", metavar="TAG")] = None,
    json: AsJson = False,
    home: Home = None,
) -> None:
    """Show what accepted results cost, by agent and model, and in total.

    Failed attempts, judges and refiners are included. A dash means that the price is unknown.
    """
    check_tags(() if tag is None else (tag,))
    context = find_store(home)
    earliest = parse_since(since, time.time())

    async def look() -> _Found:
        async with open_reader(context.environment, context.settings) as client:
            tree = (await client.sessions.find(name)).session.key if name is not None else None
            costs = await client.journal.costs(tree=tree, since=earliest, tag=tag)
            unanswered = await client.journal.count_unanswered(tree=tree, since=earliest, tag=tag)
            return _Found(costs, unanswered)

    found = run_cancellable(look())
    if json:
        _print_json(found, by)
    elif not found.costs:
        is_filtered = name is not None or earliest is not None or tag is not None
        render.note("No runs match these filters." if is_filtered else "Nothing has run yet.")
    elif by is None:
        _print_agents(found.costs)
    else:
        _print_sums(found.costs, by)
    for notice in _notices(found):
        render.note(notice)


def _notices(found: _Found) -> tuple[str, ...]:
    """What the sums do not say."""
    summed = total_of(found.costs)
    total = summed.spend
    calls = total.unpriced_calls
    which = "1 call has" if calls == 1 else f"{calls:,} calls have"
    known = format.money(replace(total, unpriced_calls=0, uncounted_runs=0))
    others = f"; the others cost {known}" if total.calls > calls else ""
    unpriced = (f"{which} no known price{others}.",) if calls else ()
    return (*_waste(summed), *unpriced, *_lost(total, found.unanswered))


def _lost(total: Spend, unanswered: int) -> tuple[str, ...]:
    """Which calls may have been billed, and are in no sum."""
    runs = total.uncounted_runs
    of_runs = "1 run was" if runs == 1 else f"{runs:,} runs were"
    cut_off = (
        f"{of_runs} cut off, perhaps in a call that was billed: costs with ≥ are the least.",
    )
    return (*(cut_off if runs else ()), *notice_of_unanswered(unanswered))


def _waste(total: CostSum) -> tuple[str, ...]:
    text = wasted_text(total.spend, total.wasted)
    return (f"{text[0].upper()}{text[1:]}.",) if text else ()


class _Found(NamedTuple):
    """What was found.

    Attributes:
        unanswered: how many calls brought no reply and may have been billed.
    """

    costs: Sequence[Cost]
    unanswered: int


def _print_agents(costs: Sequence[Cost]) -> None:
    found = costs_by_agent(costs)
    rows = [line for agent, of_agent in found.items() for line in _lines(agent, of_agent)]
    if len(found) > 1:
        total = total_of(costs)
        tried = sum(tier.tried for of_agent in found.values() for tier in of_agent.tiers.values())
        rows.append(("total", *_line("", "", tried, total.accepted, total.spend)[1:]))
    render.table(_TITLES, rows, right=_TITLES[2:], named=_TITLES[2:])


def _print_sums(costs: Sequence[Cost], by: By) -> None:
    sums, total = sums_by(by, costs), total_of(costs)
    rows = [_sum_line(name or _NAMELESS.get(by, "-"), each) for name, each in sums.items()]
    if len(rows) > 1:
        rows.append(_sum_line("total", total))
    render.table((_FIRST[by], *_OF_SUMS), rows, right=_OF_SUMS, named=_OF_SUMS)
    if sum(each.runs for each in sums.values()) > total.runs:
        render.note("Work with several tags counts for each of them, and once in the total.")


def _sum_line(name: str, found: CostSum) -> tuple[str, ...]:
    return (name, *_line("", "", found.runs, found.accepted, found.spend)[2:])


def _print_json(found: _Found, by: By | None) -> None:
    items = (
        [agent_cost_json(agent, each) for agent, each in costs_by_agent(found.costs).items()]
        if by is None
        else [
            {by.value: name or None, **cost_json(each)}
            for name, each in sums_by(by, found.costs).items()
        ]
    )
    render.envelope(
        "cost",
        time.time(),
        items,
        total=None,
        sum=cost_json(total_of(found.costs)),
        unanswered_calls=found.unanswered,
    )


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
    each = format.money(spend_each(spend, accepted)) if accepted else "-"
    return (agent, model, str(tried), share, money, each, format.tokens(spend))

"""`pagents map --dry-run`: the rows are checked and priced, and nothing is called or stored."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from itertools import islice
from typing import NamedTuple

from parallel_agents.app.asked_map import CheckedMap
from parallel_agents.app.client import Client
from parallel_agents.app.opening import open_without_writing
from parallel_agents.core.budget import Amount
from parallel_agents.core.filter import Filter
from parallel_agents.core.ids import SessionKey, make_flow_key
from parallel_agents.core.retry_keys import name_of
from parallel_agents.core.run import RunStatus
from parallel_agents.core.usage import NANOUSD_PER_USD, Spend
from parallel_agents.maps.filling import Filled, Filling
from parallel_agents.maps.request import MAP
from parallel_agents.maps.source import fingerprint
from parallel_agents.sessions.retries import max_cost_of_first_call
from parallel_agents.surfaces.cli import render
from parallel_agents.surfaces.cli.context import CliContext
from parallel_agents.surfaces.cli.dry_run import money, spend_json, told_runs
from parallel_agents.views import format
from parallel_agents.views.costs import costs_by_agent
from parallel_agents.views.estimates import likely_of, shared

_PRICED, _AT_ONCE, _SHOWN = 500, 500, 600


class _Price(NamedTuple):
    """What rows cost.

    Attributes:
        model: of the first row.
        done: rows that are done already, and cost nothing.
        rows: rows that would run.
        nanousd: the most that their first calls cost; None if a price is unknown.
        tokens: the same in tokens.
        is_exact: whether each row was priced, and not only some of them.
        likely: what the rows cost if they cost what such runs did so far; None if there were none.
        runs: how many runs that is known from.
    """

    model: str
    done: int
    rows: int
    nanousd: int | None
    tokens: int
    is_exact: bool
    likely: Spend | None = None
    runs: int = 0


async def print_price(
    context: CliContext,
    name: str,
    check: Callable[[Client], Awaitable[CheckedMap]],
    *,
    is_json: bool,
) -> None:
    """Print how many rows a map has, the task of the first, and what their first calls cost at most."""
    async with open_without_writing(context.environment, context.settings) as client:
        checked = await check(client)
        price = await _priced(client, name, checked)
    if is_json:
        render.envelope("priced", time.time(), [_json(checked, price)], id=name, dry_run=True)
        return
    before = f", of which {price.done:,} are done" if price.done else ""
    render.line(f"{_rows(checked.rows)} of {checked.request.source.name}{before}")
    render.line(f"agent   {checked.request.agent} on {price.model}")
    render.line(f"results {checked.request.out}")
    render.line("first   " + format.cut(format.one_line(_shown(checked.first)), _SHOWN))
    render.note(_told(price))
    if price.rows:
        from_runs = f", from {told_runs(price.runs)}" if price.runs else ""
        render.line(f"likely  {money(price.likely)}{from_runs}")


async def _priced(client: Client, name: str, checked: CheckedMap) -> _Price:
    session = SessionKey(make_flow_key(MAP, name))
    is_begun = bool(await client.sessions.list(Filter(session=session)))
    step = -(-checked.rows // _PRICED)
    amounts: list[Amount] = []
    counts: Counter[bool] = Counter()
    model = (await client.sessions.plan_task(checked.first.task)).model
    with checked.request.source.opened(fingerprint()) as rows:
        filled = Filling(checked.request, checked.model).filled(islice(rows, checked.rows))
        while part := await asyncio.to_thread(_some, filled):
            done = await _done(client, session, part) if is_begun else set[str]()
            for each in part:
                counts[each.key in done] += 1
                if each.key not in done and counts[False] % step == 1 % step:
                    plan = await client.sessions.plan_task(each.task)
                    tools = client.session_tools.as_tools()
                    amounts.append(max_cost_of_first_call(client.models, tools, plan))
    price = _sum(model, counts, amounts)
    agent = checked.first.task.agent_name
    likely, runs = likely_of(costs_by_agent(await client.journal.costs()), agent, model)
    return price._replace(likely=likely and shared(likely, price.rows, 1), runs=runs)


async def _done(client: Client, session: SessionKey, part: list[Filled]) -> set[str]:
    children = await client.sessions.children_named(session, [each.key for each in part])
    is_done = {name_of(child.key): child.status for child in children}
    return {key for key, status in is_done.items() if status is RunStatus.DONE}


def _some(filled: Iterator[Filled]) -> list[Filled]:
    return list(islice(filled, _AT_ONCE))


def _sum(model: str, counts: Counter[bool], amounts: list[Amount]) -> _Price:
    rows, factor = counts[False], counts[False] / max(len(amounts), 1)
    known = [each.nanousd for each in amounts if each.nanousd is not None]
    return _Price(
        model,
        counts[True],
        rows,
        round(sum(known) * factor) if len(known) == len(amounts) else None,
        round(sum(each.tokens for each in amounts) * factor),
        len(amounts) == rows,
    )


def _rows(count: int) -> str:
    return "1 row" if count == 1 else f"{count:,} rows"


def _told(price: _Price) -> str:
    if not price.rows:
        return "All rows are done; nothing would run."
    if price.nanousd is None:
        return f"{_rows(price.rows)} would run, at an unknown price."
    about = "" if price.is_exact else f"about, from {_PRICED} of them, "
    money = f"${price.nanousd / NANOUSD_PER_USD:.4f} at most"
    their = "their first calls cost" if price.rows > 1 else "its first call costs"
    return f"{_rows(price.rows)} would run; {their} {about}{money}."


def _shown(filled: Filled) -> str:
    task = filled.task
    return f"{task.text} {task.values}" if task.values else task.text


def _json(checked: CheckedMap, price: _Price) -> dict[str, object]:
    money = None if price.nanousd is None else f"{price.nanousd / NANOUSD_PER_USD:.9f}"
    return {
        "rows": checked.rows,
        "done": price.done,
        "agent": checked.request.agent,
        "model": price.model,
        "out": checked.request.out,
        "first": {"text": checked.first.task.text, "input": checked.first.task.values},
        "first_calls_at_most": None if money is None else {"amount": money, "currency": "USD"},
        "tokens_at_most": price.tokens,
        "is_exact": price.is_exact,
        "likely": spend_json(price.likely),
        "from_runs": price.runs,
    }

"""`pagents map --dry-run`: the rows are checked and priced, and nothing is called or stored."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import NamedTuple

from parallel_agents.app.asked_map import CheckedMap
from parallel_agents.app.client import Client
from parallel_agents.app.map_price import MapPrice, price_map
from parallel_agents.app.opening import open_without_writing
from parallel_agents.core.usage import NANOUSD_PER_USD, Spend
from parallel_agents.maps.filling import Filled
from parallel_agents.surfaces.cli import render
from parallel_agents.surfaces.cli.context import CliContext
from parallel_agents.surfaces.cli.dry_run import money, spend_json, told_runs
from parallel_agents.views import format
from parallel_agents.views.costs import costs_by_agent
from parallel_agents.views.estimates import likely_of, shared

_SHOWN = 600


class _Expected(NamedTuple):
    """What rows cost if they cost what such runs did so far; None if there were none."""

    spend: Spend | None
    runs: int


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
        price = await price_map(client, name, checked)
        agent = checked.first.task.agent_name
        likely, runs = likely_of(costs_by_agent(await client.journal.costs()), agent, price.model)
    expected = _Expected(likely and shared(likely, price.calls, 1), runs)
    if is_json:
        render.envelope(
            "priced", time.time(), [_json(checked, price, expected)], id=name, dry_run=True
        )
        return
    before = f", of which {price.done:,} are done" if price.done else ""
    render.line(f"{_rows(checked.rows)} of {checked.request.source.name}{before}")
    render.line(f"agent   {checked.request.agent} on {price.model}")
    render.line(f"results {checked.request.out}")
    render.line("first   " + format.cut(format.one_line(_shown(checked.first)), _SHOWN))
    render.note(_told(price))
    if price.rows:
        from_runs = f", from {told_runs(runs)}" if runs else ""
        render.line(f"likely  {money(expected.spend)}{from_runs}")


def _rows(count: int) -> str:
    return "1 row" if count == 1 else f"{count:,} rows"


def _told(price: MapPrice) -> str:
    if not price.rows:
        return "All rows are done; nothing would run."
    rows = f"{_rows(price.rows)} would run"
    if price.calls < price.rows:
        rows += f" in {'1 call' if price.calls == 1 else f'{price.calls:,} calls'}"
    if price.nanousd is None:
        return f"{rows}, at an unknown price."
    about = "" if price.is_exact else "about, from some of them, "
    money = f"${price.nanousd / NANOUSD_PER_USD:.4f} at most"
    their = "their first calls cost" if price.calls > 1 else "the first call costs"
    their = their if price.rows > 1 else "its first call costs"
    return f"{rows}; {their} {about}{money}."


def _shown(filled: Filled) -> str:
    task = filled.task
    return f"{task.text} {task.values}" if task.values else task.text


def _json(checked: CheckedMap, price: MapPrice, expected: _Expected) -> dict[str, object]:
    money = None if price.nanousd is None else f"{price.nanousd / NANOUSD_PER_USD:.9f}"
    return {
        "rows": checked.rows,
        "done": price.done,
        "calls": price.calls,
        "agent": checked.request.agent,
        "model": price.model,
        "out": checked.request.out,
        "first": {"text": checked.first.task.text, "input": checked.first.task.values},
        "first_calls_at_most": None if money is None else {"amount": money, "currency": "USD"},
        "tokens_at_most": price.tokens,
        "is_exact": price.is_exact,
        "likely": spend_json(expected.spend),
        "from_runs": expected.runs,
    }

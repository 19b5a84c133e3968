"""`--dry-run`: which tasks would run on which models, and what they would cost; nothing is written."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated

import typer

from parallel_agents.app.client import Client
from parallel_agents.app.foreseeing import Foresight
from parallel_agents.app.opening import open_without_writing
from parallel_agents.core.bound import Bound
from parallel_agents.core.budget import Budget
from parallel_agents.core.spelling import counted
from parallel_agents.core.usage import Spend
from parallel_agents.interrupts import run_cancellable
from parallel_agents.surfaces.cli import render
from parallel_agents.surfaces.cli.context import CliContext
from parallel_agents.surfaces.work_price import WorkPrice, price_work
from parallel_agents.views import format
from parallel_agents.views.documents import money_json
from parallel_agents.views.estimates import Estimate, Total, likely_per_item, total, totals

DryRun = Annotated[
    bool,
    typer.Option("--dry-run", help="Print tasks, models and costs; run and write nothing."),
]
_TITLES = ("TASK", "TIMES", "AGENT", "MODEL", "FIRST CALL AT MOST", "LIKELY", "FROM")
_RIGHT = ("TIMES", "FIRST CALL AT MOST", "LIKELY")


def print_dry_run(
    context: CliContext, foresee: Callable[[Client], Awaitable[Foresight]], *, is_json: bool
) -> None:
    """Print what work would run and cost.

    Raises:
        PagentsError: as when it is begun.
    """

    async def look() -> WorkPrice:
        async with open_without_writing(context.environment, context.settings) as client:
            return await price_work(client, foresee(client))

    print_work_price(run_cancellable(look()), is_json=is_json)


def print_work_price(price: WorkPrice, *, is_json: bool) -> None:
    """Print what work that is not begun would cost."""
    if is_json:
        _print_json(price)
    else:
        _print(price)


def _print(price: WorkPrice) -> None:
    estimates = price.estimates
    is_counted = any(each.tasks != 1 or each.open_list for each in estimates)
    shown = range(len(_TITLES)) if is_counted else [n for n in range(len(_TITLES)) if n != 1]
    rows = [
        (
            each.label,
            _times(each),
            each.agent,
            each.model,
            money(each.first) if each.most_tasks else "$0",
            (money(each.likely) if each.most_tasks else "$0")
            + (" each" if each.open_list and each.likely else ""),
            "a free model" if each.is_free and not each.runs else told_runs(each.runs),
        )
        for each in estimates
    ]
    if rows:
        titles = [_TITLES[n] for n in shown]
        right = [name for name in _RIGHT if name in titles]
        render.table(titles, [tuple(row[n] for n in shown) for row in rows], right=right)
        _print_totals(price)
    for note in filter(None, (price.unknown, *price.notes)):
        render.note(note)
    note_missing_keys(price.missing_keys)
    render.note("Nothing was started, called or written.")


def _times(each: Estimate) -> str:
    return f"up to {each.most_tasks:,}" if each.open_list else f"{each.tasks:,}"


def note_missing_keys(names: Sequence[str]) -> None:
    """Say which keys are not set that the priced work needs."""
    if names:
        are, them = ("is", "it") if len(names) == 1 else ("are", "them")
        render.note(f"! {' and '.join(names)} {are} not set; the work cannot begin without {them}.")


def _print_totals(price: WorkPrice) -> None:
    if not any(each.most_tasks for each in price.estimates):
        render.line("worst case   $0, as there is nothing to do")
        return
    first, likely = totals(price.estimates)
    sure = [each for each in price.estimates if not each.open_list]
    tasks = counted(sum(each.tasks for each in sure), "task")
    render.line(f"first calls  {_at_most(first) if sure else 'unknown'}")
    if sure:
        render.line(f"likely       {told_total(likely)} for {tasks}")
    begin = "             and " if sure else "likely       "
    for name, (each, most) in likely_per_item(price.estimates).items():
        render.line(
            f"{begin}{told_total(each)} for each item of {name}, whose list is not known yet"
            f" (up to {most:,})"
        )
        begin = "             and "
    render.line(f"worst case   {_worst(price)}")


def money(spend: Spend | None) -> str:
    """A cost; `unknown` if it is not known."""
    return "unknown" if spend is None or spend.cost_usd is None else format.money(spend)


def told_runs(runs: int) -> str:
    """Where a likely cost is known from."""
    if not runs:
        return "no runs yet"
    return "1 run" if runs == 1 else f"{runs:,} runs"


def told_total(found: Total) -> str:
    """A sum, and of how much it is not known."""
    if found.unknown and not found.spend.calls:
        return "unknown"
    return f"{format.money(found.spend)}{_rest(found)}"


def _rest(found: Total) -> str:
    return f", and the unknown cost of {found.unknown:,} more" if found.unknown else ""


def _at_most(found: Total) -> str:
    if found.unknown and not found.spend.calls:
        return "unknown"
    return f"{format.money(found.spend)} at most{_rest(found)}"


def _worst(price: WorkPrice) -> str:
    budget, bound, estimates = price.budget, price.bound, price.estimates
    if bound == Bound.of(budget) and budget.is_bound:
        return told_bound(budget)
    if bound.nanousd or bound.tokens:
        return _told_bound_of_parts(price)
    if estimates and all(each.is_free for each in estimates):
        return "$0, unless something that it starts is not free"
    most = total(each.most for each in estimates)
    if price.is_sketch or not most.spend.calls or most.unknown:
        return told_bound(budget)
    calls = "if every run makes all of its calls with a full context"
    return f"{format.money(most.spend)} {calls}; --budget USD bounds it"


def _told_bound_of_parts(price: WorkPrice) -> str:
    is_open = any(each.open_list for each in price.estimates)
    most = ", for the most items that its lists may have" if is_open else ""
    return f"{price.bound.told}, by the budgets of its parts{most}"


def told_bound(budget: Budget) -> str:
    """What work can cost at most."""
    bounds = [f"${budget.usd:g}"] if budget.usd is not None else []
    bounds += [f"{budget.tokens:,} tokens"] if budget.tokens is not None else []
    if not bounds:
        return "not bounded; --budget USD bounds it"
    return f"{' or '.join(bounds)}, the budget"


def _print_json(price: WorkPrice) -> None:
    first, likely = totals(price.estimates)
    bound = price.bound
    render.envelope(
        "estimate",
        time.time(),
        [_json(each) for each in price.estimates],
        total=None,
        first_calls_at_most=_total_json(first),
        likely=_total_json(likely),
        budget={"usd": price.budget.usd, "tokens": price.budget.tokens},
        worst_case={
            "usd": bound.usd,
            "tokens": bound.tokens,
        },
        unknown=price.unknown or None,
        notes=list(price.notes),
        missing_keys=list(price.missing_keys),
        dry_run=True,
    )


def _json(each: Estimate) -> dict[str, object]:
    return {
        "label": each.label,
        "agent": each.agent,
        "model": each.model,
        "tasks": each.tasks,
        "tasks_at_most": each.most_tasks,
        "open_list": each.open_list or None,
        "first_call_at_most": spend_json(each.first),
        "likely": spend_json(each.likely),
        "from_runs": each.runs,
    }


def spend_json(spend: Spend | None) -> dict[str, object] | None:
    """A cost, money apart from what is simulated; null if it is not known."""
    if spend is None or spend.cost_usd is None:
        return None
    return {
        "cost": money_json(spend.cost_usd),
        "simulated_cost": money_json(spend.simulated_usd),
    }


def _total_json(found: Total) -> object:
    known = spend_json(found.spend) if found.spend.calls else None
    return {"known": known, "tasks_unknown": found.unknown}

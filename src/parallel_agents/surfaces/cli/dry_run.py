"""`--dry-run`: which tasks would run on which models, and what they would cost; nothing is written."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, NamedTuple

import typer

from parallel_agents.app.client import Client
from parallel_agents.app.opening import open_without_writing
from parallel_agents.core.budget import Amount, Budget
from parallel_agents.core.gate import JudgeGate
from parallel_agents.core.pricing import pricing
from parallel_agents.core.retry_keys import name_of
from parallel_agents.core.run import RunStatus
from parallel_agents.core.store import SessionPlan
from parallel_agents.core.usage import Spend
from parallel_agents.interrupts import run_cancellable
from parallel_agents.sessions.retries import max_cost_of_first_call
from parallel_agents.surfaces.cli import render
from parallel_agents.surfaces.cli.context import CliContext
from parallel_agents.views import format
from parallel_agents.views.costs import costs_by_agent
from parallel_agents.views.documents import money_json
from parallel_agents.views.estimates import Estimate, Total, likely_of, spend_of, total, totals

DryRun = Annotated[
    bool,
    typer.Option("--dry-run", help="Print tasks, models and costs; run and write nothing."),
]
UNKNOWN_STEPS = (
    "A step that reads what others came to has a first call that is not known yet; a step may have many"
    " tasks, several rounds, or none."
)
_MANY = 1_000_000
_TITLES = ("TASK", "AGENT", "MODEL", "FIRST CALL AT MOST", "LIKELY", "FROM")


class Planned(NamedTuple):
    """Work that is not begun.

    Attributes:
        plans: its sessions.
        budget: what it may cost at most, as far as that is said.
        unknown: what cannot be known of it yet; empty if nothing.
        is_sketch: whether the tasks only stand for what they will be.
        unread: the labels of tasks whose first calls are not known.
        missing_keys: the keys that are not set, and without which it cannot begin.
    """

    plans: Sequence[SessionPlan]
    budget: Budget
    unknown: str = ""
    is_sketch: bool = False
    unread: frozenset[str] = frozenset()
    missing_keys: Sequence[str] = ()


def print_dry_run(
    context: CliContext, plan: Callable[[Client], Awaitable[Planned]], *, is_json: bool
) -> None:
    """Print what work would run and cost.

    Raises:
        PagentsError: as when it is begun.
    """

    async def look() -> tuple[Planned, list[Estimate]]:
        async with open_without_writing(context.environment, context.settings) as client:
            with pricing() as missing:
                planned = await plan(client)
                estimates = await estimated(client, planned)
            return planned._replace(missing_keys=missing.names), estimates

    planned, estimates = run_cancellable(look())
    print_estimates(estimates, planned, is_json=is_json)


def print_estimates(estimates: Sequence[Estimate], planned: Planned, *, is_json: bool) -> None:
    """Print what work that is not begun would cost."""
    if is_json:
        _print_json(estimates, planned)
    else:
        _print(estimates, planned)


async def without_done(client: Client, team: SessionPlan, plans: Sequence[SessionPlan]) -> Planned:
    """The tasks of a team that are not done already, under the name that it was begun with."""
    keys = [plan.session.spawn_key for plan in plans]
    children = await client.sessions.children_named(team.session.key, keys)
    done = {name_of(child.key) for child in children if child.status is RunStatus.DONE}
    left = [plan for plan in plans if plan.session.spawn_key not in done]
    told = f"{len(done)} of {len(plans)} tasks are done already, and cost nothing." if done else ""
    return Planned(left, team.budget, told)


async def estimated(client: Client, planned: Planned) -> list[Estimate]:
    """What each of the sessions would cost."""
    costs = costs_by_agent(await client.journal.costs())
    tools = client.session_tools.as_tools()
    found: list[Estimate] = []
    for plan in planned.plans:
        agent = plan.session.agent.name
        likely, runs = likely_of(costs, agent, plan.model)
        is_free = client.models.most_nanousd(plan.model, _MANY, _MANY) == 0
        if likely is None and is_free:
            likely = Spend(calls=1)
        is_unread = plan.session.label in planned.unread
        first = None if is_unread else max_cost_of_first_call(client.models, tools, plan)
        found.append(
            Estimate(
                label=plan.session.label,
                agent=agent,
                model=plan.model,
                first=None if first is None else spend_of(first, plan.model),
                likely=likely,
                runs=runs,
                most=_most(client, plan),
                is_free=is_free,
            )
        )
    return found


def _most(client: Client, plan: SessionPlan) -> Spend | None:
    """What a run costs if it makes all of its calls with a full context; None if it is not known."""
    agent, limits = plan.session.agent, plan.queued.limits
    output, turns = limits.max_output_tokens, limits.max_turns
    has_others = agent.policy.may_spawn_at(plan.session.depth) or agent.refine is not None
    if has_others or output is None or turns is None or _are_judged(plan):
        return None
    each: list[int] = []
    for model in plan.queued.ladder or (plan.model,):
        window = client.models.get(model).capabilities.context_tokens
        nanousd = window and client.models.most_nanousd(model, window, output)
        if nanousd is None:
            return None
        each.append(nanousd)
    return spend_of(Amount(max(each) * turns, 0), plan.model)


def _are_judged(plan: SessionPlan) -> bool:
    gates = (*plan.session.agent.gates, *plan.queued.gates)
    return any(isinstance(gate, JudgeGate) for gate in gates)


def _print(estimates: Sequence[Estimate], planned: Planned) -> None:
    rows = [
        (
            each.label,
            each.agent,
            each.model,
            money(each.first),
            money(each.likely),
            "a free model" if each.is_free and not each.runs else told_runs(each.runs),
        )
        for each in estimates
    ]
    if rows:
        render.table(_TITLES, rows, right=_TITLES[3:5])
        _print_totals(estimates, planned)
    if planned.unknown:
        render.note(planned.unknown)
    note_missing_keys(planned.missing_keys)
    render.note("Nothing was started, called or written.")


def note_missing_keys(names: Sequence[str]) -> None:
    """Say which keys are not set that the priced work needs."""
    if names:
        are, them = ("is", "it") if len(names) == 1 else ("are", "them")
        render.note(f"! {' and '.join(names)} {are} not set; the work cannot begin without {them}.")


def _print_totals(estimates: Sequence[Estimate], planned: Planned) -> None:
    first, likely = totals(estimates)
    tasks = "1 task" if len(estimates) == 1 else f"{len(estimates):,} tasks"
    render.line(f"first calls  {_at_most(first)}")
    render.line(f"likely       {told_total(likely)} for {tasks}")
    render.line(f"worst case   {_worst(estimates, planned)}")


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
    if not found.spend.calls:
        return "unknown"
    return f"{format.money(found.spend)}{_rest(found)}"


def _rest(found: Total) -> str:
    return f", and the unknown cost of {found.unknown:,} more" if found.unknown else ""


def _at_most(found: Total) -> str:
    return f"{format.money(found.spend)} at most{_rest(found)}" if found.spend.calls else "unknown"


def _worst(estimates: Sequence[Estimate], planned: Planned) -> str:
    if planned.budget.is_bound:
        return told_bound(planned.budget)
    if estimates and all(each.is_free for each in estimates):
        return "$0, unless something that it starts is not free"
    most = total(each.most for each in estimates)
    if planned.is_sketch or not most.spend.calls or most.unknown:
        return told_bound(planned.budget)
    calls = "if every run makes all of its calls with a full context"
    return f"{format.money(most.spend)} {calls}; --budget USD bounds it"


def told_bound(budget: Budget) -> str:
    """What work can cost at most."""
    bounds = [f"${budget.usd:g}"] if budget.usd is not None else []
    bounds += [f"{budget.tokens:,} tokens"] if budget.tokens is not None else []
    if not bounds:
        return "not bounded; --budget USD bounds it"
    return f"{' or '.join(bounds)}, the budget"


def _print_json(estimates: Sequence[Estimate], planned: Planned) -> None:
    first, likely = totals(estimates)
    render.envelope(
        "estimate",
        time.time(),
        [_json(each) for each in estimates],
        total=None,
        first_calls_at_most=_total_json(first),
        likely=_total_json(likely),
        budget={"usd": planned.budget.usd, "tokens": planned.budget.tokens},
        unknown=planned.unknown or None,
        missing_keys=list(planned.missing_keys),
        dry_run=True,
    )


def _json(each: Estimate) -> dict[str, object]:
    return {
        "label": each.label,
        "agent": each.agent,
        "model": each.model,
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

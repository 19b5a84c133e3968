"""Distant do: a goal that agents at a gateway plan, reach and report."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import NoReturn

import typer

from parallel_agents.app.distant import Distant
from parallel_agents.catalog.sent_files import files_of
from parallel_agents.core.event import Event
from parallel_agents.core.flow import StepFinished
from parallel_agents.core.verbs import Spawned
from parallel_agents.flows.plan_limits import read_plan
from parallel_agents.gateway_client.bodies import Goal
from parallel_agents.gateway_client.price_forms import PriceForm
from parallel_agents.orchestration.orchestrator import PLAN_STEP
from parallel_agents.surfaces.cli.attached import Attaching
from parallel_agents.surfaces.cli.context import CliContext
from parallel_agents.surfaces.cli.distant_run import print_form, watched_at_distance
from parallel_agents.surfaces.cli.do_result import planned, print_do, report_of
from parallel_agents.surfaces.cli.exits import exit_of
from parallel_agents.surfaces.cli.foreground import Display
from parallel_agents.views.plan_graph import as_text


def do_at_distance(
    context: CliContext, goal: Goal, plan: Path | None, out: Path | None, display: Display
) -> NoReturn:
    """Have a goal reached at the gateway, print its report or its plan, and exit with its status.

    A plan in a file is sent as its text; a question about the plan can be answered at this terminal.
    """
    goal = _with_plan(goal, plan)

    async def start(distant: Distant) -> Spawned:
        return await distant.sessions.spawn_goal(goal)

    how = Attaching(display.style, display.is_json, display.form, told=_plan_in)
    _, ended = watched_at_distance(context, start, how, goal.budget)
    assert ended.own is not None  # it is a flow
    result = ended.own
    if goal.is_plan_only:
        status = planned(result, ended.name, out, display)
    else:
        status = print_do(result, ended.name, report_of(result), None, display)
    raise typer.Exit(exit_of(status))


def price_at_distance(
    context: CliContext, goal: Goal, plan: Path | None, unknown: str, *, is_json: bool
) -> None:
    """Print what a goal would cost at the gateway; without a plan in a file, that is its planning.

    Raises:
        PagentsError: as when it is begun.
    """
    goal = _with_plan(goal, plan)

    async def ask(distant: Distant) -> PriceForm:
        return await distant.sessions.price_goal(goal)

    print_form(context, ask, unknown=unknown if plan is None else "", is_json=is_json)


def _with_plan(goal: Goal, plan: Path | None) -> Goal:
    return goal if plan is None else replace(goal, plan=plan.name, files=files_of(plan))


def _plan_in(event: Event) -> str:
    """The plan that an event has, as text."""
    body = event.body
    if isinstance(body, StepFinished) and body.error is None and body.name == f"{PLAN_STEP}/made":
        return as_text(read_plan(body.output))
    return ""

"""Distant do: a goal that agents at a gateway plan, reach and report."""

from __future__ import annotations

from collections.abc import Coroutine
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

import typer

from parallel_agents.app.distant import Distant
from parallel_agents.catalog.sent_files import files_of
from parallel_agents.core.event import Event
from parallel_agents.core.flow import StepFinished
from parallel_agents.core.task import AnyTask, Task
from parallel_agents.core.verbs import Spawned
from parallel_agents.errors import NotAtDistance
from parallel_agents.gateway_client.bodies import Goal
from parallel_agents.orchestration.orchestrator import PLAN_STEP
from parallel_agents.orchestration.planning import read_plan
from parallel_agents.orchestration.roster import ORCHESTRATOR
from parallel_agents.surfaces.cli.attached import Attaching
from parallel_agents.surfaces.cli.context import CliContext
from parallel_agents.surfaces.cli.distant_run import print_price, watched_at_distance
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
    if plan is not None:
        goal = replace(goal, plan=plan.name, files=files_of(plan))

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
    """Print what the planning of a goal would cost at the gateway.

    Raises:
        NotAtDistance: the plan is in a file, whose steps only the gateway can price.
    """
    if plan is not None:
        raise NotAtDistance(
            "--plan with --dry-run is not possible over --url yet",
            why="the steps of a goal's plan are priced where it runs",
            hint=f"price it as a team: pagents run {plan} --dry-run",
        )

    def ask(_: Distant) -> Coroutine[None, None, AnyTask]:
        return _planning(goal)

    print_price(context, ask, unknown=unknown, is_json=is_json)


async def _planning(goal: Goal) -> AnyTask:
    return Task(ORCHESTRATOR, goal.goal, model=goal.model)


def _plan_in(event: Event) -> str:
    """The plan that an event has, as text."""
    body = event.body
    if isinstance(body, StepFinished) and body.error is None and body.name == f"{PLAN_STEP}/made":
        return as_text(read_plan(body.output))
    return ""

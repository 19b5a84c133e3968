"""`pagents models check`: find out what a model takes, with a few small calls."""

from __future__ import annotations

import time
from typing import Annotated

import typer

from parallel_agents.app.client import Client
from parallel_agents.app.opening import open_models
from parallel_agents.core.schema import Json
from parallel_agents.core.usage import Spend
from parallel_agents.interrupts import run_cancellable
from parallel_agents.models.checks import REQUESTS, Check, Checks
from parallel_agents.models.learning import Lessons
from parallel_agents.runners.agent.model_call import worst_case
from parallel_agents.surfaces.cli import render
from parallel_agents.surfaces.cli.context import AsJson, Home, find_context
from parallel_agents.surfaces.cli.prepare_models import prepare_models
from parallel_agents.views import format
from parallel_agents.views.documents import money_json
from parallel_agents.views.estimates import spend_of, total


def check_model(
    name: Annotated[str, typer.Argument(help="provider/model.", metavar="NAME")],
    json: AsJson = False,
    home: Home = None,
) -> None:
    """Find out what a model takes: tools, schemas, streams, temperature, thinking.

    Makes up to eleven small calls, and keeps what it finds for later runs.
    """
    context = find_context(home)

    async def checked() -> tuple[list[Check], Spend, Json]:
        async with open_models(context.environment, context.settings) as (client, lessons):
            return await _check(client, lessons, name, is_quiet=json)

    checks, spend, learned = run_cancellable(checked())
    if json:
        items: list[Json] = [check._asdict() for check in checks]
        cost = money_json(spend.cost_usd)
        render.envelope("model_check", time.time(), items, model=name, learned=learned, cost=cost)
        return
    kept = f"kept for {name}" if learned else "nothing to keep"
    render.line(f"{kept}   {format.money(spend)}")


async def _check(
    client: Client, lessons: Lessons, name: str, *, is_quiet: bool
) -> tuple[list[Check], Spend, Json]:
    await prepare_models(client, [name])
    model = client.models.get(name)
    if not is_quiet:
        worst = [worst_case(client.models, model.name, request) for request in REQUESTS]
        most = total(spend_of(each, model.name) for each in worst)
        cost = "price unknown" if most.unknown else f"at most {format.money(most.spend)}"
        render.note(f"up to {len(REQUESTS)} small calls to {model.name}, {cost}")
    checks = Checks(model, client.models, lessons)
    found: list[Check] = []
    async for check in checks.run():
        found.append(check)
        if not is_quiet:
            render.piece(_shown(check))
    return found, checks.spend.on(model.name), lessons.learned(model.name)


def _shown(check: Check) -> str:
    sign = "✔" if check.is_met else "✖"
    if check.instead:
        return f"{sign} {check.name} → {format.one_line(check.instead)}"
    if not check.detail:
        return f"{sign} {check.name}"
    return f"{sign} {check.name}{' ' if check.is_met else ': '}{format.one_line(check.detail)}"

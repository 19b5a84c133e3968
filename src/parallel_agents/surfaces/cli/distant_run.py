"""Distant run: work that is started at a gateway, watched from here, and executed there whoever watches."""

from __future__ import annotations

import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NoReturn, TypeAlias

import typer

from parallel_agents.app.distant import Distant, open_distant
from parallel_agents.app.foreseeing import UNKNOWN_STEPS
from parallel_agents.catalog.document import parse_document
from parallel_agents.catalog.sent_files import files_of
from parallel_agents.catalog.source import Source
from parallel_agents.core.bound import Bound
from parallel_agents.core.budget import NO_BUDGET, Amount, Budget
from parallel_agents.core.fork import Fork
from parallel_agents.core.ids import SessionKey, function_of
from parallel_agents.core.schema import Json
from parallel_agents.core.task import AnyTask
from parallel_agents.core.usage import Spend
from parallel_agents.core.verbs import Spawned
from parallel_agents.gateway_client.bodies import NamedTeam
from parallel_agents.gateway_client.forms import MoneyForm
from parallel_agents.gateway_client.price_forms import PriceForm
from parallel_agents.interrupts import run_cancellable
from parallel_agents.orchestration.request import DO
from parallel_agents.surfaces.cli import progress, render
from parallel_agents.surfaces.cli.attached import Attaching, Ended, watch_to_the_end
from parallel_agents.surfaces.cli.context import CliContext
from parallel_agents.surfaces.cli.distant_options import refuse_at_distance
from parallel_agents.surfaces.cli.distant_spawn import warn_of_members
from parallel_agents.surfaces.cli.do_result import print_do, report_of
from parallel_agents.surfaces.cli.dry_run import print_work_price
from parallel_agents.surfaces.cli.exits import exit_of, worst_of
from parallel_agents.surfaces.cli.foreground import Display, note_kept
from parallel_agents.surfaces.cli.given_files import Given
from parallel_agents.surfaces.cli.inputs import values_of
from parallel_agents.surfaces.cli.output_option import Form
from parallel_agents.surfaces.cli.overrides import Overrides
from parallel_agents.surfaces.cli.results_shown import bare_if_piped, print_results
from parallel_agents.surfaces.cli.run_plan import tell_steps
from parallel_agents.surfaces.work_price import WorkPrice
from parallel_agents.views import format
from parallel_agents.views.documents import result_json
from parallel_agents.views.estimates import Estimate, spend_of

Sent: TypeAlias = Callable[[Distant], Coroutine[None, None, Spawned]]


async def named_team(
    distant: Distant, *, team: Path | str, inputs: list[str] | None, given: Given, asked: NamedTeam
) -> NamedTeam:
    """What is asked for with a team and its inputs: a file of this machine is sent as its text.

    Raises:
        NotFound, InvalidFile, InvalidInput: there is no such team, or it does not take the inputs.
    """
    name = str(team)
    if isinstance(team, str) and "/" not in name and not name.endswith((".yaml", ".yml")):
        schema = await distant.sessions.team_inputs(name)
        files: Mapping[str, str] = {}
    else:
        file = Path(team)
        files = files_of(file)
        name = file.name
        schema = _inputs_in(Source(file, files[name]))
    values = values_of(name, schema, inputs, given)
    return replace(asked, team=name, files=files, values=values)


def _inputs_in(source: Source) -> Mapping[str, Json]:
    """The schema of a file's inputs, as far as it is one; the gateway says what is wrong with it."""
    found = parse_document(source).content.get("input")
    return found if isinstance(found, Mapping) else {"type": "object"}


async def resumed(name: str, distant: Distant) -> Spawned:
    """Have the work of that name continued there."""
    return await distant.sessions.resume(name)


def team_at_distance(
    context: CliContext,
    ask: Callable[[Distant], Coroutine[None, None, NamedTeam]],
    how: Attaching,
    budget: Budget,
    *,
    is_dry: bool,
) -> None:
    """Start a team at the gateway, watch it until it ends, and exit with its status; or print its price."""

    async def start(distant: Distant) -> Spawned:
        return await distant.sessions.spawn_named_team(await ask(distant))

    if is_dry:
        print_price(context, ask, is_json=how.is_json)
    else:
        run_at_distance(context, start, how, budget)


def overridden(overrides: Overrides, key: str | None, tags: Sequence[str]) -> NamedTeam:
    """A team that is not named yet, with the options that override what its file says.

    Raises:
        NotAtDistance: one of them is a folder.
    """
    refuse_at_distance(workspace=overrides.workspace)
    return NamedTeam(
        team="",
        model=overrides.model,
        max_parallel=overrides.max_parallel,
        timeout_seconds=overrides.timeout,
        budget=overrides.budget(NO_BUDGET),
        on_failure=overrides.on_failure,
        cache_seconds=overrides.cache_seconds,
        key=key,
        tags=tags,
    )


def run_at_distance(
    context: CliContext, start: Sent, how: Attaching, budget: Budget = NO_BUDGET
) -> NoReturn:
    """Start work at the gateway, watch it until it ends, and exit with the code of its status.

    Ctrl-C leaves it, and ends nothing.
    """
    name, ended = watched_at_distance(context, start, how, budget, is_announced=True)
    print_ended(ended, name, how)


def wait_at_distance(
    context: CliContext,
    start: Sent,
    form: Form | None,
    style: progress.Style = progress.Style.AUTO,
) -> NoReturn:
    """Start one run at the gateway, watch it, print its result, and exit with the code of its status."""
    is_json, shown = form is Form.JSON, bare_if_piped(form)
    _, ended = watched_at_distance(context, start, Attaching(style, is_json, shown))
    if is_json:
        items = [result_json(result) for result in ended.results]
        render.envelope("result", time.time(), items)
    elif shown is not None:
        print_results(ended.results, shown, ended.names)
    else:
        for result in ended.results:
            if result.run_id not in ended.told:
                render.result(result, ended.names.get(result.session_key))
    raise typer.Exit(worst_of([result.status for result in ended.results]))


def watched_at_distance(
    context: CliContext,
    start: Sent,
    how: Attaching,
    budget: Budget = NO_BUDGET,
    *,
    is_announced: bool = False,
) -> tuple[SessionKey, Ended]:
    """Start work at the gateway and watch it until it ends; its session, and what it came to.

    What it asks meanwhile can be answered at this terminal. `is_announced` says whether a line of JSON
    says first what was started, where the results are JSON.
    """
    is_announced = is_announced and how.is_json
    key = run_cancellable(_begun(context, start, how.style, budget, is_announced=is_announced))
    return key, watch_to_the_end(context, key, how._replace(answers=not how.is_json))


async def _begun(
    context: CliContext, start: Sent, style: progress.Style, budget: Budget, *, is_announced: bool
) -> SessionKey:
    async with open_distant(context.environment) as distant:
        is_heard = progress.is_live(style)
        spawned = await start(replace(distant, sessions=distant.awaited) if is_heard else distant)
        (row,) = await distant.sessions.rows_of([spawned.run_id])
        members = await distant.sessions.members(row)
    name = format.name(row)
    if is_announced:
        render.launched(name, row.session.key, agents=len(members))
    warn_of_members(members)
    told = "started" if spawned.is_new else f"already there, {format.status(row.run.status)}"
    label = format.one_line(row.session.label)
    render.note(f"{label} {name}   {told} at {context.environment.gateway}")
    note_kept(spawned, budget)
    return row.session.key


def print_ended(ended: Ended, session_key: SessionKey, how: Attaching) -> NoReturn:
    """Print what work came to as `pagents run` does, and exit with the code of its status."""
    if ended.team is None:
        status = ended.results[-1].status if ended.results else None
    else:
        status = ended.team.status
    if how.is_json:
        more: dict[str, object] = {} if ended.own is None else {"result": result_json(ended.own)}
        render.envelope(
            "finished",
            time.time(),
            [result_json(result) for result in ended.results],
            id=ended.name,
            session_key=session_key,
            status=None if status is None else status.value,
            total=None,
            **more,
        )
    elif how.form is not None:
        print_results(ended.results, how.form, ended.names)
    elif ended.own is not None and function_of(session_key) == DO:
        print_do(ended.own, ended.name, report_of(ended.own), None, Display(how.style, how.is_json))
    else:
        for result in ended.results:
            if result.run_id not in ended.told:
                render.result(result, ended.names.get(result.session_key))
        if ended.team is not None:
            render.summary(ended.team)
        if ended.own is not None:
            tell_steps(ended.own)
        name = ended.name
        render.note(f"Next: pagents show {name} · pagents history {name} · pagents list")
    raise typer.Exit(0 if status is None else exit_of(status))


def print_price(
    context: CliContext,
    ask: Callable[[Distant], Coroutine[None, None, AnyTask | NamedTeam]],
    *,
    is_json: bool,
) -> None:
    """Print what work would run and cost at the gateway; nothing is started.

    Raises:
        PagentsError: as when it is started.
    """

    async def look(distant: Distant) -> PriceForm:
        return await distant.sessions.price(await ask(distant))

    print_form(context, look, is_json=is_json)


def print_fork_price(context: CliContext, name: str, fork: Fork, *, is_json: bool) -> None:
    """Print what a fork would run and cost at the gateway; nothing is started.

    Raises:
        PagentsError: as when it is started.
    """

    async def look(distant: Distant) -> PriceForm:
        return await distant.sessions.price_fork(name, fork)

    print_form(context, look, is_json=is_json)


def print_form(
    context: CliContext,
    look: Callable[[Distant], Coroutine[None, None, PriceForm]],
    *,
    unknown: str = "",
    is_json: bool,
) -> None:
    """Print a price that the gateway is asked for; `unknown` is what cannot be known of it yet."""

    async def ask() -> PriceForm:
        async with open_distant(context.environment) as distant:
            return await look(distant)

    _print_form(run_cancellable(ask()), unknown, is_json=is_json)


def _print_form(price: PriceForm, unknown: str = "", *, is_json: bool) -> None:
    estimates = [
        Estimate(
            label=task.label,
            agent=task.agent,
            model=task.model,
            tasks=task.tasks,
            most_tasks=task.tasks_at_most,
            open_list=task.open_list or "",
            first=_spend(task.first_call_at_most, task.model),
            likely=_spend(task.likely, task.model),
            runs=task.from_runs,
        )
        for task in price.tasks
    ]
    found = WorkPrice(
        estimates,
        Budget(usd=price.budget_usd, tokens=price.budget_tokens),
        Bound.in_usd(price.worst_case_usd, price.worst_case_tokens),
        price.is_sketch,
        unknown or (UNKNOWN_STEPS if price.is_sketch else ""),
        price.notes,
        price.missing_keys,
    )
    print_work_price(found, is_json=is_json)


def _spend(money: MoneyForm | None, model: str) -> Spend | None:
    return None if money is None else spend_of(Amount(money.nanousd, 0), model)

"""One run: started for a worker, or executed here while somebody watches; as `spawn`, `send` and `fork` do."""

from __future__ import annotations

import time
from collections.abc import Callable, Coroutine
from typing import Annotated, TypeAlias

import typer

from parallel_agents.app.acting import Acting, open_acting
from parallel_agents.app.client import App
from parallel_agents.core.budget import Budget
from parallel_agents.core.run import Result
from parallel_agents.core.verbs import Spawned
from parallel_agents.errors import InvalidInput
from parallel_agents.sessions.requests import check_key
from parallel_agents.surfaces.cli import progress, render
from parallel_agents.surfaces.cli.called import called
from parallel_agents.surfaces.cli.context import CliContext
from parallel_agents.surfaces.cli.distant_spawn import warn_at_distance
from parallel_agents.surfaces.cli.exits import exit_of
from parallel_agents.surfaces.cli.foreground import (
    Begin,
    Display,
    Work,
    ended_before,
    note_kept,
    run_in_foreground,
)
from parallel_agents.surfaces.cli.heard import Heard
from parallel_agents.surfaces.cli.output_option import Form
from parallel_agents.surfaces.cli.prepare_models import warn_if_simulated
from parallel_agents.surfaces.cli.results_shown import bare_if_piped, print_results
from parallel_agents.views import format
from parallel_agents.views.documents import result_json

Ask: TypeAlias = Callable[[], Coroutine[None, None, Spawned]]
Label = Annotated[str | None, typer.Option(help="A name for the session.")]


def _key(given: str | None) -> str | None:
    if given is not None:
        check_key(given)
    return given


Key = Annotated[
    str | None,
    typer.Option(
        "--id",
        "--key",
        help="A name for the run; the same name returns it again.",
        metavar="ID",
        callback=_key,
    ),
]
Wait = Annotated[bool, typer.Option("--wait", "-w", help="Run it here, and print the result.")]


def form_of(json: bool, output: Form | None, *, wait: bool) -> Form | None:
    """What is printed; without a result that is only an id, as text or JSON."""
    if not wait and output not in (None, Form.TEXT, Form.ID):
        raise InvalidInput(
            f"-o {output} requires --wait",
            why="without it the command prints the id of the session",
            hint=f"add --wait, or print it later: pagents wait NAME -o {output}",
        )
    return Form.JSON if json else output


def checked_style(style: progress.Style, *, wait: bool) -> progress.Style:
    """The style of progress, which is refused where there is none."""
    if not wait and style is not progress.Style.AUTO:
        raise InvalidInput(
            "--progress requires --wait",
            why="without it a worker does the task, and the command returns at once",
            hint=f"add --wait, or watch it: pagents watch NAME --progress {style}",
        )
    return style


async def leave_to_worker(
    context: CliContext,
    start: Callable[[Acting], Coroutine[None, None, Spawned]],
    *,
    budget: Budget,
    form: Form | None,
) -> None:
    """Start one run, and have a worker execute it."""
    async with open_acting(context.environment, context.settings, is_made=True) as client:
        spawned = await start(client)
        await client.ensure_worker(spawned.session_key, spawned.run_id)
        (row,) = await client.sessions.rows_of([spawned.run_id])
        if client.here is not None:
            warn_if_simulated(client.here, row.run.model)
        else:
            warn_at_distance(row.run.model)
        typed = await called(client.sessions, row)
    name = format.name(row)
    if form is Form.JSON:
        item = {"id": name, "session_key": row.session.key, "run_id": spawned.run_id}
        render.envelope("spawned", time.time(), [{**item, "is_new": spawned.is_new}])
        return
    render.line(name)
    found = "" if spawned.is_new else f"; already there, {format.status(row.run.status)}"
    render.note(f"▶ {row.session.label} on {row.run.model}{found}")
    note_kept(spawned, budget)
    render.note(f"Next: pagents wait {typed} · pagents show {typed} · pagents history {typed} -f")


def wait_here(
    context: CliContext,
    prepare: Callable[[App], Coroutine[None, None, Ask]],
    *,
    budget: Budget,
    form: Form | None,
    style: progress.Style = progress.Style.AUTO,
) -> None:
    """Start one run, show it until it ends, and exit with the code of its status."""

    async def ready(app: App) -> Begin:
        ask = await prepare(app)

        async def begin() -> Work:
            spawned = await ask()
            is_shown = progress.is_live(style)
            heard = Heard(app.sessions, spawned.run_id) if is_shown else None
            (row,) = await app.sessions.rows_of([spawned.run_id])
            name, label = format.name(row), row.session.label
            render.note(f"▶ {label} {name} on {row.run.model}{ended_before(row.run)}")
            note_kept(spawned, budget)
            labels = {spawned.run_id: label}
            again = f"pagents resume {await called(app.sessions, row)}"
            return Work(name, spawned.session_key, spawned.run_id, labels, again=again, heard=heard)

        return begin

    async def conclude(app: App, work: Work) -> tuple[Result, str]:
        return (await app.sessions.wait([work.run]))[0], work.name

    is_json, shown = form is Form.JSON, bare_if_piped(form)
    display = Display(style, is_json, shown)
    result, name = run_in_foreground(context, ready, conclude, display)
    if is_json:
        render.envelope("result", time.time(), [result_json(result)])
    elif shown is not None:
        print_results([result], shown, {result.session_key: name})
    raise typer.Exit(exit_of(result.status))

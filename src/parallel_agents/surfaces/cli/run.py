"""`pagents run` and `pagents resume`: a team from start to end, with its progress and results."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from parallel_agents.app import STORE_NAME, App, Parts, open_app
from parallel_agents.catalog.team import Team
from parallel_agents.core.event import Finished
from parallel_agents.core.run import TeamResult
from parallel_agents.core.schema import Json
from parallel_agents.core.store import Row
from parallel_agents.core.task import TeamTask
from parallel_agents.errors import InvalidInput
from parallel_agents.interrupts import unless
from parallel_agents.models.local.known import known_models
from parallel_agents.surfaces.cli import progress, render, words
from parallel_agents.surfaces.cli.board import Board
from parallel_agents.surfaces.cli.exits import Exit, exit_of
from parallel_agents.surfaces.cli.fetching import FetchBar
from parallel_agents.surfaces.cli.place import (
    AsJson,
    Home,
    Inputs,
    ModelName,
    Name,
    Place,
    Timeout,
    carry_out,
    find_place,
    read_inputs,
)

MaxParallel = Annotated[int | None, typer.Option(help="Runs at once.", metavar="N")]
ProgressStyle = Annotated[progress.Style, typer.Option("--progress", help="How to show progress.")]


def run(
    team_file: Annotated[
        Path | None, typer.Argument(help="A team file.", metavar="[TEAMFILE]")
    ] = None,
    team: Annotated[str | None, typer.Option(help="A team by name.", metavar="NAME")] = None,
    inputs: Inputs = None,
    run_id: Annotated[
        str | None,
        typer.Option("--id", help="A name for the run; the same again goes on.", metavar="ID"),
    ] = None,
    model: ModelName = None,
    max_parallel: MaxParallel = None,
    timeout: Timeout = None,
    style: ProgressStyle = progress.Style.AUTO,
    json: AsJson = False,
    home: Home = None,
) -> None:
    """Run a team, and give every result back.

    A team is named, or is a file. The same --id again goes on where it was: what is done is not
    done again.
    """
    place = find_place(home, max_parallel=max_parallel)
    if (team_file is None) == (team is None):
        raise InvalidInput(
            "which team is to run?", mend="`pagents run --team content`, or a team file"
        )

    async def start(app: App) -> Row:
        found = app.catalog.team(team_file or team or "")
        asked = _team_task(found, read_inputs(inputs, found.input_schema))
        asked = replace(asked, timeout_seconds=timeout or asked.timeout_seconds)
        asked = app.service.resolve(replace(asked, model=model or asked.model))
        await _make_ready(app, asked, model)
        return await app.service.find((await app.service.spawn_team(asked, key=run_id)).session_key)

    _carry_out(place, start, style, is_json=json)


def resume(
    name: Name,
    style: ProgressStyle = progress.Style.AUTO,
    json: AsJson = False,
    home: Home = None,
) -> None:
    """Go on with a team or a session that was stopped, or whose process died."""

    async def start(app: App) -> Row:
        row = await app.service.find(name)
        await app.service.resume(row.session.root)
        return await app.service.find(row.session.root)

    _carry_out(find_place(home), start, style, is_json=json)


def _team_task(team: Team, values: Mapping[str, Json]) -> TeamTask:
    return TeamTask(
        tasks=tuple(team.tasks_for(values)),
        name=team.name,
        model=team.model,
        max_parallel=team.limits.max_parallel,
        timeout_seconds=team.limits.timeout_seconds,
    )


async def _make_ready(app: App, team: TeamTask, asked: str | None) -> None:
    """Fetch and start what the tasks need, before their time runs."""
    for name in sorted({task.model for task in team.tasks if task.model}):
        if name.startswith("local/"):
            _say_embedded(app, name, was_asked=asked is not None)
        await app.models.get(name).start()


def _say_embedded(app: App, name: str, *, was_asked: bool) -> None:
    """Which model it is, what one of its size is good for, and how to have a better one."""
    if not was_asked:
        render.note("No model was chosen and no key is set: using the embedded one.")
        render.note("Set ANTHROPIC_API_KEY or OPENAI_API_KEY, or use --model, for better answers.")
    known = {model.model_name: model for model in known_models()}
    if name in known and app.settings.local_model_file is None:
        model = known[name]
        render.note(
            f"{name} is {model.title}, a real model on this machine. {model.licence}.", "dim"
        )
        render.note(f"  good for {model.good_for}", "dim")
        render.note(f"  not for  {model.not_for}", "dim")


def _carry_out(
    place: Place,
    start: Callable[[App], Coroutine[None, None, Row]],
    style: progress.Style,
    *,
    is_json: bool,
) -> None:
    """Start a run, watch it, print what it gives, and exit with the code of its status."""
    bar = FetchBar()
    name = ""

    async def work(stop: asyncio.Event) -> TeamResult | None:
        nonlocal name
        parts = Parts(on_fetch=bar)
        async with open_app(place.environment, place.settings, parts) as app:
            row = await start(app)
            bar.close()
            name = words.name(row)
            await _announce(app, row, is_json=is_json)
            team = await unless(stop, _watch(app, row, style, is_json=is_json))
            if team is None:
                render.note("Stopping: nothing new starts; calls in flight may end. Again: now.")
        return team

    try:
        team = carry_out(work)
    except KeyboardInterrupt:
        team = None
    finally:
        bar.close()
    if team is None:
        if name:
            render.note(f"Stopped; everything so far is kept. Go on with: pagents resume {name}")
        sys.exit(Exit.INTERRUPTED)
    _conclude(team, place, is_json=is_json)
    sys.exit(exit_of(team.status))


async def _announce(app: App, row: Row, *, is_json: bool) -> None:
    members = await app.service.members(row)
    models = ", ".join(sorted({member.run.model for member in members}))
    if is_json:
        session_key = row.session.key
        launched = {"schema": "pagents.launched/1", "id": words.name(row)}
        render.json_line({**launched, "session_key": session_key, "agents": len(members)})
    count = f"{len(members)} agents" if len(members) > 1 else "1 agent"
    render.note(f"▶ {row.session.label} {words.name(row)}   {count} on {models}")


async def _watch(app: App, row: Row, style: progress.Style, *, is_json: bool) -> TeamResult:
    board = Board()
    for member in await app.service.members(row):
        board.add(member)
    with progress.choose(style, board) as shown:
        async for event in app.service.follow(row.session.key):
            lane = board.take(event)
            if lane is None:
                continue
            shown.changed(lane)
            if isinstance(event.body, Finished) and not is_json:
                (given,) = await app.service.wait([event.run])
                with shown.aside():
                    render.result(given)
    return await app.service.team_result(row.session.key)


def _conclude(team: TeamResult, place: Place, *, is_json: bool) -> None:
    if is_json:
        items = [render.result_json(result) for result in team.results]
        render.envelope(
            "finished",
            time.time(),
            items,
            id=team.key,
            session_key=team.session_key,
            status=team.status.value,
        )
        return
    render.summary(team)
    render.note(f"Everything is kept in {place.environment.home / STORE_NAME}.")
    render.note(f"Next: pagents show {team.key} · pagents history {team.key}/LABEL · pagents list")

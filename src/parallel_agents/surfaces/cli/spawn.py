"""`pagents spawn` and `pagents send`: one run, left to a worker or waited for here."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Annotated

import typer

from parallel_agents.app import App, Parts, open_app, open_client
from parallel_agents.core.agent import Agent
from parallel_agents.core.limits import Limits
from parallel_agents.core.run import Result
from parallel_agents.core.schema import Json
from parallel_agents.core.session import Mode
from parallel_agents.core.task import Task
from parallel_agents.core.verbs import Spawned
from parallel_agents.interrupts import unless
from parallel_agents.surfaces.cli import render, words
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
    read_text,
)
from parallel_agents.surfaces.cli.worker import ensure_worker

Text = Annotated[str, typer.Argument(help="What to do, in words.", metavar="TEXT")]
Wait = Annotated[bool, typer.Option("--wait", "-w", help="Wait for the result here.")]


def spawn(
    agent: Annotated[str, typer.Argument(help="The agent's name.", metavar="AGENT")],
    text: Text,
    inputs: Inputs = None,
    file: Annotated[
        Path | None, typer.Option("--file", "-f", help="A file for the agent to work on.")
    ] = None,
    wait: Wait = False,
    label: Annotated[str | None, typer.Option(help="A name to find it by.")] = None,
    key: Annotated[
        str | None, typer.Option(help="The same key again gives the session that is there.")
    ] = None,
    keep: Annotated[
        bool, typer.Option("--keep", help="Keep the session for further runs (`pagents send`).")
    ] = False,
    model: ModelName = None,
    timeout: Timeout = None,
    json: AsJson = False,
    home: Home = None,
) -> None:
    """Start one agent on a task.

    Without --wait a worker in the background carries it out; `pagents wait` and `pagents show`
    give the result. A --file goes where the agent's input wants one text, else under the task.
    """
    place = find_place(home)

    async def start(app: App) -> Spawned:
        definition = app.catalog.agent(agent)
        values = read_inputs(inputs, definition.input_schema)
        words, values = _with_file(text, values, file, definition)
        task = Task(
            agent,
            words,
            input=values,
            model=model,
            label=label,
            key=key,
            limits=Limits(timeout_seconds=timeout),
        )
        mode = Mode.SESSION if keep else Mode.RUN
        return await app.service.spawn(task, mode=mode)

    _begin(place, start, wait=wait, is_json=json)


def send(
    name: Name, text: Text, wait: Wait = False, json: AsJson = False, home: Home = None
) -> None:
    """Start the next run of a session; it sees all that was said before."""

    async def start(app: App) -> Spawned:
        return await app.service.send(name, text)

    _begin(find_place(home), start, wait=wait, is_json=json)


def _with_file(
    text: str, values: dict[str, Json], file: Path | None, agent: Agent
) -> tuple[str, dict[str, Json]]:
    """The task with a file: as the one text input that is required and not given, or in words."""
    if file is None:
        return text, values
    content = read_text(file)
    required = (agent.input_schema or {}).get("required")
    missing = [n for n in required if n not in values] if isinstance(required, list) else []
    if len(missing) == 1 and isinstance(missing[0], str):
        return text, {**values, missing[0]: content}
    return f"{text}\n\nFile {file.name}:\n```\n{content}\n```", values


def _begin(
    place: Place,
    start: Callable[[App], Coroutine[None, None, Spawned]],
    *,
    wait: bool,
    is_json: bool,
) -> None:
    if wait:
        _wait_here(place, start, is_json=is_json)
    else:
        asyncio.run(_leave_to_worker(place, start, is_json=is_json))


async def _leave_to_worker(
    place: Place, start: Callable[[App], Coroutine[None, None, Spawned]], *, is_json: bool
) -> None:
    async with open_client(place.environment, place.settings) as client:
        spawned = await start(client)
        await ensure_worker(client.store, place.environment, time.time())
        row = await client.service.find(spawned.session_key)
    name = words.name(row)
    if is_json:
        item = {"id": name, "session_key": row.session.key, "run_id": spawned.run_id}
        render.envelope("spawned", time.time(), [{**item, "is_new": spawned.is_new}])
        return
    render.line(name)
    found = "" if spawned.is_new else " (it was there already)"
    render.note(f"▶ {row.session.label} on {row.run.model}{found}")
    render.note(f"Next: pagents wait {name} · pagents show {name} · pagents history {name} -f")


def _wait_here(
    place: Place, start: Callable[[App], Coroutine[None, None, Spawned]], *, is_json: bool
) -> None:
    bar = FetchBar()
    name = ""

    async def work(stop: asyncio.Event) -> Result | None:
        nonlocal name
        async with open_app(place.environment, place.settings, Parts(on_fetch=bar)) as app:
            spawned = await start(app)
            row = await app.service.find(spawned.session_key)
            name = words.name(row)
            render.note(f"▶ {row.session.label} {name} on {row.run.model}")
            results = await unless(stop, app.service.wait([spawned.run_id]))
            return None if results is None else results[0]

    try:
        result = carry_out(work)
    except KeyboardInterrupt:
        result = None
    finally:
        bar.close()
    if result is None:
        if name:
            render.note(f"Stopped; everything so far is kept. Go on with: pagents resume {name}")
        sys.exit(Exit.INTERRUPTED)
    if is_json:
        render.envelope("result", time.time(), [render.result_json(result)])
    else:
        render.result(result)
    sys.exit(exit_of(result.status))

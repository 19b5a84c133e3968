"""`pagents history`: what was said and done in a session, even while it happens."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from typing import Annotated

import orjson
import typer

from parallel_agents.app.client import Client
from parallel_agents.app.opening import open_existing, open_reader
from parallel_agents.core.event import Event
from parallel_agents.core.ids import SessionKey
from parallel_agents.core.inspection import each_event
from parallel_agents.core.schema import Json
from parallel_agents.core.store import Filter
from parallel_agents.surfaces.cli import render
from parallel_agents.surfaces.cli.context import AsJson, Home, Name, find_store
from parallel_agents.views import format
from parallel_agents.views.events import describe


def history(
    name: Name,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Keep printing new events while it runs.")
    ] = False,
    json: AsJson = False,
    home: Home = None,
) -> None:
    """Show what was said and done in a session or in all sessions of a team, oldest first.

    With both --json and --follow, print one JSON object per line.
    """
    context = find_store(home)

    async def show() -> None:
        opened, shown = (open_existing, _follow) if follow else (open_reader, _print_all)
        async with opened(context.environment, context.settings) as client:
            await shown(client, name, is_json=json)

    asyncio.run(show())


async def _print_all(client: Client, name: str, *, is_json: bool) -> None:
    row = await client.sessions.find(name)
    pages = each_event(client.journal, tree=row.session.key)
    if is_json:
        render.envelope("history", time.time(), [event_json(event) async for event in pages])
        return
    labels = await _labels(client, row.session.key)
    async for event in pages:
        _print(event, labels)


async def _follow(client: Client, name: str, *, is_json: bool) -> None:
    labels = await _labels(client, (await client.sessions.find(name)).session.key)
    async for event in client.sessions.follow(name):
        if is_json:
            render.json_line(event_json(event))
            continue
        if event.session not in labels:
            labels |= await _labels(client, event.session)
        _print(event, labels)


async def _labels(client: Client, tree: SessionKey) -> dict[SessionKey, str]:
    rows = await client.sessions.list(Filter(tree=tree))
    return {row.session.key: row.session.label for row in rows}


def _print(event: Event, labels: Mapping[SessionKey, str]) -> None:
    """A headline with the time and the session, and under it what was said."""
    described = describe(event.body)
    label = f"{labels.get(event.session, '')}  " if len(labels) > 1 else ""
    render.line(f"{format.clock(event.at)}  {label}{described.title}", "bold")
    for part in format.clean(described.text).splitlines():
        render.line(f"  {part}".rstrip())


def event_json(event: Event) -> Mapping[str, Json]:
    """An event for machines: its number in the store, its key, and its body as it is stored."""
    return {
        "seq": event.seq,
        "at": format.iso(event.at),
        "session_key": event.session,
        "run_id": event.run,
        "key": event.key,
        "event": orjson.loads(orjson.dumps(event.body)),
    }

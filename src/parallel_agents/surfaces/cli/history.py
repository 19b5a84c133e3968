"""`pagents history`: what was said and done in a session, even while it happens."""

from __future__ import annotations

import time
from typing import Annotated

import typer

from parallel_agents.app.reading import Reader, open_follower, open_reader
from parallel_agents.core.event import Event
from parallel_agents.core.filter import Filter
from parallel_agents.errors import InvalidInput
from parallel_agents.interrupts import run_cancellable
from parallel_agents.sessions.event_names import EventNames
from parallel_agents.surfaces.cli import render
from parallel_agents.surfaces.cli.context import AsJson, Home, Name, find_store
from parallel_agents.surfaces.cli.item_lines import ItemForm, asked_form
from parallel_agents.surfaces.cli.pages import (
    After,
    Before,
    Limit,
    check_one_end,
    most,
    note_rest,
    read_page,
)
from parallel_agents.views import format
from parallel_agents.views.documents import named_event_json
from parallel_agents.views.events import describe

Prompt = Annotated[bool, typer.Option("--prompt", help="Show what was sent to the model instead.")]
Turn = Annotated[
    int | None,
    typer.Option(
        "--turn", min=1, help="The whole request of this turn, as it was sent.", metavar="N"
    ),
]
_SHOWN = 500


def history(
    name: Name,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Keep printing new events while it runs.")
    ] = False,
    limit: Limit = _SHOWN,
    before: Before = None,
    after: After = None,
    prompt: Prompt = False,
    turn: Turn = None,
    json: AsJson = False,
    home: Home = None,
) -> None:
    """Show what was said and done in a session or in all sessions of a team, oldest first.

    Without --after, the last events are shown. With both --json and --follow, print one JSON object
    per line. With --prompt, show what was sent to the model instead.
    """
    check_one_end(before, after)
    if follow and asked_form() is ItemForm.CSV:
        raise InvalidInput(
            "--follow and -o csv cannot be used together",
            why="the columns of a table are those of all its rows, and more are to come",
            hint="use -o jsonl, or leave --follow out",
        )
    context = find_store(home)
    if prompt or turn is not None:
        # What makes requests is what calls models, which takes longer to load than all the rest.
        from parallel_agents.surfaces.cli.prompts_shown import show_prompts  # noqa: PLC0415 - heavy

        show_prompts(context, name, turn, is_json=json)
        return

    async def show() -> None:
        if follow:
            async with open_follower(context.environment, context.settings) as client:
                await _follow(client, name, after or 0, is_json=json)
            return
        async with open_reader(context.environment, context.settings) as client:
            tree = (await client.sessions.find(name)).session.key
            page = await read_page(
                client.journal, limit=most(limit), before=before, after=after, tree=tree
            )
            events = await EventNames(client.journal).named(page.events)
            if json:
                items = [named_event_json(event) for event in events]
                render.envelope("history", time.time(), items, total=page.total)
                return
            for event in events:
                _print(event, is_labelled=page.has_several)
            note_rest(page)

    run_cancellable(show())


async def _follow(client: Reader, name: str, after: int, *, is_json: bool) -> None:
    top = (await client.sessions.find(name)).session.key
    is_tree = await client.journal.count_rows(Filter(tree=top)) > 1
    async for event in client.sessions.follow(name, after=after):
        if is_json:
            render.json_line(named_event_json(event))
            continue
        is_tree |= event.session != top
        _print(event, is_labelled=is_tree)


def _print(event: Event, *, is_labelled: bool) -> None:
    """A headline with the time and the session, and under it what was said."""
    described = describe(event.body)
    label = f"{'/'.join((*event.path[:-1], event.label))}  " if is_labelled else ""
    render.line(f"{format.clock(event.at)}  {label}{described.title}", "bold")
    render.prose(described.text)

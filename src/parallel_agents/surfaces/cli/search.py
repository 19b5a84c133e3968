"""`pagents search`: a phrase in the transcripts of all sessions."""

from __future__ import annotations

import time
from typing import Annotated

import typer

from parallel_agents.app.missing import is_missing, tell_missing
from parallel_agents.loading import loading
from parallel_agents.surfaces.cli import render
from parallel_agents.surfaces.cli.context import AsJson, Home, find_store
from parallel_agents.views.session_query import parse_query
from parallel_agents.views.transcript_hits import split_arguments

_SHOWN = 20


def search(
    words: Annotated[
        list[str],
        typer.Argument(
            help="Words, all of which a text must have, or a phrase in quotes; word* for all that"
            " begin so. And a filter, as list takes it: state:failed agent:NAME since:2h in:NAME.",
            metavar="PHRASE|FILTER",
        ),
    ],
    limit: Annotated[
        int, typer.Option("--limit", "-n", help="How many hits to show.", metavar="N", min=1)
    ] = _SHOWN,
    after: Annotated[
        str, typer.Option("--after", help="Begin where the page before ended.", metavar="PLACE")
    ] = "",
    json: AsJson = False,
    home: Home = None,
) -> None:
    """Find a phrase in all that was said and done: tasks, messages, answers, tool calls and results.

    The best hits are first, and the newest of equally good ones. Case and accents make no difference.
    """
    asked = split_arguments(words)
    query = parse_query(asked.filter, time.time())
    context = find_store(home)
    if is_missing(context.environment):
        tell_missing(context.environment)
        if json:
            render.envelope("search", time.time(), [])
        else:
            render.note(render.NO_SESSIONS)
        return
    with loading():
        from parallel_agents.surfaces.cli.hits_shown import Asked, print_hits  # noqa: PLC0415 - heavy

    print_hits(context, Asked(asked.phrase, query, limit, after), is_json=json)

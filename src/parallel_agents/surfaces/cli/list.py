"""`pagents list`: teams and sessions, and how they are doing."""

from __future__ import annotations

import time
from typing import Annotated

import typer

from parallel_agents.app.missing import is_missing, tell_missing
from parallel_agents.loading import loading
from parallel_agents.surfaces.cli import render
from parallel_agents.surfaces.cli.context import AsJson, Home, find_store
from parallel_agents.surfaces.cli.output_option import Form, Output
from parallel_agents.surfaces.cli.pages import Limit, most
from parallel_agents.views.session_query import joined, parse_query

_SHOWN = 50


def list_sessions(
    words: Annotated[
        list[str] | None,
        typer.Argument(
            help="A NAME, to list it and what it spawned; or a filter: state:failed agent:NAME"
            " workflow:NAME kind:team label:TEXT model:TEXT tag:NAME 'cost:>1' since:2h in:NAME, and text.",
            metavar="NAME|FILTER",
        ),
    ] = None,
    tree: Annotated[
        bool, typer.Option("--tree", help="Show each session under the one that spawned it.")
    ] = False,
    everything: Annotated[
        bool, typer.Option("--all", "-a", help="Include sessions that ended long ago.")
    ] = False,
    limit: Limit = _SHOWN,
    after: Annotated[
        str | None,
        typer.Option("--after", help="Begin after this session of the list.", metavar="ID"),
    ] = None,
    json: AsJson = False,
    output: Output = None,
    home: Home = None,
) -> None:
    """List teams and sessions that are live or ended in the last hour, newest first.

    A filter looks at all sessions, however old, and at the tasks of teams as well. Its terms are
    joined by "and", and the values of one field, as in state:failed,killed, by "or".
    """
    query = parse_query(joined(words or ()), time.time())
    context = find_store(home)
    if is_missing(context.environment) and query.is_empty and after is None:
        # Who has run nothing yet waits for nothing: what reads stores takes longer to load.
        tell_missing(context.environment)
        if json:
            render.envelope("list", time.time(), [])
        else:
            render.note(render.NO_SESSIONS)
        return
    with loading():
        from parallel_agents.surfaces.cli.listing import Asked, print_list  # noqa: PLC0415 - heavy

    asked = Asked(query, most(limit), after, everything, tree)
    print_list(context, asked, Form.JSON if json else output)

"""`pagents mcp`: the session tools for MCP clients, over stdio or HTTP; and the servers of agents.

A client starts it for each of its conversations, so that it loads what a start needs, and the rest
with the first call.
"""

from __future__ import annotations

import asyncio
import sys
import threading
from typing import Annotated

import typer

from parallel_agents.core.ids import make_name
from parallel_agents.errors import InvalidInput, NotAtDistance
from parallel_agents.interrupts import run_interruptible
from parallel_agents.loading import loading
from parallel_agents.surfaces.answering import check_is_person
from parallel_agents.surfaces.cli.context import (
    AsJson,
    CliContext,
    Home,
    ModelName,
    find_context,
)
from parallel_agents.surfaces.cli.output_option import Form, Output
from parallel_agents.surfaces.mcp.client import LONGEST_WAIT_SECONDS, OVER_HTTP, Client
from parallel_agents.surfaces.mcp.distant_calls import DistantCalls
from parallel_agents.surfaces.mcp.first_call import FirstCall
from parallel_agents.surfaces.mcp.stdio import leaving_in_time, serve_stdio

app = typer.Typer(invoke_without_command=True)

LOOPBACK = "127.0.0.1"
_LONGEST_AT_DISTANCE = LONGEST_WAIT_SECONDS  # a request to a gateway ends after 90 seconds

AllSessions = Annotated[
    bool,
    typer.Option("--all-sessions", help="Let clients reach your own sessions too, and end them."),
]
LongestWait = Annotated[
    float,
    typer.Option(
        metavar="SECONDS",
        min=1.0,
        help="The longest that a call waits; below the time that the client gives it.",
    ),
]


@app.command("list")
def list_servers(json: AsJson = False, output: Output = None, home: Home = None) -> None:
    """List the MCP servers of the configuration, the project and its agents. None is started."""
    with loading():
        from parallel_agents.surfaces.cli import mcp_servers  # noqa: PLC0415 - heavy

    mcp_servers.list_servers(home, Form.JSON if json else output)


@app.command("check")
def check_servers(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[NAME]...", help="Only these servers.")
    ] = None,
    json: AsJson = False,
    home: Home = None,
) -> None:
    """Start each MCP server, and show its tools by the names that agents use, and what is wrong.

    Exit code 1 if a server cannot be used.
    """
    with loading():
        from parallel_agents.surfaces.cli import mcp_servers  # noqa: PLC0415 - heavy

    mcp_servers.check_servers(names or (), home, is_json=json)


@app.callback()
def mcp(
    invoked: typer.Context,
    http: Annotated[
        int | None,
        typer.Option(
            metavar="PORT", min=0, max=65535, help="Serve HTTP on this port; 0 is any free port."
        ),
    ] = None,
    host: Annotated[
        str | None,
        typer.Option(metavar="HOST", help=f"The address to listen on; by default {LOOPBACK}."),
    ] = None,
    token: Annotated[
        str | None,
        typer.Option(
            metavar="env:NAME",
            help="The variable with the token that clients must send; by default mcp-token of the home holds one.",
        ),
    ] = None,
    allow_answers: Annotated[
        bool,
        typer.Option(
            "--allow-answers", help="Let clients answer the questions of agents on your behalf."
        ),
    ] = False,
    all_sessions: AllSessions = False,
    longest_wait: LongestWait = LONGEST_WAIT_SECONDS,
    model: ModelName = None,
    home: Home = None,
) -> None:
    """Serve the session tools to MCP clients, over stdio or, with --http, over HTTP.

    A background worker of the home executes what clients start, so that this process can end at any
    time, and nothing is lost: when its client closes stdin, on Ctrl-C or on SIGTERM.
    """
    if invoked.invoked_subcommand is not None:
        _refuse_options(invoked)
        return
    context = find_context(home, model=model)
    _check_may_answer(context, allow_answers=allow_answers)
    _check_reaches(context, all_sessions=all_sessions, http=http, model=model)
    is_session = context.settings.parent_session is not None
    _check_at_distance(context, http=http, model=model)
    if http is not None:
        with loading():
            from parallel_agents.surfaces.cli.mcp_http import serve_address  # noqa: PLC0415 - heavy

        client = Client("" if all_sessions else OVER_HTTP, longest_wait, allow_answers, is_session)
        serve_address(context, host or LOOPBACK, http, token, client)
        return
    if host is not None or token is not None:
        raise InvalidInput("--host and --token require --http", hint="add --http PORT")
    left = threading.Event()
    client = Client(
        "" if all_sessions else f"mcp-{make_name()}", longest_wait, allow_answers, is_session
    )
    calls = _calls_of(context, client)
    with leaving_in_time(left):
        run_interruptible(lambda stop: _serve(calls, stop, left, context))


def _refuse_options(invoked: typer.Context) -> None:
    """Refuse options of the server before the name of another command."""
    given = [
        name
        for name, value in invoked.params.items()
        if value is not None and value is not False and value != LONGEST_WAIT_SECONDS
    ]
    if given:
        option = f"--{given[0].replace('_', '-')}"
        raise InvalidInput(
            f"{option} is given before {invoked.invoked_subcommand}",
            why="there it is an option of `pagents mcp`, which serves",
            hint=f"leave it out, or write it after {invoked.invoked_subcommand} if that takes it",
        )


def _check_may_answer(context: CliContext, *, allow_answers: bool) -> None:
    """Refuse to let clients answer that are runs themselves.

    Raises:
        InvalidInput: this process was started by a run, or works for a session.
    """
    if not allow_answers:
        return
    check_is_person(context.environment)
    if context.settings.parent_session is not None:
        raise InvalidInput(
            "--allow-answers cannot be used with the setting parent_session",
            why="the client is a session then, which would answer for its own person",
            hint="leave one of them out",
        )


def _calls_of(context: CliContext, client: Client) -> FirstCall | DistantCalls:
    """The calls of a client in the home, or at the gateway that the environment names."""
    if not context.environment.gateway:
        return FirstCall(context.environment, context.settings, client)
    wait = min(client.longest_wait or _LONGEST_AT_DISTANCE, _LONGEST_AT_DISTANCE)
    return DistantCalls(context.environment, client._replace(longest_wait=wait))


def _check_at_distance(context: CliContext, *, http: int | None, model: str | None) -> None:
    """Refuse what an MCP server that asks a gateway cannot do.

    Raises:
        NotAtDistance: it is asked for.
    """
    if not context.environment.gateway:
        return
    is_session = context.settings.parent_session is not None
    refused = {
        "--http": (
            http is not None,
            "the gateway's machine can serve HTTP itself: pagents mcp --http",
        ),
        "--model": (model is not None, "set the model in config.toml of the gateway's home"),
        "the setting parent_session": (is_session, "unset PARALLEL_AGENTS_PARENT_SESSION"),
    }
    for what, (is_asked, hint) in refused.items():
        if is_asked:
            raise NotAtDistance(f"{what} is not possible over --url", hint=hint)


def _check_reaches(
    context: CliContext, *, all_sessions: bool, http: int | None, model: str | None
) -> None:
    """Refuse to have a client that acts for a session reach all, and what a gateway cannot do.

    Raises:
        InvalidInput: it is asked for.
    """
    _check_at_distance(context, http=http, model=model)
    if all_sessions and context.settings.parent_session is not None:
        raise InvalidInput(
            "--all-sessions cannot be used with the setting parent_session",
            why="the client is that session then, and sees its tree",
            hint="leave one of them out",
        )


async def _serve(
    home: FirstCall | DistantCalls, stop: asyncio.Event, left: threading.Event, context: CliContext
) -> None:
    """Serve the client on stdin and stdout until it leaves, or `stop` is set."""
    async with home as calls:
        if context.settings.parent_session is not None:
            await calls.open()  # a session that is not there is refused before the client waits
        if sys.stdin.isatty():
            from parallel_agents.surfaces.cli import render  # noqa: PLC0415 - heavy

            render.note("Waiting for an MCP client on stdin. Ctrl-C ends it.")
        await serve_stdio(calls.call, stop, left, calls.client)

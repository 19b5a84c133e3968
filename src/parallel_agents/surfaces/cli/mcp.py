"""`pagents mcp`: the session tools for MCP clients, over stdio or HTTP; and the servers of agents."""

from __future__ import annotations

import asyncio
import secrets
import sys
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from parallel_agents.app.client import App
from parallel_agents.app.opening import open_app, open_client
from parallel_agents.app.parts import Parts
from parallel_agents.core.ids import OwnerId
from parallel_agents.core.question import OpenQuestion
from parallel_agents.errors import ConfigError, InvalidInput, MissingExtra, MissingKey
from parallel_agents.files import make_private, write_private
from parallel_agents.interrupts import run_cancellable, run_interruptible
from parallel_agents.surfaces.answering import check_is_person
from parallel_agents.surfaces.cli import render
from parallel_agents.surfaces.cli.context import (
    CliContext,
    Home,
    MaxParallel,
    ModelName,
    find_context,
)
from parallel_agents.surfaces.cli.download_bar import DownloadBar
from parallel_agents.surfaces.cli.mcp_servers import check_servers, list_servers

if TYPE_CHECKING:
    from parallel_agents.surfaces.mcp.server import Answering

app = typer.Typer()
app.command("list")(list_servers)
app.command("check")(check_servers)

Serve = Callable[[App, asyncio.Event], Coroutine[None, None, None]]

_LOOPBACK = "127.0.0.1"
TOKEN_NAME = "mcp-token"  # noqa: S105 - the name of a file, not a token
_TOKEN_BYTES, _LEAST_TOKEN = 32, 16
_SECRET = "env:"  # noqa: S105 - how a token is named, not a token


class _Token(NamedTuple):
    """The token that clients must send, and the variable or the file that holds it."""

    text: str
    where: str


@app.callback(invoke_without_command=True)
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
        typer.Option(metavar="HOST", help=f"The address to listen on; by default {_LOOPBACK}."),
    ] = None,
    token: Annotated[
        str | None,
        typer.Option(
            metavar="env:NAME",
            help=f"The variable with the token that clients must send; by default {TOKEN_NAME} of the home holds one.",
        ),
    ] = None,
    allow_answers: Annotated[
        bool,
        typer.Option(
            "--allow-answers", help="Let clients answer the questions of agents on your behalf."
        ),
    ] = False,
    model: ModelName = None,
    max_parallel: MaxParallel = None,
    home: Home = None,
) -> None:
    """Serve the session tools to MCP clients, over stdio or, with --http, over HTTP.

    This process executes the runs. When its client closes stdin, or at the first Ctrl-C or SIGTERM,
    calls in flight can finish; at the second it stops at once. A background worker continues the
    rest.
    """
    if invoked.invoked_subcommand is not None:
        _refuse_options(invoked)
        return
    context = find_context(home, model=model, max_parallel=max_parallel)
    _check_may_answer(context, allow_answers=allow_answers)
    if http is None:
        if host is not None or token is not None:
            raise InvalidInput("--host and --token require --http", hint="add --http PORT")
        serve = _over_stdio(allow_answers=allow_answers)
    else:
        where = token or str(context.environment.home / TOKEN_NAME)
        serve = _over_http(
            host or _LOOPBACK,
            http,
            _Token(_read_token(context, token), where),
            allow_answers=allow_answers,
        )
    owners: list[OwnerId] = []
    try:
        with DownloadBar() as bar:
            run_interruptible(lambda stop: _serve(context, bar, serve, stop, owners))
    except KeyboardInterrupt:
        render.note("Stopped at once.")
    finally:
        run_cancellable(_hand_over(context, owners))


def _refuse_options(invoked: typer.Context) -> None:
    """Refuse options of the server before the name of another command."""
    given = [
        name for name, value in invoked.params.items() if value is not None and value is not False
    ]
    if given:
        option = f"--{given[0].replace('_', '-')}"
        raise InvalidInput(
            f"{option} is given before {invoked.invoked_subcommand}",
            why="there it is an option of `pagents mcp`, which serves",
            hint=f"leave it out, or write it after {invoked.invoked_subcommand} if that takes it",
        )


def _read_token(context: CliContext, token: str | None) -> str:
    """The token that clients must send: that of the named variable, or that of the home."""
    if token is None:
        return _own_token(context.environment.home / TOKEN_NAME)
    name = token.removeprefix(_SECRET)
    if name == token or not name:
        raise InvalidInput(
            "--token does not name a variable",
            why="everybody on the machine can see a secret in a command's arguments",
            hint="put it in a variable and name that: --token env:NAME",
        )
    secret = context.environment.read_key(name)
    if not secret:
        raise MissingKey(f"{name} is not set, and --token names it", hint=f"export {name}=...")
    return secret


def _own_token(file: Path) -> str:
    """The token in a file that only this user can read; made at the first start."""
    if not file.exists():
        write_private(file, secrets.token_urlsafe(_TOKEN_BYTES).encode())
    make_private(file)
    found = file.read_text("ascii", "ignore").strip()
    if len(found) < _LEAST_TOKEN:
        raise ConfigError(
            f"{file} holds no token", hint="delete it: the next start makes one, or use --token"
        )
    return found


def _over_stdio(*, allow_answers: bool) -> Serve:
    try:
        from parallel_agents.surfaces.mcp import server, stdio  # noqa: PLC0415 - optional, heavy
    except ModuleNotFoundError as error:
        raise _missing_extra(error) from error

    async def serve(app: App, stop: asyncio.Event) -> None:
        requester = await server.find_requester(app.sessions, app.settings.parent_session)
        if sys.stdin.isatty():
            render.note("Waiting for an MCP client on stdin. Ctrl-C ends it.")
        made = server.make_server(
            app.session_tools, requester, stop, _answering(app) if allow_answers else None
        )
        await stdio.serve_stdio(made, stop)

    return serve


def _over_http(host: str, port: int, token: _Token, *, allow_answers: bool) -> Serve:
    try:
        from parallel_agents.surfaces.mcp import http, server  # noqa: PLC0415 - optional, heavy
    except ModuleNotFoundError as error:
        raise _missing_extra(error) from error
    bound = http.listen(host, port)

    async def serve(app: App, stop: asyncio.Event) -> None:
        requester = await server.find_requester(app.sessions, app.settings.parent_session)
        render.note(f"Serving MCP on {http.url_of(bound)}. Ctrl-C ends it.")
        render.note(
            f"Clients must send 'Authorization: Bearer TOKEN' with the token of {token.where}."
        )
        made = server.make_server(
            app.session_tools, requester, stop, _answering(app) if allow_answers else None
        )
        await http.serve_http(made, bound, token.text, stop)

    return serve


def _answering(app: App) -> Answering:
    from parallel_agents.surfaces.mcp.server import Answering  # noqa: PLC0415 - optional, heavy

    async def go_on(answered: OpenQuestion) -> None:
        await app.workers.ensure(answered.session, answered.run)

    return Answering(app.sessions, go_on)


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


def _missing_extra(error: ModuleNotFoundError) -> MissingExtra:
    return MissingExtra(
        "the MCP server is not installed", why=str(error), hint="pip install 'pagents[mcp]'"
    )


async def _serve(
    context: CliContext, bar: DownloadBar, serve: Serve, stop: asyncio.Event, owners: list[OwnerId]
) -> None:
    """Serve until the client leaves or `stop` is set; the name of this process is added to `owners`."""
    async with open_app(context.environment, context.settings, Parts(on_fetch=bar)) as app:
        owners.append(app.owner)
        await serve(app, stop)
        if not app.is_idle:
            render.note("Stopping: nothing new starts; calls in flight can finish.")


async def _hand_over(context: CliContext, owners: Sequence[OwnerId]) -> None:
    """Have a worker continue what an ended process left."""
    for owner in owners:
        async with open_client(context.environment, context.settings) as client:
            left = await client.workers.hand_over(owner)
        if left:
            render.note(f"{left} unfinished; a background worker continues: `pagents list`.")

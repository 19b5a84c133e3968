"""`pagents mcp --http`: the session tools for MCP clients on an address, with a token."""

from __future__ import annotations

import asyncio
from typing import NamedTuple

from parallel_agents.errors import InvalidInput, MissingExtra, MissingKey
from parallel_agents.extras import install_line
from parallel_agents.interrupts import run_interruptible
from parallel_agents.surfaces.cli import render
from parallel_agents.surfaces.cli.context import CliContext
from parallel_agents.surfaces.http.listening import listen
from parallel_agents.surfaces.http.token_file import own_token
from parallel_agents.surfaces.mcp.about import listed
from parallel_agents.surfaces.mcp.client import Client
from parallel_agents.surfaces.mcp.serving import open_calls

try:
    from parallel_agents.surfaces.mcp import http, server
except ModuleNotFoundError as error:
    raise MissingExtra(
        "the MCP server for HTTP is not installed",
        why=str(error),
        hint=f"{install_line('pagents[mcp]')}; over stdio it needs no extra",
    ) from error

TOKEN_NAME = "mcp-token"  # noqa: S105 - the name of a file, not a token
_SECRET = "env:"  # noqa: S105 - how a token is named, not a token


class _Token(NamedTuple):
    """The token that clients must send, and the variable or the file that holds it."""

    text: str
    where: str


def serve_address(
    context: CliContext,
    host: str,
    port: int,
    token: str | None,
    client: Client,
) -> None:
    """Serve HTTP until a Ctrl-C or SIGTERM, to this client, which is everybody who has the token.

    Raises:
        ConfigError, InvalidInput, MissingKey: the address or the token cannot be used.
    """
    where = token or str(context.environment.home / TOKEN_NAME)
    known = _Token(_read_token(context, token), where)
    bound = listen(host, port, "--http")

    async def serve(stop: asyncio.Event) -> None:
        opened = open_calls(context.environment, context.settings, client)
        async with opened as calls:
            render.note(f"Serving MCP on {http.url_of(bound)}. Ctrl-C ends it.")
            render.note(
                f"Clients must send 'Authorization: Bearer TOKEN' with the token of {known.where}."
            )
            made = server.make_server(calls.answer, stop, listed(client))
            await http.serve_http(made, bound, known.text, stop)

    try:
        run_interruptible(serve)
    except KeyboardInterrupt:
        render.note("Stopped at once.")


def _read_token(context: CliContext, token: str | None) -> str:
    """The token that clients must send: that of the named variable, or that of the home."""
    if token is None:
        return own_token(context.environment.home / TOKEN_NAME)
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

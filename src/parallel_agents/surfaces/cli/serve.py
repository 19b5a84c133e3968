"""`pagents serve`: the API and the page over HTTP, for browsers and programs."""

from __future__ import annotations

from typing import Annotated

import typer

from parallel_agents.loading import loading
from parallel_agents.surfaces.cli.context import Home, find_context

LOOPBACK, PORT = "127.0.0.1", 7333


def serve(
    host: Annotated[str, typer.Option(metavar="HOST", help="The address to listen on.")] = LOOPBACK,
    port: Annotated[
        int,
        typer.Option(metavar="PORT", min=0, max=65535, help="The port; 0 is any free port."),
    ] = PORT,
    behind_proxy: Annotated[
        str | None,
        typer.Option(
            metavar="URL", help="The https address of a proxy with TLS in front of the gateway."
        ),
    ] = None,
    read_only: Annotated[
        bool, typer.Option("--read-only", help="Change nothing, whoever asks.")
    ] = False,
    open_page: Annotated[bool, typer.Option("--open", help="Open the page in a browser.")] = False,
    new_token: Annotated[
        bool, typer.Option("--new-token", help="Make new tokens; the old ones are refused.")
    ] = False,
    home: Home = None,
) -> None:
    """Serve the API and the page on this machine, or behind a proxy with TLS.

    A background worker executes what is started here, so that runs continue when this process ends:
    on Ctrl-C or on SIGTERM.
    """
    with loading():
        from parallel_agents.surfaces.cli.serving import Address, serve_gateway  # noqa: PLC0415 - heavy

    address = Address(host, port, behind_proxy)
    serve_gateway(
        find_context(home), address, only_reads=read_only, has_new=new_token, is_opened=open_page
    )

"""Serving: what `pagents serve` does once its options are read."""

from __future__ import annotations

import asyncio
import webbrowser
from collections.abc import Generator
from contextlib import contextmanager
from html import escape
from pathlib import Path
from typing import NamedTuple

from parallel_agents.files import write_private
from parallel_agents.interrupts import run_interruptible
from parallel_agents.loading import loading
from parallel_agents.surfaces.cli import render
from parallel_agents.surfaces.cli.context import CliContext
from parallel_agents.surfaces.gateway import serving
from parallel_agents.surfaces.gateway.access import OPERATE_NAME, HomeTokens, replace_tokens
from parallel_agents.surfaces.gateway.origins import check_address, origins_of
from parallel_agents.surfaces.http.listening import listen, origin_of

_OPENED_NAME = "gateway-open.html"


class Address(NamedTuple):
    """Where the gateway listens, and the proxy in front of it."""

    host: str
    port: int
    proxy: str | None


def serve_gateway(
    context: CliContext, address: Address, *, only_reads: bool, has_new: bool, is_opened: bool
) -> None:
    """Serve until a Ctrl-C or SIGTERM.

    Raises:
        ConfigError, InvalidInput: the address or the tokens cannot be used.
        StoreError: the store cannot be used, or has failed.
    """
    home = context.environment.home
    proxy = check_address(address.host, address.proxy)
    bound = listen(address.host, address.port, "--port")
    if has_new:
        replace_tokens(home)
    tokens = HomeTokens(home, only_reads=only_reads)
    origins = origins_of(address.host, bound.getsockname()[1], proxy)
    shown = proxy or origin_of(bound)
    link = f"{shown}/#t={tokens.current.operate}"

    async def serve(stop: asyncio.Event) -> None:
        opened = serving.open_gateway(context.environment, context.settings)
        async with opened as gateway:
            _tell(shown, link, home / OPERATE_NAME, only_reads=only_reads)
            with loading():
                app = serving.application(gateway, origins, tokens)
            with _browser(home / _OPENED_NAME, link, is_opened=is_opened):
                await serving.serve(gateway, bound, app, stop, only_reads=only_reads)

    with bound:
        try:
            run_interruptible(serve)
        except KeyboardInterrupt:
            render.note("Stopped at once.")


def _tell(shown: str, link: str, file: Path, *, only_reads: bool) -> None:
    """Say where the gateway is. The token is for a person at a terminal, and not for a log."""
    render.line(link if render.out().is_terminal else shown)
    reads = " It changes nothing (--read-only)." if only_reads else ""
    render.note(f"Runs continue when it stops; Ctrl-C stops it.{reads}")
    render.note(f"Programs send 'Authorization: Bearer TOKEN' with the token in {file}.")


@contextmanager
def _browser(file: Path, link: str, *, is_opened: bool) -> Generator[None]:
    """Open the link in a browser by a file: everybody on the machine sees a command's arguments."""
    if not is_opened:
        yield
        return
    target = escape(link, quote=True)
    write_private(file, f'<meta http-equiv="refresh" content="0; url={target}">'.encode())
    try:
        if not webbrowser.open(file.as_uri()):
            render.note("No browser could be opened; open the link above.")
        yield
    finally:
        file.unlink(missing_ok=True)

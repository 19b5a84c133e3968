"""Shared options: those of every command, which need not know of them."""

from __future__ import annotations

from collections.abc import Callable

import typer

from parallel_agents.surfaces.cli.log_options import with_log
from parallel_agents.surfaces.cli.numbers import TakesNumbers
from parallel_agents.surfaces.cli.output_option import with_output
from parallel_agents.surfaces.cli.profile_option import with_profile
from parallel_agents.surfaces.cli.url_option import with_url


def with_options(command: Callable[..., None]) -> Callable[..., None]:
    """The command with them."""
    return with_url(with_profile(with_output(with_log(command))))


def offer_options(app: typer.Typer) -> None:
    """Give them to each command of a group, and to the group itself if it is a command too."""
    for info in app.registered_commands:
        if info.callback is not None and not hasattr(info.callback, "__wrapped__"):
            info.callback = with_options(info.callback)
            info.cls = TakesNumbers
    for group in app.registered_groups:
        if group.typer_instance is not None:
            offer_options(group.typer_instance)
    group = app.registered_callback
    if group is None or group.callback is None or not app.info.invoke_without_command:
        return
    if not hasattr(group.callback, "__wrapped__"):
        group.callback = with_options(group.callback)

"""Traced: what a command's work does, as lines on stderr or in a file, if that was asked for."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

from parallel_agents.core.event_store import OnEvents
from parallel_agents.settings import Environment
from parallel_agents.surfaces.cli import render
from parallel_agents.surfaces.cli.log_options import with_log_options
from parallel_agents.tracing import chosen_trace, tracing


@contextmanager
def traced_beside_screen(environment: Environment) -> Generator[OnEvents | None]:
    """The same for a command that draws the whole screen: only a file can be written beside it.

    Raises:
        ConfigError: there is no such level, or the file cannot be written.
    """
    trace = chosen_trace(with_log_options(environment.variables))
    if trace.is_on_stderr:
        render.note("Note: nothing is logged on a screen that is drawn; add --log-file FILE.")
        yield None
        return
    with traced(environment) as on_events:
        yield on_events


@contextmanager
def traced(environment: Environment) -> Generator[OnEvents | None]:
    """A block in which work is traced; yields what hears of events, None if nothing is traced.

    Lines on stderr go through what draws the live view, which stays whole.

    Raises:
        ConfigError: there is no such level, or the file cannot be written.
    """
    trace = chosen_trace(with_log_options(environment.variables))
    with tracing(trace, lambda line: render.note(line, "dim")) as on_events:
        yield on_events

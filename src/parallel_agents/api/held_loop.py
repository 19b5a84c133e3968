"""Held loop: a program in async code is told if a call holds up all else that it does."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from functools import cache

from parallel_agents.api.display import is_notebook
from parallel_agents.api.opening import LOG


def note_held_loop(instead: str) -> None:
    """Say what to write instead of a call that is not async, if an event loop is running.

    A notebook always has one, and nothing else to do meanwhile.
    """
    with suppress(RuntimeError):  # there is none
        asyncio.get_running_loop()
        if not is_notebook():
            _note(instead)


@cache
def _note(instead: str) -> None:
    LOG.warning(
        "this program's event loop does nothing else until the call has ended; in async code"
        " write %s",
        instead,
    )

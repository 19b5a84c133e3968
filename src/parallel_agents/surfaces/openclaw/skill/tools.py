"""Tools: the nine session tools of the package pagents, as functions."""

from __future__ import annotations

import sys

try:
    from parallel_agents.surfaces.openclaw.tools import (
        agents_list,
        agents_wait,
        session_status,
        sessions_history,
        sessions_list,
        sessions_send,
        sessions_spawn,
        sessions_yield,
        subagents,
    )
except ModuleNotFoundError as error:
    raise ImportError(
        f"{sys.executable} has no package pagents ({error}). Run this with @PYTHON@, which has it, "
        f"or install it from a checkout, since no index has it: {sys.executable} -m pip install '.[local]'"
    ) from None

__all__ = [
    "agents_list",
    "agents_wait",
    "session_status",
    "sessions_history",
    "sessions_list",
    "sessions_send",
    "sessions_spawn",
    "sessions_yield",
    "subagents",
]

"""Helpers: run agents with retries and a ladder of models, several at once, and get their results."""

from __future__ import annotations

import sys

try:
    from parallel_agents.helpers import (
        MODEL_HIERARCHY,
        collect_agent_results,
        parallel_spawn,
        poll_until_complete,
        spawn_parallel_with_retry,
        spawn_with_model_hierarchy,
        spawn_with_retry,
    )
except ModuleNotFoundError as error:
    raise ImportError(
        f"{sys.executable} has no package pagents ({error}). Run this with @PYTHON@, which has it, "
        f"or install it from a checkout, since no index has it: {sys.executable} -m pip install '.[local]'"
    ) from None

__all__ = [
    "MODEL_HIERARCHY",
    "collect_agent_results",
    "parallel_spawn",
    "poll_until_complete",
    "spawn_parallel_with_retry",
    "spawn_with_model_hierarchy",
    "spawn_with_retry",
]

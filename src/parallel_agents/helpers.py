"""Helpers: the import name under which guides for OpenClaw use the skill's functions."""

from __future__ import annotations

from parallel_agents.surfaces.openclaw.helpers import (
    MODEL_HIERARCHY,
    collect_agent_results,
    parallel_spawn,
    poll_until_complete,
    spawn_parallel_with_retry,
    spawn_with_model_hierarchy,
    spawn_with_retry,
)

__all__ = [
    "MODEL_HIERARCHY",
    "collect_agent_results",
    "parallel_spawn",
    "poll_until_complete",
    "spawn_parallel_with_retry",
    "spawn_with_model_hierarchy",
    "spawn_with_retry",
]

"""Orchestrator: runs an agent for each task; as a script it writes five example posts."""

from __future__ import annotations

import sys

try:
    from parallel_agents.surfaces.openclaw.orchestrator import (
        RealAIParallelOrchestrator,
        run_parallel,
        save_results,
    )
    from parallel_agents.surfaces.openclaw.rosters import (
        AGENT_PROMPTS,
        create_content_team,
        create_dev_team,
        create_meta_agent_workflow,
        create_review_team,
    )
    from parallel_agents.surfaces.openclaw.tasks import AgentResult, AgentTask
except ModuleNotFoundError as error:
    raise ImportError(
        f"{sys.executable} has no package pagents ({error}). Run this with @PYTHON@, which has it, "
        f"or install it from a checkout, since no index has it: {sys.executable} -m pip install '.[local]'"
    ) from None

__all__ = [
    "AGENT_PROMPTS",
    "AgentResult",
    "AgentTask",
    "RealAIParallelOrchestrator",
    "create_content_team",
    "create_dev_team",
    "create_meta_agent_workflow",
    "create_review_team",
    "run_parallel",
    "save_results",
]

if __name__ == "__main__":
    topic = " ".join(sys.argv[1:]) or "Monday motivation"
    for result in RealAIParallelOrchestrator().run_parallel(create_content_team(topic)):
        print(f"{result.agent_type}: {result.status} {result.output or result.error}")

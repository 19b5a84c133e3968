"""Agent test: the built-in flow that tests an agent on its cases, on each model and in each version asked for."""

from __future__ import annotations

import asyncio
from typing import Any

from parallel_agents.cases.report import TestReport
from parallel_agents.cases.testing import test_agent
from parallel_agents.core.agent import Agent
from parallel_agents.core.case import Case
from parallel_agents.flows.flow import Flow, steps_of


async def agent_test(
    flow: Flow,
    agent: Agent[Any],
    cases: tuple[Case, ...],
    models: tuple[str, ...] = (),
    repeat: int = 1,
    against: Agent[Any] | None = None,
    keeps: bool = False,
) -> list[TestReport]:
    """Test an agent; the reports are those of the agent on each model, then those of the other version."""
    steps = steps_of(flow)
    versions = [agent] if against is None else [agent, against]
    async with asyncio.TaskGroup() as group:
        tests = [
            group.create_task(
                test_agent(
                    steps, version, cases, model=model, repeat=repeat, key="test", keeps=keeps
                )
            )
            for version in versions
            for model in (models or (None,))
        ]
    return [test.result() for test in tests]

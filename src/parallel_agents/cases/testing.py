"""Testing: an agent does the tasks of cases in a flow, and the report says which of them it passes."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from typing import Any

from parallel_agents.cases.report import TestReport
from parallel_agents.cases.trying import Try, case_try
from parallel_agents.core.agent import Agent
from parallel_agents.core.case import Case, digest_of
from parallel_agents.errors import InvalidInput
from parallel_agents.flows.steps import Steps

MOST_TRIES = 2_000


async def test_agent(
    steps: Steps,
    agent: Agent[Any],
    cases: Sequence[Case],
    *,
    model: str | None = None,
    repeat: int = 1,
    key: str | None = None,
    keeps: bool = False,
) -> TestReport:
    """Test an agent on cases, as a step of a flow; every try is made once, whatever ends the process.

    Args:
        steps: those of the flow.
        agent: its definition, which need not be registered.
        cases: with different ids.
        model: `provider/model`; None for the agent's, or the flow's.
        repeat: how many times each case is tried.
        key: the name of the step; None for a name of its own.
        keeps: whether the workspaces of the cases stay.

    Raises:
        InvalidInput: there are no cases, or more tries than a test may have.
    """
    name = steps.names.take(key, "test")
    wanted = list(_tries(name, agent, cases, model, repeat, keeps=keeps))
    check_count(len(cases), len(wanted))
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(case_try(steps, each)) for each in wanted]
    return TestReport(
        agent=agent.name,
        version=digest_of(agent, cases),
        tries=tuple(task.result() for task in tasks),
    )


def check_count(cases: int, tries: int) -> None:
    """Refuse a test that tries nothing, or too much.

    Raises:
        InvalidInput: it does.
    """
    if not cases:
        raise InvalidInput("there are no cases to test", hint="pass at least one case")
    if tries > MOST_TRIES:
        raise InvalidInput(
            f"the test has {tries:,} tries",
            why=f"a test has at most {MOST_TRIES:,}: its cases, times the repetitions, times the models",
            hint="repeat less, or name single cases",
        )


def _tries(
    name: str,
    agent: Agent[Any],
    cases: Sequence[Case],
    model: str | None,
    repeat: int,
    *,
    keeps: bool,
) -> Iterator[Try]:
    for case in cases:
        for number in range(1, repeat + 1):
            yield Try(f"{name}/{case.id}-{number}", agent, case, number, model, keeps)

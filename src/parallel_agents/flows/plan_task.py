"""Plan task: a plan with its inputs as the task of the built-in flow that does it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from parallel_agents.core.flow import FlowTask
from parallel_agents.core.plan import Plan
from parallel_agents.core.plan_inputs import complete_input
from parallel_agents.core.schema import Json
from parallel_agents.flows.plan_limits import stored_plan

NAME = "plan"


def plan_task(
    plan: Plan, inputs: Mapping[str, Json], *, label: str = "", options: Iterable[str] = ()
) -> FlowTask:
    """A plan with its inputs as the task of the built-in flow.

    Args:
        plan: without problems, as `core.plan_checks` finds them.
        inputs: missing ones get their defaults.
        label: what tables call it; empty for the plan's name.
        options: other names that may be meant by one which is no input.

    Raises:
        InvalidInput: the plan does not take these inputs.
    """
    work, limits = stored_plan(plan)
    return FlowTask(
        name=NAME,
        label=label or plan.name,
        input={"plan": work, "inputs": complete_input(plan, inputs, options)},
        options=limits,
        model=plan.model,
        max_parallel=plan.max_parallel,
        timeout_seconds=plan.timeout_seconds,
        budget=plan.budget,
    )

"""Create step: the making of an agent as a step of a plan, by the built-in flow that makes agents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from parallel_agents.core.budget import Budget
from parallel_agents.core.flow import FlowTask
from parallel_agents.core.plan import CREATED, Create
from parallel_agents.core.run import Result
from parallel_agents.core.schema import Json
from parallel_agents.errors import StepFailed
from parallel_agents.flows.gathered import why_not_done

CREATE = "create_agent"


def create_task(create: Create, *, label: str, model: str | None, budget: Budget) -> FlowTask:
    """The making of an agent, which gets no tools."""
    values: dict[str, Json] = {
        "name": create.name,
        "purpose": create.purpose,
        "options": {"target": create.target},
    }
    return FlowTask(name=CREATE, label=label, input=values, model=model, budget=budget)


def created(create: Create, result: Result) -> Json:
    """What became of the agent.

    Raises:
        StepFailed: it was not made, or stays a draft.
    """
    found = result.output_json
    if not result.is_done or not isinstance(found, Mapping):
        raise StepFailed(why_not_done(result), why=result.error.why if result.error else "")
    if found.get("version") is None:
        reasons = found.get("reasons")
        listed = reasons if isinstance(reasons, Sequence) and not isinstance(reasons, str) else ()
        raise StepFailed(
            f"the agent {create.name} stays a draft",
            why="; ".join(map(str, listed)),
            hint=f"`pagents agents refine {create.name}` makes it better",
        )
    known = CREATED["properties"]
    assert isinstance(known, Mapping), "the schema of an object"
    return {name: found.get(name) for name in known}

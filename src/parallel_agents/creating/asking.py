"""Asking: the tasks of the agents that make agents, in steps that a small model can do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeAlias

from parallel_agents.agent_versions.record import Files
from parallel_agents.core.agent import Agent
from parallel_agents.core.cutting import head
from parallel_agents.core.object_schema import properties
from parallel_agents.core.schema import Json, JsonObject
from parallel_agents.core.task import Task
from parallel_agents.creating.case_design import cases_schema
from parallel_agents.creating.design import Design, DesignField, design_schema, instructions_schema

CREATOR, REVIEWER, REFINER = "agent_creator", "agent_design_reviewer", "agent_refiner"
_MOST_PROBLEMS, _MOST_SHOWN = 10, 30_000
_DESIGN = "Design the fields of the agent: description, inputs, outputs and temperature."
_INSTRUCTIONS = "Write the instructions of the agent. They name each of its outputs."
_CASES = "Write three cases that test the agent: an ordinary one, one that is different, and a difficult one."
_REVIEW = "Review the draft of the agent."
_REFINE = "Write the next version of the agent's instructions."

AnyTask: TypeAlias = Task[Any]


def design_task(creator: Agent, name: str, purpose: str, tools: Sequence[str]) -> AnyTask:
    """Asks for the fields of an agent."""
    may = f" Of these tools, name those that it needs: {', '.join(tools)}." if tools else ""
    return Task(
        replace(creator, output_schema=design_schema(tools), examples=()),
        _DESIGN + may,
        input={"name": name, "purpose": purpose},
    )


def instructions_task(creator: Agent, name: str, purpose: str, design: Design) -> AnyTask:
    """Asks for the instructions of an agent with these fields."""
    values: dict[str, Json] = {
        "name": name,
        "purpose": purpose,
        "description": design.description,
        "inputs": [_shown(field) for field in design.inputs],
        "outputs": [_shown(field) for field in design.outputs],
    }
    return Task(
        replace(creator, output_schema=instructions_schema(), examples=()),
        _INSTRUCTIONS,
        input=values,
    )


def cases_task(creator: Agent, purpose: str, agent: Agent, problems: Sequence[str]) -> AnyTask:
    """Asks for the cases of an agent; `problems` are those of the cases before."""
    values: dict[str, Json] = {
        "name": agent.name,
        "purpose": purpose,
        "description": agent.description,
        "inputs": _listed(agent.input_schema),
        "outputs": _listed(agent.output_schema),
        "instructions": agent.instructions,
        **({"problems": list(problems[:_MOST_PROBLEMS])} if problems else {}),
    }
    return Task(
        replace(creator, output_schema=cases_schema(agent), examples=()), _CASES, input=values
    )


def draft_text(files: Files) -> str:
    """A draft as its reviewer reads it: the agent's file, then that of its cases."""
    return f"{files.agent}\n# Cases\n{files.cases}"


def review_task(
    reviewer: Agent, name: str, purpose: str, draft: str, results: str, model: str
) -> AnyTask:
    """Asks for a review of a draft."""
    values = {
        "agent_name": name,
        "purpose": purpose,
        "draft": head(draft, _MOST_SHOWN),
        "results": head(results, _MOST_SHOWN),
    }
    return Task(reviewer, _REVIEW, input=values, model=model or None)


def refine_task(
    refiner: Agent,
    purpose: str,
    agent: Agent,
    problems: Sequence[str],
    failed: Sequence[str],
    critique: str,
) -> AnyTask:
    """Asks for better instructions."""
    values: dict[str, Json] = {
        "agent_name": agent.name,
        "purpose": purpose,
        "instructions": agent.instructions,
        "outputs": list(properties(agent.output_schema or {})),
    }
    given: Mapping[str, Json] = {
        "problems": list(problems[:_MOST_PROBLEMS]),
        "failed_cases": list(failed[:_MOST_PROBLEMS]),
        "critique": critique,
    }
    values |= {name: value for name, value in given.items() if value}
    return Task(refiner, _REFINE, input=values)


def _shown(field: DesignField) -> JsonObject:
    choices: JsonObject = {"choices": list(field.choices)} if field.choices else {}
    return {"name": field.name, "kind": field.kind.value, "about": field.about, **choices}


def _listed(schema: JsonObject | None) -> list[Json]:
    return [{"name": name, **field} for name, field in properties(schema or {}).items()]

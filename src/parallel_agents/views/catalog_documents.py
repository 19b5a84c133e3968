"""Catalog documents: agents and teams for machines, the same in `--json` and over HTTP."""

from __future__ import annotations

import orjson

from parallel_agents.catalog.catalog import AgentEntry, TeamEntry
from parallel_agents.catalog.team import Team
from parallel_agents.core.agent import Agent
from parallel_agents.core.schema import Json
from parallel_agents.errors import InvalidFile


def agent_entry_json(entry: AgentEntry) -> dict[str, Json]:
    """An agent with its file, or why the file is not valid."""
    if isinstance(entry.content, InvalidFile):
        return {"name": entry.name, "file": str(entry.file), "error": entry.content.message}
    return {**agent_json(entry.content), "file": str(entry.file)}


def agent_json(agent: Agent) -> dict[str, Json]:
    return orjson.loads(orjson.dumps(agent))


def team_entry_json(entry: TeamEntry) -> dict[str, Json]:
    """A team with its file, or why the file is not valid."""
    if isinstance(entry.content, InvalidFile):
        return {"name": entry.name, "file": str(entry.file), "error": entry.content.message}
    return {**team_json(entry.content), "file": str(entry.file)}


def team_json(team: Team) -> dict[str, Json]:
    tasks: list[Json] = [
        {"label": task.label, "agent": task.agent.name, "text": task.text, "input": task.input}
        for task in team.tasks
    ]
    if team.plan is not None:
        tasks = [
            {
                "label": s.id,
                "agent": s.agent,
                "needs": list(s.needs),
                "text": s.text,
                "input": s.input,
            }
            for s in team.plan.steps
        ]
    head = {"name": team.name, "description": team.description, "model": team.model}
    return {**head, "input": team.input_schema, "tasks": tasks}

"""Rosters: the teams of the guides as lists of tasks, and the agents' instructions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from typing_extensions import override

from parallel_agents.catalog.catalog import Catalog
from parallel_agents.core.agent import Agent
from parallel_agents.settings import read_environment
from parallel_agents.surfaces.openclaw.tasks import AgentTask

_WRITERS = ("creative", "funny", "educational", "trendy", "controversial")
_DEVELOPERS = {
    "frontend_developer": "Design the front end of",
    "backend_developer": "Design the back end of",
    "database_architect": "Design the database of",
    "api_designer": "Design the HTTP API of",
    "devops_engineer": "Design the delivery pipeline of",
}
_REVIEWERS = {
    "code_reviewer": "Review this code for mistakes and maintainability.",
    "security_reviewer": "Review this code for security.",
    "performance_reviewer": "Review this code for performance.",
    "accessibility_reviewer": "Review this code for accessibility.",
    "test_engineer": "Propose tests for this code.",
}
_SECONDS = 180


def create_content_team(topic: str, platform: str = "bluesky") -> list[AgentTask]:
    """Five writers on one topic, each in a different style."""
    return [
        AgentTask(
            f"content_writer_{manner}",
            f"Write a post about {topic} for {platform}.",
            {"topic": topic, "platform": platform},
        )
        for manner in _WRITERS
    ]


def create_dev_team(app_name: str, features: Iterable[str] = ()) -> list[AgentTask]:
    """Five developers, each designing one layer of an application."""
    values = {"name": app_name, "features": list(features)}
    return [AgentTask(name, f"{work} {app_name}.", values) for name, work in _DEVELOPERS.items()]


def create_review_team(code: str, language: str | None = None) -> list[AgentTask]:
    """Four reviewers and a test engineer, each with one question about the same code."""
    values = {"code": code} if language is None else {"code": code, "language": language}
    return [AgentTask(name, work, values) for name, work in _REVIEWERS.items()]


def create_meta_agent_workflow(new_agents: Iterable[Mapping[str, Any]]) -> list[AgentTask]:
    """A creator for each new agent and, after the creators, a reviewer for each, who reads the draft.

    Args:
        new_agents: `name`, `purpose`, and whatever else a creator should know.
    """
    wanted = [dict(agent) for agent in new_agents]
    creators = [
        AgentTask(
            "agent_creator",
            f"Design the agent {agent.get('name')}: {agent.get('purpose')}",
            agent,
            timeout_seconds=_SECONDS,
        )
        for agent in wanted
    ]
    reviewers = [
        AgentTask(
            "agent_design_reviewer",
            f"Review the design of the agent {agent.get('name')}",
            {
                name: value
                for name, value in (
                    ("agent_name", agent.get("name")),
                    ("domain", agent.get("domain")),
                    ("purpose", agent.get("purpose")),
                )
                if value is not None
            },
            timeout_seconds=_SECONDS,
        )
        for agent in wanted
    ]
    return [*creators, *reviewers]


class _Prompts(Mapping[str, str]):
    """The agents' instructions by name, including your agents; files are read on access."""

    @override
    def __getitem__(self, name: str) -> str:
        return self._read()[name]

    @override
    def __iter__(self) -> Iterator[str]:
        return iter(self._read())

    @override
    def __len__(self) -> int:
        return len(self._read())

    def _read(self) -> dict[str, str]:
        environment = read_environment()
        agents = Catalog(environment.folders, environment.accept).agents()
        return {
            entry.name: entry.content.instructions
            for entry in agents
            if isinstance(entry.content, Agent)
        }


AGENT_PROMPTS: Mapping[str, str] = _Prompts()

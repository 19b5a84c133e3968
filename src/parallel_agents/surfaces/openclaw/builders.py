"""Builders: teams of agents as one object each."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from parallel_agents.surfaces.openclaw.answers import Answer
from parallel_agents.surfaces.openclaw.helpers import parallel_spawn, poll_until_complete


class ResearchTeam:
    """One agent for each topic, in parallel.

    Args:
        topics: what to research, one agent each.
        **arguments: further arguments of `sessions_spawn`, applied to every agent, such as `model`
            or `agent_type`.

    Attributes:
        topics: what to research, as a list.
        agents: what `sessions_spawn` returned for each topic; empty until `spawn` is called.
    """

    def __init__(self, topics: Iterable[str], **arguments: object) -> None:
        self.topics = list(topics)
        self.agents: list[Answer] = []
        self._arguments = arguments

    def spawn(self) -> list[Answer]:
        """Start the agents and return at once; a second call starts nothing."""
        if not self.agents:
            tasks = [
                {"task": f"Research and summarize: {topic}", "label": topic[:512]}
                for topic in self.topics
            ]
            self.agents = parallel_spawn(tasks, **self._arguments)
        return self.agents

    def execute(self, timeout: float | None = 120) -> list[dict[str, Any]]:
        """Start the agents and wait; return a result for each topic, in order, with its `topic`.

        Args:
            timeout: seconds in total; unfinished agents continue, and another call waits for them.
        """
        results = poll_until_complete(self.spawn(), timeout)
        return [
            {"topic": topic, **result} for topic, result in zip(self.topics, results, strict=True)
        ]

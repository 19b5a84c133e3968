"""Builders: teams of agents as one object each."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from parallel_agents.surfaces.openclaw.answers import Answer
from parallel_agents.surfaces.openclaw.helpers import parallel_spawn, poll_until_complete


class ResearchTeam:
    """An agent for each topic, side by side.

    Args:
        topics: what to find out about, one agent each.
        **arguments: of `sessions_spawn`, for all of them, such as `model` or `agent_type`.

    Attributes:
        topics: the same.
        agents: what `sessions_spawn` answered for each; empty until they are spawned.
    """

    def __init__(self, topics: Iterable[str], **arguments: object) -> None:
        self.topics = list(topics)
        self.agents: list[Answer] = []
        self._arguments = arguments

    def spawn(self) -> list[Answer]:
        """Start them, and return at once; those that were started are not started again."""
        if not self.agents:
            tasks = [
                {"task": f"Research and summarize: {topic}", "label": topic[:512]}
                for topic in self.topics
            ]
            self.agents = parallel_spawn(tasks, **self._arguments)
        return self.agents

    def execute(self, timeout: float | None = 120) -> list[dict[str, Any]]:
        """Start them and wait: a result for each topic, in order, with the `topic` in it.

        Args:
            timeout: seconds for the whole; what is not over by then goes on, and calling this
                again waits for it.
        """
        results = poll_until_complete(self.spawn(), timeout)
        return [
            {"topic": topic, **result} for topic, result in zip(self.topics, results, strict=True)
        ]

"""Builders: teams of agents as one object each."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from parallel_agents.core.takers import is_mapping
from parallel_agents.surfaces.openclaw.answers import Answer
from parallel_agents.surfaces.openclaw.helpers import parallel_spawn, poll_until_complete
from parallel_agents.surfaces.openclaw.live import live
from parallel_agents.surfaces.openclaw.outcomes import no_outcome
from parallel_agents.surfaces.openclaw.synthesis import begin_synthesis

_UNFINISHED = ("pending", "running")


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
        self._editor: str | None = None
        self._missing: list[str] = []

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

    def synthesis(self, timeout: float | None = 120) -> dict[str, Any]:
        """Have an editor make one report of what the topics came to; starts and waits for all first.

        Each statement quotes the topic that it is from: an answer with a quote that is not in that
        topic's result is refused. A second call returns the same report.

        Args:
            timeout: seconds for the topics, and again for the editor; whoever is unfinished
                continues, and another call waits for them.

        Returns:
            A result like those of `execute`, with `statements`, each with its `topic`, `quote` and
            `statement`, and `missing`, the topics that came to nothing.
        """
        results = self.execute(timeout)
        if late := [result["topic"] for result in results if result["status"] in _UNFINISHED]:
            waiting = no_outcome(f"{', '.join(late)}: not finished yet; call again to wait on")
            return {**waiting, "status": "pending", "statements": [], "missing": late}
        found = [result for result in results if result["success"]]
        missing = [result["topic"] for result in results if not result["success"]]
        if self._editor is None:
            if not found:
                lost = no_outcome("no topic has a result, so there is nothing to make a report of")
                return {**lost, "statements": [], "missing": missing}
            model = self._arguments.get("model")
            named = model if isinstance(model, str) else None
            shared = live()
            self._editor = shared.do(
                lambda app: begin_synthesis(app, shared.requester, found, named)
            ).session_key
            self._missing = missing
        (report,) = poll_until_complete(self._editor, timeout)
        output: object = report["output"]
        statements: object = output.get("statements") if is_mapping(output) else None
        return {**report, "statements": statements or [], "missing": self._missing}

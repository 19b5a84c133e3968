"""Refiner: an agent that writes the next version of an answer, in a session below the writer's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from parallel_agents.core.agent import Agent
from parallel_agents.core.run import Result
from parallel_agents.core.session import SessionOptions
from parallel_agents.core.submission import Draft
from parallel_agents.core.task import Task
from parallel_agents.core.verbs import Sessions

GROUP = "refiner"
# What a refiner is given.
MADE = ("task", "work", "critique")


class Refiner:
    """Has answers revised by another agent.

    Args:
        sessions: the verbs.
        find_agent: returns the agent of a name.
    """

    def __init__(self, sessions: Sessions, find_agent: Callable[[str], Agent]) -> None:
        self._sessions = sessions
        self._find_agent = find_agent

    async def revise(self, by: str, draft: Draft) -> Result:
        """The next version of the draft by the agent `by`, in the form in which the writer answers.

        The agent runs on its own model, or else on the writer's.

        Raises:
            UnknownAgent, InvalidFile: there is no such agent.
        """
        writer, agent = draft.session.agent, self._find_agent(by)
        task = Task(
            replace(agent, output_schema=writer.output_schema, examples=()),
            "Make the next version of the work.",
            input={"task": draft.task, "work": draft.work, "critique": draft.critique},
            model=agent.model or draft.model,
            label=f"{by} of {draft.session.label}",
            key=f"revise-{draft.attempt}",
            options=SessionOptions(group=GROUP, is_quiet=True, is_service=True),
        )
        spawned = await self._sessions.spawn(task, parent=draft.session.key)
        return (await self._sessions.wait([spawned.run_id]))[0]

"""Refiner: an agent that makes the next version of somebody's answer, in a session under the work's."""

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


class Refiner:
    """Has answers revised.

    Args:
        sessions: the verbs.
        agent: the agent of a name.
    """

    def __init__(self, sessions: Sessions, agent: Callable[[str], Agent]) -> None:
        self._sessions = sessions
        self._agent = agent

    async def revise(self, by: str, draft: Draft) -> Result:
        """What the agent `by` made of the draft, in the form in which its writer answers.

        It works on its own model, or else on the one that the writer is on.
        """
        writer, agent = draft.session.agent, self._agent(by)
        task = Task(
            replace(agent, output_schema=writer.output_schema),
            "Make the next version of the work.",
            input={"task": draft.task, "work": draft.work, "critique": draft.critique},
            model=agent.model or draft.model,
            label=f"{by} of {draft.session.label}",
            key=f"revise-{draft.attempt}",
            options=SessionOptions(group=GROUP, is_quiet=True, is_service=True),
        )
        spawned = await self._sessions.spawn(task, parent=draft.session.key)
        return (await self._sessions.wait([spawned.run_id]))[0]

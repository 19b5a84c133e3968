"""Gates: the seam to whatever judges a run's answer or revises it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from parallel_agents.core.gate import Gate, Verdict
from parallel_agents.core.run import Result
from parallel_agents.core.submission import Draft, Submission

Park = Callable[[], object]


class Gatekeeper(Protocol):
    """Judges and revises answers; calls `park` before it waits for other runs or programs."""

    async def check(self, gate: Gate, submission: Submission, park: Park) -> Verdict:
        """The gate's verdict.

        Raises:
            GateBroken: the gate cannot give one.
        """
        ...

    async def revise(self, by: str, draft: Draft, park: Park) -> Result:
        """The draft's next version, made by the agent `by` in a run of its own.

        Raises:
            UnknownAgent: no agent has that name.
        """
        ...

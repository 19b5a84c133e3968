"""Gatekeeping: who says whether an answer counts and who makes it better; and a refusal as an error."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from parallel_agents.core.gate import (
    ConditionGate,
    Gate,
    RegexGate,
    Verdict,
    check_in_core,
    describe_gate,
)
from parallel_agents.core.run import Result
from parallel_agents.core.submission import Draft, Submission
from parallel_agents.errors import GateBroken, GateRefused

Park = Callable[[], object]


class Gatekeeper(Protocol):
    """`park` gives the run's place away while others work for it."""

    async def check(self, gate: Gate, submission: Submission, park: Park) -> Verdict:
        """The gate's verdict.

        Raises:
            GateBroken: it can not give one.
        """
        ...

    async def revise(self, by: str, draft: Draft, park: Park) -> Result:
        """What the agent `by` made of a draft, in a run of its own.

        Raises:
            UnknownAgent: there is none of that name.
        """
        ...


class PlainGates:
    """A gatekeeper of gates that need nothing but the answer."""

    async def check(self, gate: Gate, submission: Submission, park: Park) -> Verdict:
        del park
        if isinstance(gate, ConditionGate | RegexGate):
            return check_in_core(gate, submission.answer, submission.text)
        raise GateBroken(f"nobody here can check {describe_gate(gate)}", hint="run it with pagents")

    async def revise(self, by: str, draft: Draft, park: Park) -> Result:
        del draft, park
        raise GateBroken(f"nobody here can ask {by}", hint="run it with pagents")


PLAIN = PlainGates()


def refusal_of(refusals: Sequence[Verdict]) -> GateRefused:
    """What gates that refuse an answer say, as one error."""
    return GateRefused(
        f"the answer did not pass {', '.join(verdict.gate for verdict in refusals)}",
        why="\n".join(verdict.critique for verdict in refusals if verdict.critique),
        hint="give it more attempts, a ladder with a stronger model, or a gate that fits the task",
    )

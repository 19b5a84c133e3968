"""Gatekeeping: who gives the verdicts of an answer's gates, and what a refusal is as an error."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from parallel_agents.core.gate import (
    Gate,
    Holds,
    Matches,
    Verdict,
    check_plain,
    name_of,
)
from parallel_agents.core.submission import Submission
from parallel_agents.errors import GateBroken, GateRefused


class Gatekeeper(Protocol):
    async def check(
        self, gate: Gate, submission: Submission, park: Callable[[], object]
    ) -> Verdict:
        """The gate's verdict; `park` gives the run's place away while others work for it.

        Raises:
            GateBroken: it can not give one.
        """
        ...


class PlainGates:
    """A gatekeeper of gates that need nothing but the answer."""

    async def check(
        self, gate: Gate, submission: Submission, park: Callable[[], object]
    ) -> Verdict:
        del park
        if isinstance(gate, Holds | Matches):
            return check_plain(gate, submission.answer, submission.text)
        raise GateBroken(f"nobody here can check {name_of(gate)}", mend="run it with pagents")


PLAIN = PlainGates()


def refusal_of(verdict: Verdict) -> GateRefused:
    return GateRefused(
        f"the answer did not pass {verdict.gate}",
        why=verdict.critique,
        mend="give it more attempts, a ladder with a stronger model, or a gate that fits the task",
    )

"""Approvals: what permissions say of a turn's calls, and what people say where those leave it to them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from parallel_agents.core.call_decisions import Ruled
from parallel_agents.core.decisions import Decisions
from parallel_agents.core.event import Entry
from parallel_agents.core.message import Place, ToolCall
from parallel_agents.core.permission import (
    Decision,
    Permissions,
    Verdict,
    decide,
    is_denied,
    may_ever,
    subject_of,
)
from parallel_agents.core.question import Question, QuestionKind
from parallel_agents.core.tool import Access, ToolSpec
from parallel_agents.runners.agent.questions import Questions
from parallel_agents.runners.clock import Clock

_MOST_SUBJECT = 500


class Requested(NamedTuple):
    """A call that would be executed, with its tool."""

    place: Place
    call: ToolCall
    spec: ToolSpec

    @property
    def about(self) -> str:
        return f"{self.place}/approval"


class Approvals:
    """The permissions of one run.

    Args:
        layers: the rules, the outermost first.
        folder: where the run's tools work; empty for the folder of the process.
    """

    __slots__ = ("_folder", "_layers")

    def __init__(self, layers: Sequence[Permissions], folder: str) -> None:
        self._layers = layers
        self._folder = folder

    def denies(self, tool: str, subject: str) -> bool:
        """Whether a rule denies a tool what it reaches, though its call does not name it."""
        return is_denied(self._layers, tool, subject)

    def _about(self, spec: ToolSpec, call: ToolCall) -> str:
        return subject_of(spec, call.arguments, self._folder)

    def _decide(self, spec: ToolSpec, call: ToolCall) -> Decision:
        return decide(self._layers, spec, self._about(spec, call))

    def ruling(self, place: Place, spec: ToolSpec | None, call: ToolCall) -> Entry | None:
        """The event of what the permissions say of a call; None where they need not be asked."""
        if spec is None:
            return None
        decision = self._decide(spec, call)
        is_allowed = decision.verdict is not Verdict.DENY
        if is_allowed and spec.access in {Access.NONE, Access.READ}:
            return None
        ruled = Ruled(
            turn=place.turn,
            number=place.number,
            tool=spec.name,
            subject=self._about(spec, call)[:_MOST_SUBJECT],
            is_allowed=is_allowed,
            rule=decision.rule,
        )
        return Entry(f"{place}/ruled", ruled)

    def notices(self, specs: Iterable[ToolSpec]) -> tuple[str, ...]:
        """What a reader of the result should know: the tools of which no call could be allowed."""
        return tuple(
            f"no permission allows any call of {spec.name}, which the agent names"
            for spec in specs
            if not may_ever(self._layers, spec)
        )

    def refusal(self, spec: ToolSpec, call: ToolCall) -> str:
        """Why a call is denied, in words for a model; empty if it is not."""
        decision = self._decide(spec, call)
        if decision.verdict is not Verdict.DENY:
            return ""
        if decision.rule:
            return f"The permissions of this session deny the call, by the rule {decision.rule}."
        return (
            f"The permissions of this session do not allow this call of {call.name}. "
            "Do without it, or say what you would need it for."
        )

    def question(
        self, requested: Requested, decisions: Decisions, expires_at: float
    ) -> Question | None:
        """What a person must be asked about a call; None for nothing."""
        decision = self._decide(requested.spec, requested.call)
        if decision.verdict is not Verdict.ASK or decision.rule in decisions.granted:
            return None
        return Question(
            question=QuestionKind.APPROVAL,
            text=self._about(requested.spec, requested.call),
            tool=requested.call.name,
            arguments=requested.call.arguments,
            rule=decision.rule,
            expires_at=expires_at,
        )

    async def obtain(
        self,
        requested: Sequence[Requested],
        questions: Questions,
        decisions: Decisions,
        clock: Clock,
    ) -> float:
        """Wait until people have decided about those of these calls that wait for them.

        Returns:
            The seconds for which the run's clock stood still.
        """
        asked: dict[str, tuple[Place, Question]] = {}
        for one in requested:
            question = self.question(one, decisions, questions.end)
            if question is not None and one.about not in decisions.answered:
                asked[one.about] = (one.place, question)
        if not asked:
            return 0.0
        await questions.ask(asked)
        began, is_parked = asyncio.get_running_loop().time(), clock.park()
        for about, (place, _) in asked.items():
            await questions.answer(about, place)
        parked = asyncio.get_running_loop().time() - began
        await clock.resume()
        return parked if is_parked else 0.0

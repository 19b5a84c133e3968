"""Approvals: what permissions say of a turn's calls, and what people say where those leave it to them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from parallel_agents.core.answer_rules import Given
from parallel_agents.core.call_decisions import Ruled
from parallel_agents.core.cutting import head
from parallel_agents.core.decisions import Decisions
from parallel_agents.core.event import Entry
from parallel_agents.core.kept_text import reads_kept
from parallel_agents.core.mcp_names import is_mcp_name, parse_mcp_name
from parallel_agents.core.message import Place, ToolCall
from parallel_agents.core.permission import (
    Decision,
    Permissions,
    Ruling,
    decide,
    is_denied,
    may_ever,
)
from parallel_agents.core.question import Answer, Question, QuestionKind
from parallel_agents.core.tool import SubjectKind, ToolSpec
from parallel_agents.folder import Folder, PathRefused
from parallel_agents.links import real_path
from parallel_agents.runners.agent.questions import Questions
from parallel_agents.runners.clock import Clock

_MOST_SUBJECT = 500


class Requested(NamedTuple):
    """A call that would be executed, and what the permissions say of it."""

    place: Place
    call: ToolCall
    spec: ToolSpec
    decision: Decision

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

    def denies(self, tool: str, other: str, subject: str) -> bool:
        """Whether a rule denies a tool, or another, what its call reaches and does not name."""
        return any(is_denied(self._layers, name, subject) for name in {tool, other})

    def permits(self, spec: ToolSpec, decisions: Decisions, subject: str) -> bool:
        """Whether a call about a subject would be made, and nobody asked."""
        decision = decide(self._layers, spec, subject)
        is_granted = decision.ruling is Ruling.ASK and decision.rule in decisions.granted
        return decision.ruling is Ruling.ALLOW or is_granted

    def decide(self, spec: ToolSpec, call: ToolCall) -> Decision:
        """What the permissions say of a call."""
        decision = decide(self._layers, spec, self._about(spec, call))
        is_ruled_out = decision.ruling is Ruling.DENY and bool(decision.rule)
        if is_ruled_out or not reads_kept(call):
            return decision
        return decision._replace(ruling=Ruling.ALLOW, rule="")  # the session was told it already

    def _about(self, spec: ToolSpec, call: ToolCall) -> str:
        """What a call is about: of a path, where it leads by links."""
        if spec.subject is None:
            return ""
        value = call.arguments.get(spec.subject.argument, "")
        text = value if isinstance(value, str) else ""
        if spec.subject.kind is not SubjectKind.PATH or not text:
            return text
        try:
            return Folder(real_path(Path(self._folder or "."))).real_path(text)
        except PathRefused:
            return text  # it leads out of the folder, as only a tool of the program's own allows

    def notices(self, specs: Iterable[ToolSpec]) -> tuple[str, ...]:
        """What a reader of the result should know: the tools whose calls could never be allowed."""
        allowed: dict[str, bool] = {}
        for spec in specs:
            is_served = is_mcp_name(spec.name)
            server = parse_mcp_name(spec.name).server if is_served else ""
            what = f"the tools of the MCP server {server}" if is_served else spec.name
            allowed[what] = allowed.get(what, False) or may_ever(self._layers, spec)
        return tuple(
            f"no permission allows any call of {what}, which the agent names"
            for what, is_allowed in allowed.items()
            if not is_allowed
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
        given: dict[str, Given | None] = {}
        for one in requested:
            if _must_ask(one, decisions) and one.about not in decisions.answered:
                asked[one.about] = (one.place, _question(one, questions.end))
                given[one.about] = questions.of_call(one.spec, one.decision.about)
        if not asked:
            return 0.0
        await questions.ask(asked, given)
        if decisions.answered.keys() >= asked.keys():
            return 0.0
        began, is_parked = asyncio.get_running_loop().time(), clock.park()
        for about, (place, _) in asked.items():
            await questions.answer(about, place)
        parked = asyncio.get_running_loop().time() - began
        await clock.resume()
        return parked if is_parked else 0.0


def ruling(place: Place, spec: ToolSpec, decision: Decision, answer: Answer | None) -> Entry | None:
    """The event of what permissions and a person say of a call; None for what is always allowed."""
    is_allowed = decision.ruling is not Ruling.DENY and (answer is None or answer.allow)
    if is_allowed and spec.access.is_free:
        return None
    ruled = Ruled(
        turn=place.turn,
        number=place.number,
        tool=spec.name,
        subject=head(decision.about, _MOST_SUBJECT),
        is_allowed=is_allowed,
        rule=decision.rule,
    )
    return Entry(f"{place}/ruled", ruled)


def denial(call: ToolCall, decision: Decision) -> str:
    """Why a call is denied, in words for a model; empty if it is not."""
    if decision.ruling is not Ruling.DENY:
        return ""
    if decision.rule:
        return f"The permissions of this session deny the call, by the rule {decision.rule}."
    what = f"{call.name}({decision.about})" if decision.about else call.name
    return (
        f"The permissions of this session do not allow {head(what, _MOST_SUBJECT)}. "
        "Do without it, or say what you would need it for."
    )


def _must_ask(requested: Requested, decisions: Decisions) -> bool:
    decision = requested.decision
    return decision.ruling is Ruling.ASK and decision.rule not in decisions.granted


def _question(requested: Requested, expires_at: float) -> Question:
    subject = requested.spec.subject
    return Question(
        question=QuestionKind.APPROVAL,
        text=requested.decision.about,
        tool=requested.call.name,
        arguments=requested.call.arguments,
        parameters=requested.spec.parameters,
        access=requested.spec.access.value,
        subject=() if subject is None else (subject.argument, subject.kind.value),
        rule=requested.decision.rule,
        expires_at=expires_at,
    )

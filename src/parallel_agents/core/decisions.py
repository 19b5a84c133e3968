"""Decisions: what people were asked about the calls of a run, and what they answered."""

from __future__ import annotations

from dataclasses import dataclass, field

from parallel_agents.core.call_decisions import Answered, Asked
from parallel_agents.core.question import Answer, Question


@dataclass(slots=True)
class Decisions:
    """The questions of a run and their answers, by what the keys of their events begin with.

    Attributes:
        deciders: who gave the answers.
        granted: the rules that no longer ask in this run, since a person allowed that.
    """

    asked: dict[str, Question] = field(default_factory=dict[str, Question])
    answered: dict[str, Answer] = field(default_factory=dict[str, Answer])
    deciders: dict[str, str] = field(default_factory=dict[str, str])
    granted: set[str] = field(default_factory=set[str])

    def copy(self) -> Decisions:
        return Decisions(
            self.asked.copy(), self.answered.copy(), self.deciders.copy(), self.granted.copy()
        )

    def take(self, key: str, body: Asked | Answered) -> None:
        about = key.rpartition("/")[0]
        if isinstance(body, Asked):
            self.asked[about] = body.question
            return
        self.answered.setdefault(about, body.answer)
        self.deciders.setdefault(about, body.by)
        question = self.asked.get(about)
        if question is not None and body.answer.allow and body.answer.for_run:
            self.granted.add(question.rule)

    def tried(self, question: Question) -> set[str]:
        """Who answered this run before about what still is the cause of a used-up budget, in vain."""
        return {
            by
            for about, by in self.deciders.items()
            if (before := self.asked.get(about)) is not None
            and before.account == question.account
            and before.cause == question.cause
        }

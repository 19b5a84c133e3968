"""Decisions: what people were asked about the calls of a run, and what they answered."""

from __future__ import annotations

from dataclasses import dataclass, field

from parallel_agents.core.call_decisions import Answered, Asked
from parallel_agents.core.question import Answer, Question


@dataclass(slots=True)
class Decisions:
    """The questions of a run and their answers, by what the keys of their events begin with.

    Attributes:
        granted: the rules that ask no more in this run, since a person allowed that.
    """

    asked: dict[str, Question] = field(default_factory=dict[str, Question])
    answered: dict[str, Answer] = field(default_factory=dict[str, Answer])
    granted: set[str] = field(default_factory=set[str])

    def copy(self) -> Decisions:
        return Decisions(self.asked.copy(), self.answered.copy(), self.granted.copy())

    def take(self, key: str, body: Asked | Answered) -> None:
        about = key.rpartition("/")[0]
        if isinstance(body, Asked):
            self.asked[about] = body.question
            return
        self.answered.setdefault(about, body.answer)
        question = self.asked.get(about)
        if question is not None and body.answer.allow and body.answer.for_run:
            self.granted.add(question.rule)

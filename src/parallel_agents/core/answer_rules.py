"""Answer rules: they answer questions before a person is asked, as the user wrote them down.

    [[answers]]
    tool = "shell(git status)"
    answer = "allow"

For calls of tools they are compared as permissions are, all rules at once: one that denies overrides
one that leaves the call to a person, which overrides one that allows. Of the other kinds of questions
the first rule that fits answers.
"""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import NamedTuple

from typing_extensions import override

from parallel_agents.core.budget_answer import is_raise, read_raise
from parallel_agents.core.checked import Checked
from parallel_agents.core.fitting import fitted
from parallel_agents.core.permission import Permissions, Ruling, decide, parse_rule
from parallel_agents.core.question import KILL, WAIT, Answer, Question, QuestionKind
from parallel_agents.core.shown import shown
from parallel_agents.core.tool import ToolSpec
from parallel_agents.errors import InvalidInput

DEFAULT = "default"


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerRule(Checked):
    """What is answered to some questions.

    Attributes:
        answer: `allow`, `deny` or `ask` (a person) to the call of a tool; a text, or `default`, to a
            question of `ask_human`; `finish`, `stop` or an amount such as `+2 usd` to a used-up
            budget; `wait` or `kill` to a stuck run.
        kind: the kind of questions.
        tool: a permission that says which calls; only of approvals.
        agent: the agents that ask; `*` stands for any characters.
        text: the questions, with `*` in the same way; not for approvals.
        times: how often in a run a rule may raise a budget.

    Raises:
        InvalidInput: the answer does not fit the kind.
    """

    answer: str
    kind: QuestionKind = QuestionKind.APPROVAL
    tool: str = ""
    agent: str = "*"
    text: str = "*"
    times: int = 1

    @override
    def _check(self) -> None:
        if not self.answer.strip():
            raise InvalidInput("the answer of a rule is empty", hint="write what is answered")
        is_approval = self.kind is QuestionKind.APPROVAL
        if is_approval != bool(self.tool):
            raise InvalidInput(
                f"a rule for answers of the kind {self.kind.value} "
                + ("names no tool" if is_approval else f"names the tool {shown(self.tool)}"),
                hint='name the calls that it answers, as tool = "shell(git status)"'
                if is_approval
                else "leave tool out, or the kind",
            )
        if is_approval:
            parse_rule(self.tool)
            self._check_among(*(ruling.value for ruling in Ruling))
        elif self.kind is QuestionKind.STUCK:
            self._check_among(WAIT, KILL)
        elif self.kind is QuestionKind.BUDGET and is_raise(self.answer):
            read_raise(self.answer, in_usd=True, in_tokens=True)
        if self.times < 1:
            raise InvalidInput(f"times is {self.times}", hint="write 1 or more, or leave it out")

    def _check_among(self, *answers: str) -> None:
        if self.answer not in answers:
            raise InvalidInput(
                f"{shown(self.answer)} is not an answer to questions of the kind {self.kind.value}",
                hint=f"write one of {', '.join(answers)}",
            )


class Given(NamedTuple):
    """The answer of a rule, and the rule as the audit names it."""

    answer: Answer
    by: str


@dataclass(frozen=True, slots=True)
class AnswerRules:
    """The rules of one process, in their order."""

    rules: tuple[AnswerRule, ...] = ()

    def of_call(self, agent: str, spec: ToolSpec, about: str) -> Given | None:
        """What is answered to whether a call may be made; None if a person is asked.

        Args:
            agent: the agent that makes it.
            spec: the tool.
            about: what it is about, as `decide` takes it.
        """
        rules = [
            rule
            for rule in self.rules
            if rule.kind is QuestionKind.APPROVAL and fnmatchcase(agent, rule.agent)
        ]
        if not rules:
            return None
        layer = Permissions(
            **{
                ruling.value: tuple(rule.tool for rule in rules if rule.answer == ruling.value)
                for ruling in Ruling
            }
        )
        decision = decide([layer], spec, about)
        if not decision.rule or decision.ruling is Ruling.ASK:
            return None
        number = next(
            number
            for number, rule in enumerate(self.rules, start=1)
            if rule in rules
            and rule.answer == decision.ruling.value
            and parse_rule(rule.tool).text == decision.rule
        )
        is_allowed = decision.ruling is Ruling.ALLOW
        text = "" if is_allowed else "a rule of the user denies it"
        return Given(Answer(allow=is_allowed, text=text), _by(number, decision.rule))

    def of(
        self,
        agent: str,
        question: Question,
        asked_before: int = 0,
        tried: Set[str] = frozenset(),
    ) -> Given | None:
        """The answer of the rules to a question of another kind; None if a person is asked.

        Args:
            agent: the agent that asks.
            question: what it asks.
            asked_before: how many questions of this kind the run asked before.
            tried: who has answered a used-up budget without making room; a rule is named as in
                `Given.by`, and is not used again.
        """
        for number, rule in enumerate(self.rules, start=1):
            if (
                rule.kind is question.question
                and rule.kind is not QuestionKind.APPROVAL
                and fnmatchcase(agent, rule.agent)
                and fnmatchcase(question.text, rule.text)
                and (by := _by(number, rule.kind.value)) not in tried
                and (answer := _answer(rule, question, asked_before)) is not None
            ):
                return Given(answer, by)
        return None


NO_RULES = AnswerRules()


def _answer(rule: AnswerRule, question: Question, asked_before: int) -> Answer | None:
    """The answer of a rule, if it is one to this question."""
    if rule.kind is QuestionKind.BUDGET:
        is_used = is_raise(rule.answer) and asked_before >= rule.times
        return None if is_used else Answer(allow=True, text=rule.answer)
    text = question.default if rule.answer == DEFAULT else rule.answer
    if not text:
        return None
    try:
        return fitted(question, Answer(allow=True, text=text))
    except InvalidInput:
        return None


def _by(number: int, what: str) -> str:
    return f"rule {number} of answers ({what})"

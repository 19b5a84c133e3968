"""Question: what a run waits for a person to decide: whether a call may be made, or an answer.

A question is an event of its run, and so is its answer, under a key that is written once: the first
answer counts, whoever gives it and from wherever.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple, Protocol

from parallel_agents.core.checked import Checked
from parallel_agents.core.ids import RunId, SessionKey
from parallel_agents.core.schema import Json, JsonObject

BUDGET_PREFIX = "budget-"
# What is answered about a stuck run; anything else is a message to it.
WAIT, KILL = "wait", "kill"
# Who answers once the time is up.
NOBODY = "time limit"
_ID = "q-"


class QuestionKind(StrEnum):
    """What is asked.

    An approval asks whether a call may be made, a request for a text, a budget whether it is raised
    now that it is used up, and a stuck run what becomes of it.
    """

    APPROVAL = "approval"
    REQUEST = "request"
    BUDGET = "budget"
    STUCK = "stuck"


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a run asks a person.

    Attributes:
        question: what is asked; `kind` is the same.
        text: the question; for an approval, what the call is about, such as a command.
        tool: the tool whose call waits for an approval.
        arguments: the exact arguments of that call.
        parameters: the JSON Schema of its arguments; empty if nobody knows it.
        access: what the call reaches, such as `write`; empty if nobody knows it.
        subject: the argument that the permissions are compared with, and how; empty for none.
        rule: the permission that asks; empty for a request.
        choices: texts to choose from; empty if any text may be the answer.
        refusal: the choice that refuses; who makes it leaves the question without an answer.
        takes_object: whether a JSON object may be the answer, besides the choices.
        default: the answer once the time is up; empty for none, which denies an approval.
        account: the budget account that is used up.
        cause: its limits that leave no room, such as `5000 tokens`; the same until one is raised.
        expires_at: when that is, in seconds since 1970 on the store's clock.
    """

    question: QuestionKind
    text: str
    expires_at: float
    tool: str = ""
    arguments: JsonObject = field(default_factory=dict[str, Json])
    parameters: JsonObject = field(default_factory=dict[str, Json])
    access: str = ""
    subject: tuple[str, ...] = ()
    rule: str = ""
    choices: tuple[str, ...] = ()
    refusal: str = ""
    takes_object: bool = False
    default: str = ""
    account: str = ""
    cause: str = ""

    @property
    def kind(self) -> QuestionKind:
        """What is asked; stored as `question`."""
        return self.question

    @property
    def is_approval(self) -> bool:
        """Whether it asks if a call may be made."""
        return self.question is QuestionKind.APPROVAL

    @property
    def what(self) -> str:
        """What is asked, in a line."""
        return f"{self.tool} {self.text}".strip()

    @property
    def told(self) -> str:
        """What a run does while the question waits for a person."""
        return f"asks you: {self.what}"

    def is_over(self, now: float) -> bool:
        """Whether the time to answer is over, at `now` on the store's clock."""
        return now >= self.expires_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer(Checked):
    """What a person decided.

    Attributes:
        allow: whether the call may be made; for a request, whether there is an answer.
        text: the answer to a request, or a note to the model about a call that is denied.
        for_run: whether the same rule allows the run's further calls, too.
        arguments: arguments to make the call with instead of its own; None for its own.
    """

    allow: bool
    text: str = ""
    for_run: bool = False
    arguments: JsonObject | None = None


class OpenQuestion(NamedTuple):
    """A question that waits for an answer, and where it was asked.

    Attributes:
        id: `q-` and the number of the question's event.
        session, run: who asks.
        about: what it is about, such as `turn-3/call/1/approval`; the keys of its events begin with
            it.
        question: all that is asked; what answers need most has properties here.
        asked_at: seconds since 1970 on the store's clock.
        runs: how many runs wait for the answer: more than one for a budget that they share.
        label: what lists call its session; `questions()` says it.
        path: as in `Event`, the way down to its session: below a flow the names of steps, otherwise labels.
    """

    id: str
    session: SessionKey
    run: RunId
    about: str
    question: Question
    asked_at: float
    runs: int = 1
    label: str = ""
    path: tuple[str, ...] = ()

    @property
    def kind(self) -> QuestionKind:
        """What is asked, and so what may be answered."""
        return self.question.kind

    @property
    def text(self) -> str:
        """The question; for an approval, what the call is about."""
        return self.question.text

    @property
    def tool(self) -> str:
        """The tool whose call waits for an approval; empty for others."""
        return self.question.tool

    @property
    def arguments(self) -> JsonObject:
        """The exact arguments of that call."""
        return self.question.arguments

    @property
    def choices(self) -> tuple[str, ...]:
        """Texts to choose from; empty if any text may be the answer."""
        return self.question.choices


def waiting_runs(questions: Sequence[OpenQuestion]) -> int:
    """How many runs wait for the answers to these questions; one may wait for several."""
    return len({each.run for each in questions}) + sum(each.runs - 1 for each in questions)


class QuestionStore(Protocol):
    """Keeps what runs ask people, and what people answer."""

    async def questions(self) -> list[OpenQuestion]:
        """The questions of live runs that can still be answered, the oldest first."""
        ...

    async def close_expired(self) -> None:
        """Give the questions whose time is up the answers that stand in for one."""
        ...

    async def answer(self, number: int, answer: Answer, *, by: str) -> OpenQuestion:
        """Answer the question that is event `number`.

        Raises:
            NotFound: there is no such question.
            AlreadyAnswered: somebody has already answered it, or its time is up.
            RunIsOver: its run has ended.
        """
        ...


def question_id(number: int) -> str:
    """The id of a question from the number of its event."""
    return f"{_ID}{number}"


def question_number(text: str) -> int | None:
    """The number of the event of a question from its id; None if the text is not an id."""
    digits = text.removeprefix(_ID)
    return int(digits) if digits.isascii() and digits.isdecimal() and len(digits) < 16 else None


def asked_key(about: str) -> str:
    """The key of the event of a question; `about` names what it is about within the run."""
    return f"{about}/asked"


def answered_key(about: str) -> str:
    """The key of the event of its answer."""
    return f"{about}/answered"


def is_budget_key(key: str) -> bool:
    """Whether the event of a question or an answer is about a used-up budget."""
    return key.startswith(BUDGET_PREFIX)


def expired(question: Question) -> Answer:
    """The answer to a question whose time is up."""
    if question.is_approval:
        return Answer(allow=False, text="nobody answered in time")
    return Answer(allow=bool(question.default), text=question.default)

"""Questions: what agents ask people, in one line and for machines."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import assert_never

from typing_extensions import TypedDict

from parallel_agents.core.ids import RunId, SessionKey, short
from parallel_agents.core.overview import Origin
from parallel_agents.core.question import OpenQuestion, QuestionKind
from parallel_agents.core.schema import Json
from parallel_agents.views import format


def told(question: OpenQuestion) -> str:
    """A question in one line, and how many runs wait for its answer if they are several."""
    waiting = f"; {question.runs:,} runs wait" if question.runs > 1 else ""
    return f"{described(question)}{waiting}"


def described(question: OpenQuestion) -> str:
    """A question in one line."""
    asked = question.question
    if asked.is_approval:
        return f"may it call {asked.tool} {format.exact(asked.text)}".rstrip() + "?"
    choices = f" ({' / '.join(asked.choices)})" if asked.choices else ""
    return format.one_line(f"{asked.text}{choices}")


def example_answer(question: OpenQuestion) -> str:
    """An answer that a question takes, as a shell reads it; ANSWER if it takes any text."""
    asked = question.question
    match asked.question:
        case QuestionKind.APPROVAL:
            return "allow"
        case QuestionKind.BUDGET:
            return '"+1 usd"'
        case QuestionKind.STUCK:
            return "wait"
        case QuestionKind.REQUEST:
            return shlex.quote(asked.choices[0]) if asked.choices else "ANSWER"
        case _:
            assert_never(asked.question)


class QuestionDocument(TypedDict):
    """What a run asks a person, for machines; `runs` counts those that wait for the answer."""

    id: str
    session_key: SessionKey
    run_id: RunId
    kind: str
    text: str
    tool: str
    arguments: Mapping[str, Json]
    rule: str
    choices: list[str]
    default: str
    asked_at: str | None
    expires_at: str | None
    runs: int


class WaitingDocument(QuestionDocument):
    """A question that waits, and what lists call who asks it."""

    name: str
    label: str


def waiting_json(question: OpenQuestion, origins: Mapping[SessionKey, Origin]) -> WaitingDocument:
    """A question that waits, for machines."""
    origin = origins.get(question.session)
    return {
        **question_json(question),
        "name": short(question.session) if origin is None else origin.name,
        "label": "" if origin is None else origin.label,
    }


def question_json(question: OpenQuestion) -> QuestionDocument:
    """A question for machines."""
    asked = question.question
    return {
        "id": question.id,
        "session_key": question.session,
        "run_id": question.run,
        "kind": asked.question.value,
        "text": asked.text,
        "tool": asked.tool,
        "arguments": asked.arguments,
        "rule": asked.rule,
        "choices": list(asked.choices),
        "default": asked.default,
        "asked_at": format.iso(question.asked_at),
        "expires_at": format.iso(asked.expires_at),
        "runs": question.runs,
    }

"""Fitting: the form in which an answer is kept, from the text that a person or a rule gives.

Case does not count where there is something to choose from.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import orjson

from parallel_agents.core.budget_answer import HOW_TO_ANSWER
from parallel_agents.core.question import KILL, WAIT, Answer, Question, QuestionKind
from parallel_agents.core.shown import shown
from parallel_agents.errors import InvalidInput


def chosen(choices: Iterable[str], text: str) -> str | None:
    """The choice that a text means; None if it is not a choice, or could be several."""
    listed = [*choices]
    if text in listed:
        return text
    alike = [each for each in listed if each.strip().casefold() == text.strip().casefold()]
    return alike[0] if len(alike) == 1 else None


def fitted(question: Question, answer: Answer) -> Answer:
    """The answer as it is kept.

    Raises:
        InvalidInput: the answer does not fit such a question.
    """
    if question.is_approval:
        return answer
    if answer.arguments is not None or answer.for_run:
        raise InvalidInput(
            "the question asks for a text, not for a call to be allowed",
            hint="answer it with a text",
        )
    if question.question is QuestionKind.STUCK:
        if not (answer.allow and answer.text.strip()):
            raise InvalidInput(
                "this does not say what becomes of a stuck run",
                hint="answer wait, kill, or a message to the run",
            )
        return replace(answer, text=chosen((WAIT, KILL), answer.text) or answer.text)
    if answer.allow and not answer.text.strip():
        is_budget = question.question is QuestionKind.BUDGET
        raise InvalidInput(
            "a blank text is not an answer",
            hint=HOW_TO_ANSWER if is_budget else "answer with a text",
        )
    if not (answer.allow and question.choices):
        return answer
    choice = chosen(question.choices, answer.text) or _yes_or_no(question, answer.text)
    if choice is None and question.takes_object and _is_object(answer.text):
        return answer
    if choice is None:
        others = ", or answer a JSON object" if question.takes_object else ""
        raise InvalidInput(
            f"{shown(answer.text)} is not a choice of this question",
            hint=f"choose one of {', '.join(question.choices)}{others}",
        )
    return replace(answer, text=choice, allow=choice != question.refusal)


def _yes_or_no(question: Question, text: str) -> str | None:
    """What yes or no means where one choice refuses; None for another text."""
    word = text.strip().casefold()
    others = [each for each in question.choices if each != question.refusal]
    if question.refusal and word in {"no", "n"}:
        return question.refusal
    return others[0] if question.refusal and word in {"yes", "y"} and len(others) == 1 else None


def _is_object(text: str) -> bool:
    try:
        return isinstance(orjson.loads(text), dict)
    except orjson.JSONDecodeError:
        return False

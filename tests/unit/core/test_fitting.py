"""What is chosen from a list is found without regard to case, and never guessed."""

from __future__ import annotations

import pytest

from parallel_agents.core.fitting import chosen, fitted
from parallel_agents.core.question import Answer, Question, QuestionKind
from parallel_agents.errors import InvalidInput


@pytest.mark.parametrize(
    ("text", "choice"),
    [("yes", "yes"), ("YES", "YES"), (" No", "no"), ("Yes", None), ("maybe", None), ("", None)],
)
def test_a_choice_is_found_unless_it_could_be_several(text: str, choice: str | None) -> None:
    assert chosen(("yes", "YES", "no"), text) == choice


@pytest.mark.parametrize("kind", [QuestionKind.REQUEST, QuestionKind.BUDGET, QuestionKind.STUCK])
def test_a_blank_text_is_no_answer(kind: QuestionKind) -> None:
    question = Question(question=kind, text="Which tea?", expires_at=0.0)

    with pytest.raises(InvalidInput):
        fitted(question, Answer(allow=True, text=" "))

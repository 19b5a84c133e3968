"""Rules answer calls as permissions judge them, so that no chain of commands gets past one."""

from __future__ import annotations

import pytest

from parallel_agents.core.answer_rules import AnswerRule, AnswerRules
from parallel_agents.core.question import Question, QuestionKind
from parallel_agents.core.tool import Access, Effect, Subject, SubjectKind, ToolSpec
from parallel_agents.errors import InvalidInput

SHELL = ToolSpec("shell", "", {}, Effect.ONCE, Access.RUN, Subject("command", SubjectKind.COMMAND))
STATUS = AnswerRule(tool="shell(git status)", answer="allow")
CD = AnswerRule(tool="shell(cd *)", answer="allow")
NO_SUDO = AnswerRule(tool="shell(sudo *)", answer="deny")


def request(text: str = "Which tea?", *choices: str, default: str = "") -> Question:
    return Question(
        question=QuestionKind.REQUEST, text=text, choices=choices, default=default, expires_at=1.0
    )


@pytest.mark.parametrize(
    ("line", "verdict"),
    [
        ("git status", True),
        ("cd a && git status", True),
        ("cd a && npm install", None),
        ("git status; rm -rf x", None),
        ("git status $(rm x)", None),
        ("git status > /etc/passwd", None),
        ("git stash", None),
        ("sudo id", False),
        ("/usr/bin/sudo id", False),
        ('bash -c "sudo id"', False),
        ("git status && sudo id", False),
    ],
)
def test_a_rule_allows_only_what_it_covers_and_denies_what_it_touches(
    line: str, verdict: bool | None
) -> None:
    given = AnswerRules((STATUS, CD, NO_SUDO)).of_call("coder", SHELL, line)

    assert (None if given is None else given.answer.allow) is verdict


def test_the_audit_names_the_rule() -> None:
    given = AnswerRules((CD, STATUS)).of_call("coder", SHELL, "git status")

    assert given is not None
    assert given.by == "rule 2 of answers (shell(git status))"


def test_ask_leaves_a_call_to_a_person_whatever_else_allows_it() -> None:
    everything = AnswerRule(tool="shell", answer="allow")
    push = AnswerRule(tool="shell(git push *)", answer="ask")
    rules = AnswerRules((everything, push))

    assert rules.of_call("coder", SHELL, "git push -f") is None
    assert rules.of_call("coder", SHELL, "git log") is not None


def test_a_rule_is_for_the_agents_that_it_names() -> None:
    rules = AnswerRules((AnswerRule(tool="shell", answer="allow", agent="test_*"),))

    assert rules.of_call("test_fixer", SHELL, "ls") is not None
    assert rules.of_call("coder", SHELL, "ls") is None


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        (request(), "green"),
        (request("Which tea?", "green", "black"), "green"),
        (request("Which tea?", "black"), None),
        (request("Which cake?"), None),
    ],
)
def test_a_text_answers_the_questions_that_it_fits(question: Question, answer: str | None) -> None:
    rule = AnswerRule(kind=QuestionKind.REQUEST, text="*tea*", answer="green")
    given = AnswerRules((rule,)).of("host", question)

    assert (given and given.answer.text) == answer


def test_a_default_is_the_question_s_own_and_none_is_no_answer() -> None:
    rules = AnswerRules((AnswerRule(kind=QuestionKind.REQUEST, answer="default"),))
    given = rules.of("host", request(default="black"))

    assert given is not None
    assert given.answer.text == "black"
    assert rules.of("host", request()) is None


@pytest.mark.parametrize(
    ("rule", "why"),
    [
        ({"answer": "allow"}, "names no tool"),
        ({"answer": " ", "kind": QuestionKind.REQUEST}, "the answer of a rule is empty"),
        ({"answer": "yes", "tool": "shell"}, "is not an answer"),
        ({"answer": "allow", "tool": "she!!"}, "is not a permission"),
        ({"answer": "x", "tool": "shell", "kind": QuestionKind.REQUEST}, "names the tool"),
        ({"answer": "more", "kind": QuestionKind.BUDGET}, "not an answer to a used-up budget"),
        ({"answer": "retry", "kind": QuestionKind.STUCK}, "is not an answer"),
        ({"answer": "stop", "kind": QuestionKind.BUDGET, "times": 0}, "times is 0"),
    ],
)
def test_a_rule_that_could_not_answer_is_refused(rule: dict[str, object], why: str) -> None:
    with pytest.raises(InvalidInput, match=why):
        AnswerRule(**rule)  # pyright: ignore[reportArgumentType]

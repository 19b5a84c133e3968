"""Questions of agents to a person: listed, answered from another terminal, and kept by a kill."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from parallel_agents.core.message import ToolCall
from parallel_agents.core.schema import JsonObject
from parallel_agents.models.shapes import objects_at, text_at
from parallel_agents.testing.behaviour import Reply

if TYPE_CHECKING:
    from tests.acceptance.support.command import Pagents
    from tests.acceptance.support.processes import Document
    from tests.acceptance.support.provider import FakeProvider

HOST = """---
name: host
description: Asks and writes.
tools: [ask_human, write_file]
permissions: {ask: [write_file]}
---
You are a host.
"""


def calls(*made: ToolCall) -> Callable[[JsonObject], Reply]:
    """A model that makes the calls, and then says what it was told of the last."""

    def answer(body: JsonObject) -> Reply:
        *_, last = objects_at(body, "messages")
        return text_at(last, "content") if last.get("role") == "tool" else [*made]

    return answer


def wait_asked(pagents: Pagents, count: int) -> None:
    """Return once so many questions were asked."""
    asked = "SELECT 1 FROM events WHERE key GLOB '*/asked'"
    pagents.wait_until(lambda: len(pagents.query(asked)) == count)


def ask(pagents: Pagents, provider: FakeProvider, *made: ToolCall) -> Document:
    """Spawn an agent that makes the calls; the first question that it asks."""
    (pagents.home / "agents").mkdir(mode=0o700, exist_ok=True)
    (pagents.home / "agents" / "host.md").write_text(HOST)
    provider.answer = calls(*made)
    pagents("spawn", "host", "Welcome them.")
    wait_asked(pagents, len(made))
    return pagents.items("inbox")[0]


TEA = ToolCall("c1", "ask_human", {"question": "Which tea?", "choices": ["green", "black"]})
WRITE = ToolCall("c1", "write_file", {"path": "menu.txt", "content": "tea"})


def test_a_question_is_answered_from_another_terminal(
    pagents: Pagents, provider: FakeProvider
) -> None:
    question = ask(pagents, provider, TEA)
    listed = pagents("inbox")

    none = pagents("answer", "elsewhere", "green")
    answered = pagents("answer", "@last", "green")
    again = pagents("answer", "@last", "green")
    waited = pagents("wait", "@last")

    assert "host" in listed.out
    assert "Which tea? (green / black)" in listed.out
    none.assert_refused("PA-E104", "no question 'elsewhere', and no run", exits=4)
    assert answered.out.startswith(f"✔ {question['id']} answered: green")
    again.assert_refused("PA-E104", "asks nothing that is unanswered", exits=4)
    assert "green" in waited.out


def test_a_blank_answer_is_refused_and_a_long_one_is_told_in_short(
    pagents: Pagents, provider: FakeProvider
) -> None:
    question = ask(pagents, provider, ToolCall("c1", "ask_human", {"question": "Which tea?"}))

    refused = pagents("answer", question["id"], "  ")
    answered = pagents("answer", question["id"], "green " * 1_000)
    waited = pagents("wait", "@last")

    refused.assert_refused("PA-E101", "a blank text is not an answer", exits=2)
    assert len(answered.out) < 300
    assert waited.out.count("green") == 1_000


def test_a_denied_call_is_not_made_and_the_note_reaches_the_model(
    pagents: Pagents, provider: FakeProvider
) -> None:
    question = ask(pagents, provider, WRITE)

    pagents("answer", question["id"], "deny", "--note", "the menu is done")
    waited = pagents("wait", "@last")

    assert question["arguments"] == {"path": "menu.txt", "content": "tea"}
    assert "did not allow the call: the menu is done" in waited.out


def test_the_question_and_its_answer_survive_a_killed_worker(
    pagents: Pagents, provider: FakeProvider
) -> None:
    question = ask(pagents, provider, TEA)
    (worker,) = pagents.workers()
    os.kill(worker, signal.SIGKILL)
    pagents.wait_workers_gone()

    assert pagents.items("inbox") == [question]
    answered = pagents("answer", question["id"], "black")
    waited = pagents("wait", "@last")

    assert answered.code == 0
    assert "black" in waited.out
    assert len(provider.requests) == 2


def test_the_second_answer_is_told_who_gave_the_first(
    pagents: Pagents, provider: FakeProvider
) -> None:
    question = ask(pagents, provider, TEA)
    pagents("answer", question["id"], "green")

    again = pagents("answer", question["id"], "black")

    again.assert_refused("PA-E118", "is already answered", "'green'", exits=1)


def test_a_run_that_waits_for_a_person_says_so(pagents: Pagents, provider: FakeProvider) -> None:
    ask(pagents, provider, WRITE)

    assert "asks you: write_file menu.txt" in pagents("list").out


def test_a_run_that_asked_twice_waits_for_the_second_answer(
    pagents: Pagents, provider: FakeProvider
) -> None:
    cup = ToolCall("c2", "ask_human", {"question": "Which cup?"})
    question = ask(pagents, provider, TEA, cup)
    unclear = pagents("answer", "@last", "green")
    pagents("answer", question["id"], "green")

    finished = 'SELECT 1 FROM events WHERE CAST(body AS TEXT) GLOB \'*"kind":"tool_finished"*\''
    pagents.wait_until(lambda: bool(pagents.query(finished)))

    unclear.assert_refused("PA-E101", "waits for 2 answers", exits=2)
    assert f"{question['id']} (host)" in unclear.err
    assert "asks you: Which cup?" in pagents("list").out


def test_an_audit_tells_who_decided(pagents: Pagents, provider: FakeProvider) -> None:
    question = ask(pagents, provider, WRITE)
    pagents("answer", question["id"], "deny")
    pagents("wait", "@last")

    audit = pagents("audit").out

    assert "write_file menu.txt" in audit
    assert "deny" in audit


@pytest.mark.parametrize(
    ("arguments", "code", "word"),
    [
        (("q-999", "allow"), "PA-E104", "no question 'q-999'"),
        (("nosuch", "allow"), "PA-E104", "no question 'nosuch'"),
        (("ID", "maybe"), "PA-E101", "answer allow or deny"),
        (("ID", "deny", "--for-run"), "PA-E101", "require the answer allow"),
        (("ID", "allow", "--note", "x"), "PA-E101", "requires the answer deny"),
        (("ID", "allow", "--arguments", "{"), "PA-E101", "is not JSON"),
        (("ID", "allow", "--arguments", "[1]"), "PA-E101", "not a JSON object"),
    ],
)
def test_an_answer_that_cannot_be_is_refused(
    pagents: Pagents, provider: FakeProvider, arguments: tuple[str, ...], code: str, word: str
) -> None:
    question = ask(pagents, provider, WRITE)

    refused = pagents("answer", *(question["id"] if each == "ID" else each for each in arguments))

    refused.assert_refused(code, word, exits=4 if code == "PA-E104" else 2)


def test_an_empty_inbox_says_so(pagents: Pagents) -> None:
    pagents("spawn", "content_writer_funny", "x", "--wait")

    listed = pagents("inbox")

    assert listed.code == 0
    assert listed.err == "Nothing waits for you.\n"


def test_a_used_up_budget_is_raised_after_its_worker_was_killed(
    pagents: Pagents, provider: FakeProvider
) -> None:
    pagents("spawn", "main", "Hi.", "--budget-tokens", "50", "--on-limit", "ask")
    wait_asked(pagents, 1)
    (question,) = pagents.items("inbox")
    (worker,) = pagents.workers()
    os.kill(worker, signal.SIGKILL)
    pagents.wait_workers_gone()
    assert pagents("health").code == 1

    refused = pagents("answer", question["id"], "more")
    answered = pagents("answer", question["id"], "+1000000 tokens")
    waited = pagents("wait", "@last")

    refused.assert_refused("PA-E101", "not an answer to a used-up budget", exits=2)
    assert answered.code == 0
    assert waited.code == 0
    assert len(provider.requests) == 1
    assert pagents("health").code == 0


def test_a_run_cannot_answer_for_a_person(pagents: Pagents) -> None:
    pagents.environment["PAGENTS_IN_RUN"] = "1"

    refused = pagents("answer", "q-1", "allow")

    refused.assert_refused("PA-E101", "a run cannot answer questions", exits=2)

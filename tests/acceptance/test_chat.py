"""A chat at a terminal, and one whose messages are lines of stdin."""

from __future__ import annotations

import os
import signal
import subprocess
from typing import TYPE_CHECKING

import pytest

from parallel_agents.core.message import ToolCall
from parallel_agents.models.shapes import objects_at, text_at
from parallel_agents.testing import Hang
from tests.acceptance.support.waiting import wait_until

if TYPE_CHECKING:
    from parallel_agents.core.schema import JsonObject
    from parallel_agents.testing.behaviour import Reply
    from tests.acceptance.conftest import Open
    from tests.acceptance.support.command import Pagents
    from tests.acceptance.support.provider import FakeProvider

TALKER = """---
name: talker
description: Talks.
tools: [ask_human]
---
You are brief.
"""


def said(body: JsonObject) -> list[str]:
    return [
        text_at(each, "content")
        for each in objects_at(body, "messages")
        if each.get("role") == "user"
    ]


def piped(pagents: Pagents, lines: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A chat whose messages are lines of stdin."""
    return subprocess.run(
        [pagents.program, "chat", *arguments],
        input=lines,
        env=pagents.environment,
        cwd=pagents.folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.fixture(autouse=True)
def talker(pagents: Pagents, provider: FakeProvider) -> None:
    (pagents.home / "agents").mkdir(mode=0o700)
    (pagents.home / "agents" / "talker.md").write_text(TALKER)
    provider.answer = lambda body: f"You said {said(body)[-1]}."


def test_a_chat_is_left_and_continued_by_its_name(pagents: Pagents, terminal: Open) -> None:
    chat = terminal("chat", "talker", "--label", "tea")
    chat.wait_for("/exit leaves")
    chat.press("hello\r")
    chat.wait_for("You said hello.")
    chat.wait_for("50 tok")  # the turn is over: what is pasted begins the next
    chat.press("\x1b[200~two\nlines\x1b[201~\r")
    chat.wait_for("You said twolines.")
    chat.press("/exit\r")
    code = chat.end()
    again = terminal("chat", "tea")
    again.wait_for("after 2 turns")
    again.press("/history\r/cost\r\x04")
    again.end()

    assert code == 0
    assert "Come back with: pagents chat tea" in chat.screen.text
    assert not chat.screen.marks_pastes
    assert "You said hello." in again.screen.text
    assert "> two\nlines" in again.screen.text


def test_the_answer_of_an_agent_with_a_schema_is_shown_in_its_form_and_not_as_json(
    pagents: Pagents, provider: FakeProvider, terminal: Open
) -> None:
    schema = "output: {type: object, properties: {title: {type: string}}, required: [title]}\n---\n"
    file = pagents.home / "agents" / "titler.md"
    file.write_text(schema.join(TALKER.replace("talker", "titler").rsplit("---\n", 1)))
    provider.answer = lambda _: '{"title": "Rain"}'
    chat = terminal("chat", "titler")
    chat.wait_for("/exit leaves")
    chat.press("a title\r")
    chat.wait_for("50 tok")
    chat.press("/exit\r")
    chat.end()

    assert "title: Rain" in chat.screen.text
    assert '{"title"' not in chat.screen.text


def test_a_chat_leaves_the_run_of_a_dead_worker_to_another(
    pagents: Pagents, provider: FakeProvider, terminal: Open
) -> None:
    provider.gives(Hang(), times=1)
    left = pagents("spawn", "talker", "hello").out.strip()
    provider.wait_in_flight(1)
    (worker,) = pagents.workers()
    os.kill(worker, signal.SIGKILL)
    pagents.wait_workers_gone()
    chat = terminal("chat", "talker")
    pagents.wait_until(lambda: len(provider.requests) == 2)
    chat.wait_for(f"had left {left}; a background worker continues it now.")
    chat.press("/exit\r")

    assert chat.end() == 0
    pagents.wait_ended(1)


def test_ctrl_c_stops_the_answer_and_not_the_chat(provider: FakeProvider, terminal: Open) -> None:
    provider.hold(to="long", times=1)
    chat = terminal("chat", "talker")
    chat.wait_for("/exit leaves")
    chat.press("a long story\r")
    provider.wait_in_flight(1)
    chat.press("\x03")
    chat.wait_for("stopped")
    chat.press("a short one\r")
    chat.wait_for("You said a short one.")
    chat.press("\x04")

    assert chat.end() == 0


def test_what_is_typed_while_it_answers_reaches_the_model(
    pagents: Pagents, provider: FakeProvider, terminal: Open
) -> None:
    steered = "SELECT 1 FROM events WHERE key LIKE '%steer%'"
    provider.hold(to="first", times=1)
    chat = terminal("chat", "talker")
    chat.wait_for("/exit leaves")
    chat.press("the first\r")
    provider.wait_in_flight(1)
    chat.press("and milk\r")
    pagents.wait_until(lambda: bool(pagents.query(steered)))
    provider.release()
    chat.wait_for("You said and milk.")
    chat.wait_for("tok")
    chat.press("/history\r")
    chat.wait_for("→ and milk")
    chat.press("/exit\r")

    assert chat.end() == 0
    before, _, _ = chat.screen.text.partition("/history")
    assert before.count("You said and milk.") == 1


def test_what_was_typed_before_the_chat_had_begun_is_sent_line_by_line(terminal: Open) -> None:
    chat = terminal("chat", "talker")
    chat.press("early\r/model\r")
    chat.wait_for("You said early.")
    chat.wait_for("> /model")
    chat.press("\x04")

    assert chat.end() == 0


def test_leaving_while_it_answers_says_that_the_answer_is_stopped(
    provider: FakeProvider, terminal: Open
) -> None:
    provider.hold(to="long", times=1)
    chat = terminal("chat", "talker")
    chat.wait_for("/exit leaves")
    chat.press("a long story\r")
    provider.wait_in_flight(1)
    chat.press("/exit\r")

    assert chat.end() == 0
    assert "■ stopped; the answer was left" in chat.screen.text


def test_a_question_is_answered_in_the_chat(provider: FakeProvider, terminal: Open) -> None:
    def answer(body: JsonObject) -> Reply:
        *_, last = objects_at(body, "messages")
        is_told = last.get("role") == "tool"
        return text_at(last, "content") if is_told else [ASKS]

    provider.answer = answer
    chat = terminal("chat", "talker")
    chat.wait_for("/exit leaves")
    chat.press("choose\r")
    chat.wait_for("press Enter")
    chat.wait_for("Which tea?")
    early = "sent before the question could be read"
    while "tok" not in chat.screen.text:
        refused = chat.screen.text.count(early)
        chat.press("green tea\r")
        wait_until(
            lambda refused=refused: (
                "tok" in chat.screen.text or chat.screen.text.count(early) > refused
            )
        )
    chat.press("/exit\r")

    assert chat.end() == 0


ASKS = ToolCall("c", "ask_human", {"question": "Which tea?"})


def test_each_line_of_stdin_is_a_message(pagents: Pagents, provider: FakeProvider) -> None:
    (pagents.folder / "notes.txt").write_text("oolong")
    lines = 'hello\n\n"""\ntwo\nlines\n"""\nread @notes.txt\n/exit\nnever\n'

    ended = piped(pagents, lines, "talker")

    assert ended.returncode == 0
    assert ended.stdout.startswith("You said hello.\nYou said two\nlines.\n")
    assert "oolong" in ended.stdout
    assert "never" not in ended.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["nobody"], 4, "there is no agent and no session 'nobody'"),
        (["mian"], 4, "did you mean 'main'?"),
        (["security_reviewer"], 2, "nobody can talk to security_reviewer"),
        (["talker", "--model", "nowhere/model"], 10, "PA-E111"),
    ],
)
def test_what_cannot_be_talked_to_is_refused_before_anything_is_asked(
    pagents: Pagents, provider: FakeProvider, arguments: list[str], code: int, told: str
) -> None:
    ended = piped(pagents, "hello\n", *arguments)

    assert ended.returncode == code
    assert told in ended.stderr
    assert provider.requests == []


def test_another_model_answers_a_chat_that_is_continued(
    pagents: Pagents, provider: FakeProvider
) -> None:
    piped(pagents, "hello\n", "talker", "--label", "tea")
    ended = piped(pagents, "again\n", "tea", "--model", "bench/other")

    assert (ended.returncode, ended.stdout) == (0, "You said again.\n")
    assert [request.body["model"] for request in provider.requests] == ["good", "other"]


def test_a_chat_that_was_killed_in_an_answer_gets_it_when_it_is_continued(
    pagents: Pagents, provider: FakeProvider
) -> None:
    provider.hold(to="hello", times=1)
    chat = subprocess.Popen(
        [pagents.program, "chat", "talker", "--label", "tea"],
        stdin=subprocess.PIPE,
        env=pagents.environment,
        cwd=pagents.folder,
    )
    assert chat.stdin is not None
    chat.stdin.write(b"hello\n")
    chat.stdin.flush()
    provider.wait_in_flight(1)
    ((owner,),) = pagents.query("SELECT pid FROM owners")
    os.kill(int(str(owner)), signal.SIGKILL)
    chat.communicate()
    provider.release()

    ended = piped(pagents, "again\n", "tea")

    assert ended.returncode == 0
    assert ended.stdout == "You said hello.\nYou said again.\n"
    assert [said(request.body)[-1] for request in provider.requests] == ["hello", "hello", "again"]

"""At a terminal: the live view is drawn, results scroll above it, and nothing of it is left."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from parallel_agents.core.message import ToolCall
from parallel_agents.core.schema import JsonObject
from parallel_agents.models.shapes import objects_at, text_at
from parallel_agents.testing import Drip, Hang
from parallel_agents.testing.behaviour import Reply
from tests.acceptance.support.waiting import wait_until

if TYPE_CHECKING:
    from tests.acceptance.conftest import Open
    from tests.acceptance.support.command import Pagents
    from tests.acceptance.support.provider import FakeProvider

COLOURS = re.compile(r"\x1b\[[\d;]*m")
COLOUR = re.compile(r"\x1b\[(?:\d+;)*(?:3[0-8]|9[0-7])(?:;\d+)*m")


@pytest.mark.parametrize("width", [100, 44])
def test_the_live_view_draws_and_leaves_only_results(
    pagents: Pagents, provider: FakeProvider, terminal: Open, width: int
) -> None:
    provider.hold(to="About slow")
    provider.hold(to="About last")

    running = terminal("run", pagents.team("quick", "slow", "last"), "--id", "tea", width=width)
    running.wait_for("1/3 finished")
    running.wait_for("✔ quick  done")
    during = running.screen.text
    provider.release()
    code = running.end()

    after = running.screen
    assert code == 0
    assert "2 running" in during.replace("\n", "")
    assert "asks the model" in during
    assert "✔ quick  done" in during
    assert after.is_cursor_shown
    assert "asks the model" not in after.text
    assert "running" not in after.text
    assert "finished" not in after.text
    assert [after.text.count(f"✔ {label}  done") for label in ("quick", "slow", "last")] == [1] * 3
    assert after.text.count("hashtags: []") == 3
    assert "✔ done in" in after.text


def test_nothing_is_left_of_the_live_view_when_its_terminal_is_resized(
    pagents: Pagents, provider: FakeProvider, terminal: Open
) -> None:
    provider.hold()
    labels = ("a-label-that-is-longer-than-others", "another-label-of-that-length", "third")
    running = terminal("run", pagents.team(*labels), "--id", "tea", width=100)
    running.wait_for("3 running")

    for width in (40, 90, 30):
        running.resize(width)
        running.wait_for("3 running")
        before = len(running.raw)
        pagents.wait_until(lambda before=before: "3 running" in running.raw[before + 200 :])
        assert running.screen.text.count("finished") == 1
    provider.release()

    assert running.end() == 0
    assert "finished" not in running.screen.text
    assert "asks the model" not in running.screen.text
    assert running.screen.text.count("▶") == 1


def test_what_one_agent_writes_is_shown_while_it_does(
    pagents: Pagents, provider: FakeProvider, terminal: Open
) -> None:
    provider.gives(Drip(seconds=0.5), times=1)
    provider.answer = lambda _: '{"content": "the kettle sings", "hashtags": []}'

    running = terminal("run", pagents.team("one"), "--id", "tea")
    running.wait_for('{"content"')
    code = running.end()

    assert code == 0
    assert running.screen.text.count("the kettle sings") == 1


def test_without_colour_nothing_is_coloured(pagents: Pagents, terminal: Open) -> None:
    team = pagents.team("one")

    coloured = terminal("run", team)
    coloured.end()
    plain = terminal("run", team, NO_COLOR="1")
    plain.end()

    assert COLOUR.search(coloured.raw)
    assert not COLOUR.search(plain.raw)
    assert "✔ one  done" in plain.screen.text


def test_a_model_that_writes_escape_codes_leaves_the_screen_alone(
    pagents: Pagents, provider: FakeProvider, terminal: Open
) -> None:
    provider.answer = lambda _: '{"content": "\\u001b[2J\\u001b[31mred", "hashtags": []}'

    running = terminal("run", pagents.team("one"), "--id", "rude")
    running.end()
    told = terminal("history", "rude")
    told.end()

    assert "\x1b[2J" not in running.raw + told.raw
    assert "\x1b[31mred" not in running.raw + told.raw


def test_ctrl_c_at_the_keyboard_stops_in_good_order(
    pagents: Pagents, provider: FakeProvider, terminal: Open
) -> None:
    provider.hold()
    running = terminal("run", pagents.team("one"), "--id", "tea")
    provider.wait_in_flight(1)

    running.press("\x03")
    running.wait_for("Ctrl-C again stops at once")
    provider.release()
    code = running.end()

    assert code == 130
    assert running.screen.is_cursor_shown
    assert "asks the model" not in running.screen.text
    assert "waiting for 1 call in flight" in running.screen.text
    assert "✔ one  done" in running.screen.text
    assert "Everything had ended when it stopped" in running.screen.text
    assert "pagents show tea" in running.screen.text
    assert [request.status for request in provider.requests] == [200]


def test_ctrl_c_twice_at_the_keyboard_stops_at_once(
    pagents: Pagents, provider: FakeProvider, terminal: Open
) -> None:
    provider.gives(Hang())
    running = terminal("run", pagents.team("one"), "--id", "tea")
    provider.wait_in_flight(1)

    running.press("\x03")
    running.wait_for("Ctrl-C again stops at once")
    running.press("\x03")

    assert running.end() == 130
    assert "Traceback" not in running.screen.text


def test_a_table_fits_the_width_of_the_terminal(pagents: Pagents, terminal: Open) -> None:
    pagents("spawn", "content_writer_funny", "Write about cats. " * 20, "--wait")

    listed = terminal("list", width=80)
    listed.end()

    assert "Write about cats." in listed.screen.text
    assert max(len(line) for line in re.split("[\r\n]+", COLOURS.sub("", listed.raw))) <= 80


def test_numbers_say_what_they_count_where_a_row_takes_several_lines(
    pagents: Pagents, terminal: Open
) -> None:
    pagents("limits", "set", "bench/good", "--rpm", "10")

    shown = terminal("limits", "list", width=50)
    shown.end()

    assert "bench/good  requests/min 0 of 10" in shown.screen.text


@pytest.mark.parametrize("command", [("config",), ("models", "list"), ("docs",)], ids=" ".join)
def test_what_is_read_at_80_columns_is_wrapped_between_words(
    pagents: Pagents, terminal: Open, command: tuple[str, ...]
) -> None:
    piped = pagents(*command)
    shown = terminal(*command, width=80)
    assert shown.end() == 0

    lines = COLOURS.sub("", shown.raw).replace("\r", "").splitlines()
    long = [line for line in lines if len(line) > 80]
    assert [line for line in long if len(line.split()) > 1] == []
    assert set(" ".join(lines).split()) <= set((piped.out + piped.err).split()) | {"…"}


def test_kill_asks_before_it_ends_several_and_no_is_no(
    pagents: Pagents, provider: FakeProvider, terminal: Open
) -> None:
    provider.gives(Hang())
    running = pagents.start("run", pagents.team("one", "two"), "--id", "tea")
    provider.wait_in_flight(2)

    refused = terminal("kill", "tea")
    refused.wait_for("end 2 live: 2 running, 0 queued? [y/N]:")
    refused.press("n\r")
    refused.end()
    still = pagents.items("list", "tea")
    agreed = terminal("kill", "tea")
    agreed.wait_for("[y/N]:")
    agreed.press("y\r")

    assert "Nothing was ended." in refused.screen.text
    assert {item["status"] for item in still} == {"running"}
    assert agreed.end() == 0
    assert running.ended().code == 1


HOST = """---
name: host
description: Asks.
tools: [ask_human, write_file]
permissions: {ask: [write_file]}
---
You are a host.
"""


def asks(call: ToolCall) -> Callable[[JsonObject], Reply]:
    def answer(body: JsonObject) -> Reply:
        *_, last = objects_at(body, "messages")
        return text_at(last, "content") if last.get("role") == "tool" else [call]

    return answer


@pytest.mark.parametrize(
    ("call", "shown", "typed", "told"),
    [
        (
            ToolCall("c", "ask_human", {"question": "Which tea?"}),
            "Which tea?",
            "green\n",
            "green",
        ),
        (
            ToolCall("c", "write_file", {"path": "menu.txt", "content": "tea"}),
            "may it call write_file menu.txt?",
            "what\ndeny\n",
            "A person was asked, and did not allow the call",
        ),
        (
            ToolCall("c", "write_file", {"path": "menu.txt", "content": "tea"}),
            "may it call write_file menu.txt?",
            "allow\n",
            "Made menu.txt: 1 lines.",
        ),
    ],
)
def test_a_question_is_answered_at_the_terminal_that_runs_it(
    pagents: Pagents,
    provider: FakeProvider,
    terminal: Open,
    call: ToolCall,
    shown: str,
    typed: str,
    told: str,
) -> None:
    (pagents.home / "agents").mkdir(mode=0o700)
    (pagents.home / "agents" / "host.md").write_text(HOST)
    provider.answer = asks(call)

    running = terminal("spawn", "host", "Welcome them.", "--wait")
    running.wait_for(shown)
    running.wait_for("press Enter")
    running.press(typed)
    code = running.end()

    assert code == 0
    assert told in running.screen.text


def test_what_rows_of_a_map_ask_is_answered_at_its_terminal(
    pagents: Pagents, provider: FakeProvider, terminal: Open
) -> None:
    (pagents.home / "agents").mkdir(mode=0o700)
    (pagents.home / "agents" / "host.md").write_text(HOST)
    provider.answer = asks(ToolCall("c", "ask_human", {"question": "Which tea?"}))
    rows = pagents.file("guests.csv", "guest\nAda\nBo\n")

    running = terminal("map", "host", "--rows", rows, "--text", "Welcome {guest}.", "--id", "tea")
    for count, tea in enumerate(("green", "black"), start=1):
        pagents.wait_until(lambda n=count: running.screen.text.count("press Enter") == n)
        running.press(f"{tea}\n")
    code = running.end()

    written = (pagents.home / "results" / "tea.jsonl").read_text()
    assert code == 0
    assert {"green", "black"} <= {json.loads(line)["output"] for line in written.splitlines()}


def host(pagents: Pagents, provider: FakeProvider, *calls: ToolCall) -> None:
    """An agent that makes these calls at once."""

    def answer(body: JsonObject) -> Reply:
        *_, last = objects_at(body, "messages")
        return "done" if last.get("role") == "tool" else list(calls)

    (pagents.home / "agents").mkdir(mode=0o700)
    (pagents.home / "agents" / "host.md").write_text(HOST)
    provider.answer = answer


def write(path: str, number: int = 1) -> ToolCall:
    return ToolCall(f"c{number}", "write_file", {"path": path, "content": "tea"})


@pytest.mark.parametrize(
    ("early", "late"), [("a\n", ""), ("a", "\n"), ("al", "low\n")], ids=["line", "part", "halves"]
)
def test_what_was_typed_before_a_question_does_not_answer_it(
    pagents: Pagents, provider: FakeProvider, terminal: Open, early: str, late: str
) -> None:
    host(pagents, provider, write("early.txt"))
    provider.hold()
    running = terminal("spawn", "host", "Welcome them.", "--wait")
    provider.wait_in_flight(1)

    running.press(early)
    provider.release()
    running.wait_for("what you typed before you could read this is thrown away")
    running.wait_for("type allow, run")
    running.press(late)
    running.press("deny\n")
    running.press("deny\n")
    code = running.end()

    assert code == 0
    assert not (pagents.folder / "early.txt").exists()


def test_a_question_that_was_answered_before_is_not_asked_again(
    pagents: Pagents, provider: FakeProvider, terminal: Open
) -> None:
    host(pagents, provider, write("first.txt", 1), write("second.txt", 2))
    stopped = terminal("spawn", "host", "Welcome them.", "--wait", "--label", "tea")
    stopped.wait_for("may it call write_file first.txt?")
    stopped.press("\x03")
    stopped.end()
    first, _ = pagents.items("inbox")
    pagents("answer", first["id"], "allow")

    resumed = terminal("resume", "tea")
    resumed.wait_for("may it call write_file second.txt?")
    resumed.wait_for("press Enter")
    resumed.press("deny\n")
    code = resumed.end()

    assert code == 0
    assert "first.txt" not in resumed.screen.text
    assert "waits no more" not in resumed.screen.text


def test_after_the_end_of_its_input_a_question_says_where_it_is_answered(
    pagents: Pagents, provider: FakeProvider, terminal: Open
) -> None:
    host(pagents, provider, write("first.txt"))
    running = terminal("spawn", "host", "Welcome them.", "--wait")
    running.wait_for("press Enter")

    running.press("\x04")
    (question,) = pagents.items("inbox")
    running.wait_for(f"pagents answer {question['id']} allow")
    pagents("answer", question["id"], "deny")

    assert running.end() == 0


def test_a_line_begun_under_a_question_answers_no_other(
    pagents: Pagents, provider: FakeProvider, terminal: Open
) -> None:
    host(pagents, provider, write("first.txt", 1), write("second.txt", 2))
    running = terminal("spawn", "host", "Welcome them.", "--wait")
    running.wait_for("may it call write_file first.txt?")
    running.wait_for("press Enter")

    running.press("all")
    running.wait_for("all")
    first, second = pagents.items("inbox")
    pagents("answer", first["id"], "allow")
    running.wait_for("what you typed for it is thrown away")
    running.wait_for("may it call write_file second.txt?")
    running.wait_for("press Enter, then type allow")
    running.press("ow\nallow")
    running.wait_for("allow")
    still = pagents.items("inbox")
    pagents("answer", second["id"], "deny")
    code = running.end()

    assert code == 0
    assert [each["id"] for each in still] == [second["id"]]
    assert "no longer waits" in running.screen.text
    assert not (pagents.folder / "second.txt").exists()


def test_what_a_template_needs_is_asked_for(pagents: Pagents, terminal: Open) -> None:
    asking = terminal("agents", "init", "training_assistant", "--set", "audience=everybody")
    for question, answer in (
        ("role:", "trainer"),
        ("organisation:", " "),
        ("organisation:", "shop"),
    ):
        asking.wait_for(question)
        asking.press(f"{answer}\n")
    for question in ("tools:", "style:"):
        asking.wait_for(question)
        asking.press("\n")
    code = asking.end()

    text = (pagents.home / "agents" / "training_assistant.md").read_text("utf-8")
    assert code == 0
    assert "organisation is empty" in asking.screen.text
    assert "- Organisation: shop" in text
    assert "- Can use: nothing special" in text


def test_bytes_that_are_not_text_do_not_end_the_live_view(pagents: Pagents, terminal: Open) -> None:
    assert pagents("run", pagents.team("quick")).code == 0
    running = terminal("top", width=100)
    running.wait_printed("pagents top")
    running.press("\udceb\udcff")

    def is_shown() -> bool:
        running.press("?")  # what comes in one piece with such bytes is lost
        return "escape        back" in running.raw

    wait_until(is_shown)
    running.press("q")

    assert running.end() == 0
    assert "UnicodeDecodeError" not in running.raw


def test_a_terminal_without_a_cursor_is_told_what_to_do(pagents: Pagents, terminal: Open) -> None:
    assert pagents("run", pagents.team("quick")).code == 0
    running = terminal("top", width=100, TERM="dumb")

    assert running.end() == 2
    assert "pagents top --once" in running.screen.text

"""A goal at a terminal: who plans it is shown, and a plan that is answered elsewhere is not waited for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.acceptance.test_do import GOAL, plays

if TYPE_CHECKING:
    from tests.acceptance.conftest import Open
    from tests.acceptance.support.command import Pagents
    from tests.acceptance.support.provider import FakeProvider


def test_a_plan_that_is_answered_at_another_terminal_runs_without_a_key(
    pagents: Pagents, provider: FakeProvider, terminal: Open
) -> None:
    provider.answer = plays
    provider.hold(to="Write the plan")

    running = terminal("do", GOAL, "--id", "tea")
    running.wait_for("planning, by agent_…rator on")
    provider.release()
    running.wait_for("[enter] run  [e] edit  [q] stop")
    (question,) = pagents.items("inbox")
    answered = pagents("answer", str(question["id"]), "run")
    code = running.end()

    assert answered.code == 0, answered.err
    assert code == 0
    assert "no longer waits: " in running.screen.text
    assert "- There is a post. [first]" in running.screen.text
    assert "0/0 finished" not in running.raw


def test_a_plan_that_is_stopped_is_not_asked_about_again(
    pagents: Pagents, provider: FakeProvider, terminal: Open
) -> None:
    provider.answer = plays

    running = terminal("do", GOAL, "--id", "tea")
    running.wait_for("[enter] run  [e] edit  [q] stop")
    running.press("q\r")
    code = running.end()

    assert code != 0
    assert "May this plan run" not in running.raw
    assert "no longer waits" not in running.raw
    assert "stopped at the terminal" in running.raw


def test_a_goal_that_is_killed_at_another_terminal_asks_for_no_key(
    pagents: Pagents, provider: FakeProvider, terminal: Open
) -> None:
    provider.answer = plays

    running = terminal("do", GOAL, "--id", "tea")
    running.wait_for("[enter] run  [e] edit  [q] stop")
    pagents("kill", "tea")
    code = running.end()

    assert code != 0
    assert "no longer waits: its run has ended" in running.screen.text


def test_the_end_of_the_input_at_the_question_is_told_as_that(
    pagents: Pagents, provider: FakeProvider, terminal: Open
) -> None:
    provider.answer = plays

    running = terminal("do", GOAL, "--id", "tea")
    running.wait_for("[enter] run  [e] edit  [q] stop")
    running.press("\x04")
    code = running.end()

    assert code == 1
    assert "the input has ended, and --yes was not given" in running.screen.text

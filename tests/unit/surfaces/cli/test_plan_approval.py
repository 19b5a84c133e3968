"""A plan is shown as soon as it is made, and runs only if somebody says yes to it."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from parallel_agents.core.ids import RunId, SessionKey
from parallel_agents.core.question import Answer
from parallel_agents.core.run import Result
from parallel_agents.errors import PlanUnconfirmed
from parallel_agents.surfaces.cli import progress, render
from parallel_agents.surfaces.cli.foreground import Display, Shown, Work
from parallel_agents.surfaces.cli.plan_approval import is_do, show_do
from tests.unit.orchestration.parts import AGENTS, Team, asked, step
from tests.unit.surfaces.cli.parts import environment, open_process

if TYPE_CHECKING:
    from pathlib import Path

    from parallel_agents.app.client import App


class Usual:
    """Work that is shown as all other work is."""

    def __init__(self, app: App, work: Work) -> None:
        self.work = work
        self.is_over = False
        self._app = app

    async def watch(self) -> None:
        await self._app.sessions.wait([self.work.run])

    async def catch_up(self) -> None:
        self.is_over = True


@pytest.fixture(autouse=True)
def fresh_consoles() -> None:
    render.out.cache_clear()
    render.err.cache_clear()


async def watched(
    home: Path, *, is_yes: bool, answers: tuple[str, ...] = (), is_json: bool = False
) -> Result:
    """The result of a goal that is watched; `answers` come from elsewhere before."""
    async with open_process(home, Team([step("facts")]).model, AGENTS) as app:
        spawned = await app.sessions.spawn_flow(asked(is_asked=True).flow_task(), key="tea")
        for text in answers:
            await asyncio.sleep(60)
            (found,) = await app.sessions.questions()
            await app.sessions.answer(found.id, Answer(allow=True, text=text))
        work = Work("tea", spawned.session_key, spawned.run_id, {}, is_flow=True)
        shown = show_do(
            environment(home),
            Display(progress.Style.NONE, is_json),
            lambda _app, _work, usual: usual,
            is_yes=is_yes,
        )(app, work, Usual(app, work))
        await shown.watch()
        (result,) = await app.sessions.wait([spawned.run_id])
        return result


async def test_a_yes_that_was_given_before_answers_the_question(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    result = await watched(tmp_path, is_yes=True)

    assert result.is_done, result.error
    assert capsys.readouterr().out.startswith("plan (1 step, ")


async def test_without_a_terminal_the_error_says_how_to_say_yes(tmp_path: Path) -> None:
    with pytest.raises(PlanUnconfirmed, match="waits for a yes") as refused:
        await watched(tmp_path, is_yes=False)

    assert "pagents resume tea" in refused.value.hint
    assert "--id tea --yes" in refused.value.hint


@pytest.mark.parametrize(("text", "is_done"), [("run", True), ("stop", False)])
async def test_a_plan_that_was_answered_elsewhere_is_not_asked_about_again(
    text: str, is_done: bool, tmp_path: Path
) -> None:
    result = await watched(tmp_path, is_yes=False, answers=(text,))

    assert result.is_done == is_done


async def test_an_answer_that_is_no_plan_is_told_before_the_plan_is_asked_about_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(PlanUnconfirmed, match="waits for a yes"):
        await watched(tmp_path, is_yes=False, answers=('{"x": 1}',))

    assert "  That plan cannot be used: " in capsys.readouterr().err


async def test_as_json_the_plan_is_not_printed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with suppress(PlanUnconfirmed):
        await watched(tmp_path, is_yes=False, is_json=True)

    assert capsys.readouterr().out == ""


async def test_other_work_is_shown_otherwise(tmp_path: Path) -> None:
    async with open_process(tmp_path, Team([]).model) as app:
        work = Work("x", SessionKey("team:x:x"), RunId("none"), {})
        usual: Shown = Usual(app, work)
        display = Display(progress.Style.NONE, is_json=False)

        shown = show_do(environment(tmp_path), display, lambda _a, _w, same: same)(app, work, usual)

    assert shown is usual
    assert not is_do(work.session)

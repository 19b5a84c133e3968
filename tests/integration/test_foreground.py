"""Work that somebody looks on: a Ctrl-C at the worst moment still names what was accepted."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

import pytest
import typer

from parallel_agents.app.client import App
from parallel_agents.core.ids import RunId, SessionKey
from parallel_agents.surfaces.cli import progress
from parallel_agents.surfaces.cli.context import find_context
from parallel_agents.surfaces.cli.foreground import Begin, Display, Work, run_in_foreground

WORK = Work("tea", SessionKey("team:crew:tea"), RunId("none"), {})


async def until_broken_off() -> None:
    """Let the loop go on until some task of it is asked to end."""
    while not any(task.cancelling() for task in asyncio.all_tasks()):  # noqa: ASYNC110 - no event tells
        await asyncio.sleep(0)


def test_ctrl_c_while_work_is_being_accepted_says_how_to_go_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async def prepare(app: App) -> Begin:
        assert app.is_idle

        async def begin() -> Work:
            os.kill(os.getpid(), signal.SIGINT)
            await until_broken_off()
            return WORK

        return begin

    async def conclude(app: App, work: Work) -> None:
        raise AssertionError((app, work))

    with pytest.raises(typer.Exit) as left:
        run_in_foreground(
            find_context(tmp_path), prepare, conclude, Display(progress.Style.NONE, is_json=False)
        )

    assert left.value.exit_code == 130
    assert "pagents resume tea" in capsys.readouterr().err


def test_ctrl_c_while_work_is_prepared_breaks_it_off(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async def prepare(app: App) -> Begin:
        assert app.is_idle
        os.kill(os.getpid(), signal.SIGINT)
        await asyncio.Event().wait()
        raise AssertionError("nobody sets the event")

    async def conclude(app: App, work: Work) -> None:
        raise AssertionError((app, work))

    with pytest.raises(typer.Exit) as left:
        run_in_foreground(
            find_context(tmp_path), prepare, conclude, Display(progress.Style.NONE, is_json=False)
        )

    assert left.value.exit_code == 130
    assert "resume" not in capsys.readouterr().err

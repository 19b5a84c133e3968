"""A chat with an agent of another machine: what begins with a slash is a command there, too."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, NamedTuple

import pytest

from parallel_agents.app.opening import open_app
from parallel_agents.app.parts import Parts
from parallel_agents.core.owner import Role
from parallel_agents.core.run import RunStatus
from parallel_agents.settings import Settings
from tests.acceptance.support.waiting import wait_until
from tests.integration.gateway.test_live_text import PIECES, Slow
from tests.integration.other_processes import until
from tests.support.terminal import Terminal

if TYPE_CHECKING:
    from pathlib import Path

    from tests.integration.gateway.conftest import Served, Serving
    from tests.support.loaded import Loaded


class Said(NamedTuple):
    """What a chat that was piped into printed."""

    code: int | None
    out: str
    told: str


def environment_of(served: Served) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(served.environment.home),
        "PARALLEL_AGENTS_TOKEN": served.tokens.operate,
    }


@asynccontextmanager
async def at_terminal(
    served: Served, programs: Path, loaded: Loaded | None, *arguments: str
) -> AsyncGenerator[Terminal]:
    """A terminal with a command in it that asks the gateway."""
    start = ("setsid", "--ctty") if loaded is None else ()  # a forked one makes it its own
    terminal = Terminal(
        [*start, str(programs / "pagents"), *arguments],
        environment_of(served),
        served.environment.home,
        wait_until,
        width=100,
    )
    try:
        yield terminal
    finally:
        await asyncio.to_thread(terminal.close)


async def shown(terminal: Terminal, words: str) -> None:
    await until(lambda: words in terminal.screen.text.replace("\n", ""))


async def chat(served: Served, programs: Path, lines: str, *arguments: str) -> Said:
    process = await asyncio.create_subprocess_exec(
        programs / "pagents",
        "chat",
        *arguments,
        "--url",
        served.url,
        env=environment_of(served),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(60):
        out, told = await process.communicate(lines.encode())
    return Said(process.returncode, out.decode(), told.decode())


async def test_a_command_is_never_sent_as_a_message(serving: Serving, programs: Path) -> None:
    lines = "/model\n/model sim/calm@7\n /model is text\n/cost\n/history\n/help\n/exit\nCake\n"
    async with serving() as served, served.worker():
        served.add_greeter()
        first = await chat(served, programs, lines, "greeter")
        (run,) = (await served.get("/runs"))[1]["items"]
        wrong = await chat(served, programs, "/modell\nCake\n", run["id"])
        late = await chat(served, programs, "/now Cake\n", run["id"])
        unknown = await chat(served, programs, "/model sim/none\nCake\n", run["id"])
        _, history = await served.get(f"/runs/{run['id']}/history")

    sent = [each["event"] for each in history["items"] if each["event"]["kind"] == "queued"]
    assert [each["text"] for each in sent] == [" /model is text"]
    assert "the next answers are from sim/calm@7" in first.out
    assert ">  /model is text\n" in first.out  # the history
    assert "tok  <$" in first.out
    assert "/exit " in first.out
    assert [each.code for each in (first, wrong, late, unknown)] == [0, 2, 2, 10]
    assert "did you mean '/model'?" in wrong.told
    assert "sim/calm@7, which is simulated" in first.out
    assert "none is being written" in late.told


async def test_an_answer_is_shown_while_it_is_written_and_written_on_when_the_chat_is_left(
    serving: Serving, programs: Path, loaded: Loaded | None
) -> None:
    may_end = asyncio.Event()
    parts = Parts(models={"sim": lambda _: Slow(may_end, "hello.")}, role=Role.WORKER)
    async with (
        serving() as served,
        open_app(served.environment, Settings(model="sim/calm"), parts),
        asyncio.timeout(60),
    ):
        served.add_greeter()
        sessions = served.gateway.client.sessions
        async with at_terminal(
            served, programs, loaded, "chat", "greeter", "--url", served.url
        ) as terminal:
            await shown(terminal, "/exit leaves")
            terminal.press("Greet Ana\r")
            await shown(terminal, "".join(PIECES).strip())
            may_end.set()
            await shown(terminal, "hello.")
            await shown(terminal, "tok")
            first = terminal.screen.text
            may_end.clear()
            terminal.press("And Bo\r")
            await until(lambda: terminal.screen.text.count("Dear") == 2)
            terminal.press("\x03")
            await shown(terminal, "■ stopped")
            terminal.press("And Cy\r")
            await until(lambda: terminal.screen.text.count("Dear") == 3)
            terminal.press("/exit\r")
            code = await asyncio.to_thread(terminal.end)
            last = terminal.screen.text
        (row,) = await sessions.list()
        may_end.set()
        (result,) = await sessions.wait([row.run.id])

    assert first.count("Dear") == 1
    assert code == 0
    assert "the answer is written on" in last
    assert result.status is RunStatus.DONE


@pytest.mark.parametrize(
    ("command", "is_here"),
    [
        ("spawn --wait greeter Ana", False),
        ("fork --wait tea Bo", False),
        ("watch tea", False),
        ("watch tea", True),
    ],
)
async def test_what_an_agent_writes_is_shown_while_it_is_watched(
    serving: Serving, programs: Path, loaded: Loaded | None, *, command: str, is_here: bool
) -> None:
    may_end = asyncio.Event()
    parts = Parts(models={"sim": lambda _: Slow(may_end)}, role=Role.WORKER)
    async with (
        serving() as served,
        open_app(served.environment, Settings(model="sim/calm"), parts),
        asyncio.timeout(60),
    ):
        served.add_greeter()
        if "tea" in command:
            may_end.set()
            _, begun = await served.post("/runs", {"agent": "greeter", "text": "Ana", "key": "tea"})
            await served.gateway.client.sessions.wait([begun["run_id"]])
            may_end.clear()
        if "watch" in command:
            await served.post("/runs/tea/messages", {"text": "Bo", "listen": True})
        where = ("--home", str(served.environment.home)) if is_here else ("--url", served.url)
        async with at_terminal(served, programs, loaded, *command.split(), *where) as terminal:
            await shown(terminal, "".join(PIECES).strip())
            may_end.set()
            code = await asyncio.to_thread(terminal.end)

    assert code == 0

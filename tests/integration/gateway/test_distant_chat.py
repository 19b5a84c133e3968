"""A chat with an agent of another machine: what begins with a slash is a command there, too."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pathlib import Path

    from tests.integration.gateway.conftest import Served, Serving


class Said(NamedTuple):
    """What a chat that was piped into printed."""

    code: int | None
    out: str
    told: str


async def chat(served: Served, programs: Path, lines: str, *arguments: str) -> Said:
    process = await asyncio.create_subprocess_exec(
        programs / "pagents",
        "chat",
        *arguments,
        "--url",
        served.url,
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(served.environment.home),
            "PARALLEL_AGENTS_TOKEN": served.tokens.operate,
        },
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
    assert first.told.count("is simulated") == 1
    assert "none is being written" in late.told

"""A command is told of the run that a message starts, and of what a worker executes."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import TYPE_CHECKING

from parallel_agents.app.opening import open_client
from parallel_agents.core.task import Task
from parallel_agents.setting_sources import load
from parallel_agents.settings import Environment

if TYPE_CHECKING:
    from tests.acceptance.support.command import Pagents
    from tests.acceptance.support.provider import FakeProvider


def told(file: Path) -> list[str]:
    """What happened, by the documents that the command was given."""
    return [json.loads(line)["event"] for line in file.read_text().splitlines()]


def test_the_run_of_a_message_is_told_where_the_message_says(
    pagents: Pagents, provider: FakeProvider, tmp_path: Path
) -> None:
    provider.answer = lambda _: "Fine."
    file = tmp_path / "told"
    pagents("spawn", "main", "Go.", "--wait")

    ended = pagents("send", "@last", "On.", "--wait", "--notify", f"tee -a {file}")

    assert ended.code == 0
    assert told(file) == ["done"]


def test_a_worker_tells_of_what_it_executes(
    pagents: Pagents, provider: FakeProvider, tmp_path: Path
) -> None:
    provider.answer = lambda _: "Fine."
    file = tmp_path / "told"

    async def queue() -> None:
        environment = Environment(home=pagents.home, variables=pagents.environment)
        async with open_client(environment, load(environment, {}).settings) as client:
            await client.sessions.spawn(Task("main", "Go."))

    asyncio.run(queue())
    ended = pagents("work", "--notify", f"tee -a {file}")

    assert ended.code == 0
    assert told(file) == ["done"]
    pagents("work", "--notify", "https://").assert_refused("PA-E110", "notify", exits=10)
    for command in ("work",), ("spawn", "main", "Go."):
        refused = pagents(*command, "--notify", "no-such-program -x")
        refused.assert_refused("PA-E101", "--notify", "no-such-program", exits=2)

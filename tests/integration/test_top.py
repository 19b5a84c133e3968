"""The live terminal on a real store, driven by keys as a person would."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

import parallel_agents as pa
from parallel_agents.core.message import ToolCall
from parallel_agents.core.model import ModelReply, ModelRequest
from parallel_agents.surfaces.cli.context import find_store
from parallel_agents.surfaces.cli.top_app import TopApp
from parallel_agents.testing import RepliesWith

_WAIT_SECONDS = 30.0
AGENT = pa.Agent("worker", instructions="Work.", tools=("hold", "ask_human"))


class Screen(NamedTuple):
    """A live terminal, the work that it shows, and what ends the tools of it."""

    pilot: Pilot[None]
    app: TopApp
    sessions: pa.OpenSessions
    release: asyncio.Event

    @property
    def text(self) -> str:
        strips = self.app.screen._compositor.render_strips()  # pyright: ignore[reportPrivateUsage] - what is on the screen
        return "\n".join("".join(part.text for part in strip).rstrip() for strip in strips)

    async def shows(self, text: str) -> str:
        """Wait until this is on the screen."""
        return await self.until(lambda: text in self.text, text)

    async def until(self, is_true: Callable[[], bool], what: str) -> str:
        try:
            async with asyncio.timeout(_WAIT_SECONDS):
                while not is_true():
                    await self.pilot.pause(0.05)
        except TimeoutError:
            pytest.fail(f"{what!r} is not on the screen:\n{self.text}")
        return self.text

    async def keys(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.pilot.pause()


def reply(request: ModelRequest) -> ModelReply | str | ToolCall:
    """The first call of a task is a tool's, as its text says; then the answer."""
    texts = [message.text for message in request.messages]
    if any(message.tool_calls for message in request.messages):
        return f"I read: {texts[-1]}"
    if "ask" in texts[-1]:
        return ToolCall("1", "ask_human", {"question": "Red or blue?"})
    return ToolCall("1", "hold", {})


@asynccontextmanager
async def opened(home: Path, size: tuple[int, int] = (100, 30)) -> AsyncGenerator[Screen]:
    """A team of which one holds and one asks, and the terminal that shows it."""
    release = asyncio.Event()

    async def hold() -> str:
        """Hold."""
        await release.wait()
        return "held"

    model = RepliesWith(reply)
    async with pa.open(
        home=home,
        tools=[hold],
        agents=[AGENT],
        models={"scripted": lambda _: model},
        model="scripted/m",
    ) as sessions:
        tasks = (pa.Task("worker", "hold", label="holder"), pa.Task("worker", "ask", label="asker"))
        await sessions.spawn_team(pa.TeamTask(tasks=tasks, name="crew"))
        app = TopApp(find_store(home))
        try:
            async with app.run_test(size=size) as pilot:
                yield Screen(pilot, app, sessions, release)
        finally:
            release.set()


async def test_who_needs_a_person_comes_first_and_is_answered_from_the_line(tmp_path: Path) -> None:
    async with opened(tmp_path) as screen:
        await screen.shows("▲ asker")
        shown = await screen.shows("▲ 1")  # the head follows the line by a look
        assert shown.index("asker") < shown.index("holder")

        await screen.keys("down", "a", *"blue", "enter")

        await screen.shows("answered: blue")
        assert await screen.sessions.questions() == []


async def test_a_message_is_typed_and_its_receipt_is_shown(tmp_path: Path) -> None:
    async with opened(tmp_path) as screen:
        await screen.shows("▲ asker")
        await screen.keys("down", "down", "s", *"hurry", "enter")
        await screen.shows("queued")

        screen.release.set()

        await screen.shows("delivered, before turn 2")


async def test_a_kill_shows_what_would_end_and_y_ends_it(tmp_path: Path) -> None:
    async with opened(tmp_path) as screen:
        await screen.shows("▲ asker")
        await screen.keys("down", "down", "x")
        await screen.shows("would end 1 live")
        await screen.keys("y")

        await screen.shows("ended 1 live")


async def test_a_digit_leads_back_to_its_session(tmp_path: Path) -> None:
    async with opened(tmp_path) as screen:
        await screen.shows("▲ asker")
        await screen.keys("down", "1")
        await screen.shows("▲ 1 asker")

        await screen.keys("up", "1", "s")

        await screen.shows("steer asker")


async def test_without_a_gateway_the_page_says_how_to_start_one(
    tmp_path: Path,
) -> None:
    async with opened(tmp_path) as screen:
        await screen.shows("▲ asker")
        await screen.keys("w")

        await screen.shows("PA-E")


async def test_leaving_it_ends_nothing(tmp_path: Path) -> None:
    async with opened(tmp_path) as screen:
        await screen.shows("▲ asker")
        await screen.keys("q")

        rows = await screen.sessions.list(pa.Filter(is_live=True))

    assert len(rows) == 3


async def test_a_small_terminal_has_the_runs_and_one_line_of_the_transcript(tmp_path: Path) -> None:
    async with opened(tmp_path, (80, 24)) as screen:
        await screen.shows("▲ asker")
        shown = await screen.shows("─ crew")

        lines = shown.splitlines()
        assert len(lines) == 23  # and an empty one, for what is said next
        assert max(map(len, lines)) <= 80
        assert lines[-3].startswith("─ crew")


async def test_a_narrow_terminal_says_how_to_leave_it(tmp_path: Path) -> None:
    async with opened(tmp_path, (50, 24)) as screen:
        await screen.shows("? keys  q leave")
        await screen.shows("▲ asker")
        await screen.keys("question_mark")
        shown = await screen.shows("enter sends it before its next")

    assert max(map(len, shown.splitlines())) <= 50


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("i", "q-"),
        ("t", "█ model"),
        ("c", "agent "),
        ("h", "processes"),
        ("d", "There are no dead letters."),
        ("question_mark", "leave; what is live continues"),
    ],
)
async def test_each_view_has_a_key_and_escape_goes_back(
    tmp_path: Path, key: str, text: str
) -> None:
    async with opened(tmp_path) as screen:
        await screen.shows("▲ asker")
        await screen.keys(key)
        await screen.shows(text)
        await screen.keys("escape")

        await screen.shows("▸ ▲ crew")


async def test_a_filter_and_the_problems_hide_the_rest(tmp_path: Path) -> None:
    async with opened(tmp_path) as screen:
        await screen.shows("▲ asker")
        await screen.keys("slash", *"hold", "enter")
        await screen.until(lambda: "▲ asker" not in screen.text, "no asker")
        await screen.keys("escape", "exclamation_mark")

        await screen.until(lambda: "▶ holder" not in screen.text, "no holder")
        assert not screen.app.query_one(Input).has_focus

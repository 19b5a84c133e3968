"""Merging at the page: a person sees what would change, has an agent resolve what is in conflict, and merges it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from parallel_agents.app.opening import open_client
from parallel_agents.core.task import Task
from parallel_agents.core.workspace import Workspace
from parallel_agents.workspaces.record import Room
from tests.web.person import counting

if TYPE_CHECKING:
    from pathlib import Path

    from tests.integration.gateway.conftest import Served, Serving
    from tests.web.conftest import Browsing

pytestmark = pytest.mark.web


def make_files(source: Path) -> None:
    source.mkdir()
    for name in ("a.txt", "b.txt"):
        (source / name).write_text("one\n")


async def in_conflict(served: Served, source: Path) -> str:
    """A session whose copy and whose source have both changed `a.txt`; and it alone, `b.txt`."""
    make_files(source)
    served.add_greeter()
    task = Task("greeter", "Look", model="sim/calm", workspace=Workspace.own(source))
    async with open_client(served.environment, served.settings) as client:
        key = (await client.sessions.spawn(task)).session_key
    async with served.worker():
        await served.get(f"/wait?names={key}")
    room = Room(served.environment.home, key)
    assert room.record is not None
    files = room.files(room.record)
    (files / "a.txt").write_text("theirs\n")
    (files / "b.txt").write_text("theirs\n")
    (source / "a.txt").write_text("mine\n")
    return key


async def test_a_conflict_is_resolved_for_a_price_that_is_told_before_and_merged_once_it_was_read(
    serving: Serving, browsing: Browsing, tmp_path: Path
) -> None:
    source = tmp_path / "source"
    async with serving() as served, browsing(served) as tab:
        key = await in_conflict(served, source)
        await tab.open(f"#/run/{key}/changes")
        with counting(tab) as person:
            await person.sees("Merge…")
            await person.press("m")
            await person.sees("would change in")
            faults = await tab.faults_of_access()
            await tab.page.get_by_role("radio").first.focus()
            await person.press("ArrowUp")
            await person.sees("First calls cost at most")
            before = await served.get("/runs")
            await person.click(tab.page.get_by_role("button", name="Resolve"))
            await person.sees("An agent is at work")
            async with served.worker():
                await person.sees("The agent resolved 1 file")
            unmerged = (source / "a.txt").read_text()
            await person.click(tab.page.get_by_role("button", name="Merge", exact=True))
            await person.sees("2 files changed in")
            await person.press("Escape")
            await tab.page.locator("dialog").wait_for(state="detached")
        _, audit = await served.get("/audit")

    assert len(before[1]["items"]) == 1
    assert unmerged == "mine\n"
    assert (source / "a.txt").read_text() not in ("mine\n", "theirs\n")
    assert (source / "b.txt").read_text() == "theirs\n"
    assert audit["items"][-1]["what"] == "merge"
    assert faults == []
    assert tab.complaints == []


async def test_conflict_marks_are_written_only_if_somebody_chooses_them(
    serving: Serving, browsing: Browsing, tmp_path: Path
) -> None:
    source = tmp_path / "source"
    async with serving() as served, browsing(served, width=400) as tab:
        key = await in_conflict(served, source)
        await tab.open(f"#/run/{key}/changes")
        merge = tab.page.get_by_role("button", name="Merge", exact=True)
        with counting(tab) as person:
            await person.click(tab.page.get_by_role("button", name="Merge…"))
            await person.sees("would change in")
            await person.click(merge)
            await person.sees("1 file was left")
            left = (source / "a.txt").read_text()
            await person.click(tab.page.get_by_role("button", name="Close"))
            await person.click(tab.page.get_by_role("button", name="Merge…"))
            await person.click(tab.page.get_by_label("Write both versions"))
            await person.click(merge)
            await person.sees("conflict marks")

    assert left == "mine\n"
    assert "<<<<<<<" in (source / "a.txt").read_text()
    assert tab.complaints == []

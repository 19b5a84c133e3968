"""What a session changed in its copy of a folder is shown as a patch, and nothing is merged."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parallel_agents.app.opening import open_client
from parallel_agents.core.task import Task
from parallel_agents.core.workspace import Workspace
from parallel_agents.workspaces.record import Room

if TYPE_CHECKING:
    from pathlib import Path

    from tests.integration.gateway.conftest import Serving


async def test_changes_are_shown_as_a_patch(serving: Serving, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    (source / "a.txt").write_text("one\n")
    task = Task("explorer", "Look", model="sim/calm", workspace=Workspace.own(source))
    async with serving() as served:
        async with open_client(served.environment, served.settings) as client:
            key = (await client.sessions.spawn(task)).session_key
        async with served.worker():
            await served.get(f"/wait?names={key}")
        room = Room(served.environment.home, key)
        assert room.record is not None
        (room.files(room.record) / "a.txt").write_text("<b>two</b>\n")
        _, listed = await served.get(f"/runs/{key}/changes")
        _, found = await served.get(f"/runs/{key}/patch")
        status, nobody = await served.get("/runs/nobody/changes")
        (source / "a.txt").write_text("mine\n")
        _, priced = await served.post(f"/runs/{key}/resolve", {"dry_run": True})
        _, runs = await served.get("/runs")

    assert [(each["session_key"], each["source"]) for each in listed["items"]] == [
        (key, str(source))
    ]
    assert found["changes"] == {"files": 1, "added": 1, "removed": 1}
    assert "-one\n+<b>two</b>\n" in found["patch"]
    assert (found["left_bytes"], found["not_shown"]) == (0, [])
    assert (status, nobody["code"]) == (404, "PA-E104")
    assert (source / "a.txt").read_text() == "mine\n"
    assert [task["agent"] for task in priced["price"]["tasks"]] == ["merge_resolver"]
    assert (priced["begun"], len(runs["items"])) == (None, 1)

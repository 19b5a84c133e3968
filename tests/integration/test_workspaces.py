"""Sessions that work in workspaces: in one process, with real repositories and tools."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

import parallel_agents as pa
from parallel_agents.core.ids import SessionKey
from parallel_agents.core.permission import Permissions
from parallel_agents.core.workspace import Changes
from parallel_agents.testing import RepliesWith, ScriptedModel
from parallel_agents.testing.scripted import Script
from parallel_agents.workspaces.record import Room
from tests.integration.sandbox.machine import needs_sandbox
from tests.integration.workspace_rig import Rig, git, state_of, write

WRITES = Permissions(allow=("write_file", "read_file"))
CODER = pa.Agent(
    name="coder",
    description="Codes",
    instructions="Code.",
    tools=("write_file", "read_file"),
    permissions=WRITES,
)


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    rig = Rig(tmp_path)
    rig.commit({"a.txt": "1\n"})
    return rig


def writes(path: str, content: str) -> pa.ToolCall:
    return pa.ToolCall(f"write-{path}", "write_file", {"path": path, "content": content})


def run(rig: Rig, task: pa.Task, script: Script, agents: Sequence[pa.Agent] = ()) -> pa.Result:
    model = ScriptedModel(script)
    team = pa.run(
        [task],
        agents=agents,
        model="scripted/model",
        models={"scripted": lambda _: model},
        home=rig.home,
    )
    model.assert_used_up()
    return team.results[0]


def test_an_agent_changes_files_in_its_copy_only(rig: Rig) -> None:
    task = pa.Task(CODER, "Do it", workspace=pa.Workspace.own(rig.source))

    result = run(rig, task, [writes("a.txt", "2\n"), "done"])

    assert result.changes == Changes(files=1, added=1, removed=1)
    assert state_of(rig.source)["a.txt"][2] == b"1\n"
    room = Room(rig.home, result.session_key)
    assert (room.folder / "changes.patch").read_bytes().endswith(b"-1\n+2\n")


def test_a_workspace_of_the_agent_is_used_if_the_task_names_none(rig: Rig) -> None:
    agent = pa.Agent(
        name="coder",
        description="Codes",
        instructions="Code.",
        workspace=pa.Workspace.own(rig.source),
    )

    assert run(rig, pa.Task(agent, "Do it"), ["done"]).changes == Changes(files=0)


def test_a_folder_as_it_is_is_changed_at_once(rig: Rig) -> None:
    task = pa.Task(CODER, "Do it", workspace=pa.Workspace.at(rig.source))

    result = run(rig, task, [writes("a.txt", "2\n"), "done"])

    assert result.changes is None
    assert state_of(rig.source)["a.txt"][2] == b"2\n"


@needs_sandbox
def test_a_command_gate_runs_in_the_workspace(rig: Rig) -> None:
    gate = pa.CommandGate(command=("grep", "-q", "2", "a.txt"))
    task = pa.Task(CODER, "Do it", workspace=pa.Workspace.own(rig.source), gates=(gate,))

    result = run(rig, task, [writes("a.txt", "2\n"), "done"])

    assert result.is_done


def test_a_child_gets_a_copy_of_its_parents_workspace_as_it_is_then(rig: Rig) -> None:
    lead = pa.Agent(
        name="lead",
        description="Leads",
        instructions="Lead.",
        tools=("write_file",),
        permissions=WRITES,
        policy=pa.Policy(spawns=("coder",)),
        workspace=pa.Workspace.own(rig.source),
    )
    spawn = pa.ToolCall("spawn", "sessions_spawn", {"task": "Child", "agentId": "coder"})
    steps: dict[str, list[pa.ToolCall]] = {
        "Lead.": [writes("a.txt", "of the lead\n"), spawn],
        "Code.": [pa.ToolCall("read", "read_file", {"path": "a.txt"}), writes("c.txt", "c\n")],
    }

    def answer(request: pa.ModelRequest) -> pa.ToolCall | str:
        role = "Lead." if "Lead." in (request.system or "") else "Code."
        return steps[role].pop(0) if steps[role] else "done"

    model = RepliesWith(answer)
    team = pa.run(
        [pa.Task(lead, "Lead them")],
        agents=[CODER],
        model="scripted/model",
        models={"scripted": lambda _: model},
        home=rig.home,
    )

    parent = Room(rig.home, team.results[0].session_key)
    (child,) = [folder for folder in (rig.home / "workspaces").glob("coder-*") if folder.is_dir()]
    record = Room.at(rig.home, child).record
    assert record is not None
    assert record.parent == parent.session
    files = state_of(child / "work/source")
    assert files["a.txt"][2] == b"of the lead\n"
    assert "c.txt" in files
    assert "c.txt" not in state_of(parent.folder / "work/source")


def test_a_source_that_is_gone_ends_the_run_with_an_error(rig: Rig) -> None:
    folder = rig.source / "bare.git"
    git(rig.source, "init", "-q", "--bare", str(folder))
    task = pa.Task(CODER, "Do it", workspace=pa.Workspace.own(folder))

    result = run(rig, task, [])

    assert result.error is not None
    assert "bare repository" in result.error.message


def test_a_folder_that_does_not_exist_is_refused_before_anything_is_stored(rig: Rig) -> None:
    task = pa.Task(CODER, "Do it", workspace=pa.Workspace.own(rig.source / "none"))

    with pytest.raises(pa.PagentsError, match="cannot be used"):
        run(rig, task, [])


def test_the_second_run_of_a_session_finds_the_files_of_the_first(rig: Rig) -> None:
    room = Room(rig.home, SessionKey("agent:coder:subagent:x"))
    assert room.record is None
    workspace = rig.make("x")
    write(workspace.files, {"b.txt": "b\n"})

    assert rig.make("x").files == workspace.files
    assert (workspace.files / "b.txt").exists()

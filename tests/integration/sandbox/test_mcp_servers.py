"""MCP servers of sessions that require a sandbox run in one, each session's own."""

from __future__ import annotations

import shutil
import socket
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from parallel_agents.core.agent import Agent
from parallel_agents.core.message import ToolCall, ToolResult
from parallel_agents.core.permission import Permissions
from parallel_agents.core.run import Result, RunStatus
from parallel_agents.core.sandbox import Sandbox
from parallel_agents.core.schema import Json
from parallel_agents.core.session import SessionOptions
from parallel_agents.core.task import Task
from parallel_agents.core.workspace import Workspace
from parallel_agents.settings import Settings
from parallel_agents.testing import ScriptedModel, open_rig
from tests.integration.mcp_client.servers import PROGRAM, agent, entry
from tests.integration.sandbox.machine import needs_sandbox

pytestmark = needs_sandbox

SECRET = "s3cr3t-v4lue"
SERVER = replace(
    entry("ok", env={"TOKEN": SECRET}), args=("-I", "-S", "./program.py", "ok", "marked-server")
)
CALLER = replace(
    agent("mcp__one__*", "processes_with", servers=(SERVER,)),
    permissions=Permissions(allow=("mcp__one",)),
)


def processes_with(text: str) -> int:
    """How many processes of this machine have a text among their arguments."""
    found = 0
    for process in Path("/proc").glob("[0-9]*"):
        try:
            found += text.encode() in (process / "cmdline").read_bytes()
        except OSError:
            continue  # it has ended
    return found


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of the user's, with the program of the server."""
    place = tmp_path / "folder"
    place.mkdir()
    shutil.copy(PROGRAM, place / "program.py")
    (place / "secret.txt").write_text("token")
    return place


def contents(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def in_folder(folder: Path, sandbox: Sandbox = Sandbox.REQUIRE) -> Task:
    return Task("caller", "Go.", sandbox=sandbox, options=SessionOptions(cwd=str(folder)))


def run_line(line: str) -> ToolCall:
    return call("mcp__one__run", line=line)


def call(name: str, **arguments: Json) -> ToolCall:
    return ToolCall(f"call-{name}", name, arguments)


async def run(
    *tasks: Task, calls: list[ToolCall], who: Agent = CALLER
) -> list[tuple[Result, list[str]]]:
    """How runs ended of which each makes these calls one after the other, and what they were told."""
    ended: list[tuple[Result, list[str]]] = []
    for task in tasks:
        model = ScriptedModel([*([each] for each in calls), "done"])
        async with open_rig(
            model, agents=[who], tools=[processes_with], settings=Settings()
        ) as rig:
            result = await (await rig.sessions.spawn(task)).wait()
        messages = model.requests[-1].messages if model.requests else ()
        told = [part.content for m in messages for part in m.parts if isinstance(part, ToolResult)]
        ended.append((result, told))
    return ended


async def test_a_server_works_in_the_folder_of_its_session_and_has_its_own_variables(
    folder: Path,
) -> None:
    lines = [run_line("pwd; echo $HOME; echo $TOKEN"), call("mcp__one__echo", text="tea")]
    ((result, told),) = await run(in_folder(folder), calls=lines)

    assert result.status is RunStatus.DONE
    assert told == [f"{folder}\n/agent\n{SECRET}\n", "tea"]


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("echo x > made", "Read-only file system"),
        ("rm program.py", "Read-only file system"),
        ("mkdir -p .git/hooks", "Read-only file system"),
        ("ls /home /root /work 2>&1; echo none", "No such file or directory"),
        ("PORT", "Connection refused"),
    ],
)
async def test_what_it_must_not_do_in_a_folder_of_the_users(
    folder: Path, line: str, says: str
) -> None:
    before = contents(folder)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        if line == "PORT":
            port = listening.getsockname()[1]
            code = f'import socket; socket.create_connection(("127.0.0.1", {port}))'
            line = f"{sys.executable} -I -S -c '{code}'"
        ((_, told),) = await run(in_folder(folder), calls=[run_line(line)])

    assert says in told[0]
    assert contents(folder) == before


async def test_where_permissions_hide_a_file_it_sees_none_of_the_folder(folder: Path) -> None:
    by_text = replace(SERVER, args=("-I", "-S", "-c", PROGRAM.read_text(), "ok"))
    permissions = Permissions(allow=("mcp__one",), deny=("read_file(secret.txt)",))
    who = replace(CALLER, mcp_servers=(by_text,), permissions=permissions)
    calls = [run_line("pwd; ls -A; cat secret.txt; touch made")]
    ((_, (told,)),) = await run(in_folder(folder), calls=calls, who=who)

    assert told.splitlines()[0] == str(folder)
    assert "No such file" in told.splitlines()[1]
    assert "Read-only file system" in told.splitlines()[2]


async def test_in_a_workspace_it_writes(folder: Path) -> None:
    task = Task("caller", "Go.", sandbox=Sandbox.REQUIRE, workspace=Workspace.own(folder))
    ((result, _),) = await run(task, calls=[run_line("echo x > made")])

    assert result.changes is not None
    assert result.changes.files == 1
    assert not (folder / "made").exists()


async def test_its_secret_is_in_no_list_of_processes_and_nothing_of_it_is_left(
    folder: Path,
) -> None:
    calls = [
        run_line("true"),
        call("processes_with", text="marked-server"),
        call("processes_with", text=SECRET),
    ]
    ((_, told),) = await run(in_folder(folder), calls=calls)

    assert int(told[1]) > 0
    assert told[2] == "0"
    assert processes_with("marked-server") == 0


async def test_each_session_has_its_own(folder: Path) -> None:
    calls = [call("mcp__one__count")]
    ended = await run(in_folder(folder), in_folder(folder), calls=calls)

    assert [told[0].split()[1] for _, told in ended] == ["1", "1"]

"""Agents run commands in their session's sandbox, and so do their gates."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path

from parallel_agents.core.agent import Agent
from parallel_agents.core.gate import CommandGate
from parallel_agents.core.message import Message, ToolCall, ToolResult
from parallel_agents.core.permission import Permissions
from parallel_agents.core.run import Result, RunStatus
from parallel_agents.core.sandbox import Sandbox
from parallel_agents.core.schema import Json
from parallel_agents.core.session import SessionOptions
from parallel_agents.core.task import Task
from parallel_agents.settings import Settings
from parallel_agents.testing import ScriptedModel, open_rig
from tests.integration.sandbox.machine import needs_sandbox

pytestmark = needs_sandbox

CODER = Agent(
    name="coder",
    description="Codes",
    instructions="Code.",
    tools=("shell", "python"),
    permissions=Permissions(allow=("shell", "python"), deny=("read_file(secret.txt)",)),
)


async def run(
    task: Task, *calls: ToolCall, sandbox: Sandbox = Sandbox.INHERIT
) -> tuple[Result, list[str]]:
    """How a run ended that makes these calls, and what it was told of them."""
    model = ScriptedModel([list(calls) or "done", "done"])
    async with open_rig(model, agents=[CODER], settings=Settings(sandbox=sandbox)) as rig:
        result = await (await rig.sessions.spawn(task)).wait()
    messages: tuple[Message, ...] = model.requests[-1].messages if model.requests else ()
    told = [part.content for m in messages for part in m.parts if isinstance(part, ToolResult)]
    return result, told


def shell(command: str, **more: Json) -> ToolCall:
    return ToolCall("1", "shell", {"command": command, **more})


def coder(folder: Path) -> Task:
    return Task("coder", "Go.", options=SessionOptions(cwd=str(folder)))


async def test_a_command_of_an_agent_works_in_its_folder_and_sees_no_home(tmp_path: Path) -> None:
    result, told = await run(coder(tmp_path), shell("pwd; id -un; echo $HOME; echo made > made"))

    assert result.status is RunStatus.DONE
    assert told[0].startswith(f"{tmp_path}\nagent\n/agent\n[exit code 0, ")
    assert (tmp_path / "made").read_text() == "made\n"


async def test_a_program_of_an_agent_is_run(tmp_path: Path) -> None:
    _, told = await run(coder(tmp_path), ToolCall("1", "python", {"code": "print(6 * 7)\n1 / 0"}))

    assert told[0].startswith("42\nTraceback")
    assert "ZeroDivisionError: division by zero\n[exit code 1, " in told[0]


async def test_a_command_ends_at_its_time_limit_and_its_output_is_told(tmp_path: Path) -> None:
    _, told = await run(coder(tmp_path), shell("echo said; sleep 1000", timeout_seconds=0.5))

    assert told[0].startswith("said\n[ended after 0.")
    assert told[0].endswith(" s, its time limit]")


async def test_a_file_that_permissions_deny_is_not_seen(tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("token")
    _, told = await run(coder(tmp_path), shell("cat secret.txt; ln secret.txt b; cat b"))

    assert "token" not in told[0]


async def test_a_folder_that_cannot_be_given_to_a_sandbox_costs_nothing() -> None:
    result, told = await run(coder(Path.home()), shell("true"))

    assert result.error is not None
    assert result.error.code == "PA-E413"
    assert told == []


async def test_the_programs_that_run_this_process_cannot_be_changed() -> None:
    folder = Path(sys.prefix).parent
    _, told = await run(coder(folder), shell(f"touch {sys.prefix}/made && echo CHANGED; true"))

    assert "CHANGED" not in told[0]


async def test_a_gate_runs_in_the_sandbox_of_its_session(tmp_path: Path) -> None:
    gate = CommandGate(command=("sh", "-c", "echo $HOME > home"))
    result, _ = await run(replace(coder(tmp_path), gates=(gate,)))

    assert result.status is RunStatus.DONE
    assert (tmp_path / "home").read_text() == "/agent\n"


async def test_a_sandbox_that_is_off_is_off_only_if_nobody_requires_it(tmp_path: Path) -> None:
    outside = replace(coder(tmp_path), sandbox=Sandbox.OFF)

    _, told = await run(outside, shell("id -u"))
    _, required = await run(outside, shell("id -un"), sandbox=Sandbox.REQUIRE)

    assert told[0].startswith(f"{os.getuid()}\n")
    assert required[0].startswith("agent\n")

"""The commands of a session are held to its limits, and the model is told which one it hit."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from parallel_agents.containment.commands import Start, run_command
from parallel_agents.core.agent import Agent
from parallel_agents.core.command import Command
from parallel_agents.core.command_limits import CommandLimits
from parallel_agents.core.event import Noticed
from parallel_agents.core.limits import Limits
from parallel_agents.core.message import ToolCall, ToolResult
from parallel_agents.core.permission import Permissions
from parallel_agents.core.run import Result, RunStatus
from parallel_agents.core.sandbox import Sandbox
from parallel_agents.core.session import SessionOptions
from parallel_agents.core.task import Task
from parallel_agents.errors import LimitUnenforced
from parallel_agents.sandbox.bounding import Bounding, check_enforced
from parallel_agents.sandbox.cgroup import Group, writable_groups
from parallel_agents.sandbox.limits import Limits as SandboxLimits, limited
from parallel_agents.testing import ScriptedModel, open_rig
from tests.integration.sandbox.machine import needs_sandbox

needs_groups = pytest.mark.skipif(
    not writable_groups(), reason="no cgroup can be made here, which holds a session as a whole"
)
CODER = Agent(
    name="coder",
    description="Codes",
    instructions="Code.",
    tools=("shell", "python"),
    permissions=Permissions(allow=("shell", "python")),
)
# Touched page by page: a bomb that the kernel has to give what it asks for.
ALLOCATES = "x = bytearray(500 << 20)\nfor i in range(0, len(x), 4096): x[i] = 1\nprint('HAS IT')"
BOMB = """
import os, time
made = 0
try:
    for made in range(200):
        if os.fork() == 0:
            time.sleep(5)
            os._exit(0)
except OSError:
    pass
print("made", made, flush=True)
"""


def python(code: str) -> ToolCall:
    return ToolCall("1", "python", {"code": code})


def shell(command: str) -> ToolCall:
    return ToolCall("1", "shell", {"command": command})


async def run(
    folder: Path,
    limits: Limits,
    *turns: Sequence[ToolCall],
    sandbox: Sandbox = Sandbox.REQUIRE,
) -> tuple[Result, list[str], list[str]]:
    """How a run ended that makes these calls, what it was told of them, and the notices in its history."""
    model = ScriptedModel([*(list(turn) for turn in turns), "done"])
    async with open_rig(model, agents=[CODER]) as rig:
        task = Task("coder", "Go.", limits=limits, options=SessionOptions(cwd=str(folder)))
        session = await rig.sessions.spawn(replace(task, sandbox=sandbox))
        result = await session.wait()
        events = [event.body for event in await rig.store.events()]
    messages = model.requests[-1].messages if model.requests else ()
    told = [part.content for m in messages for part in m.parts if isinstance(part, ToolResult)]
    return result, told, [body.text for body in events if isinstance(body, Noticed)]


@needs_sandbox
@needs_groups
@pytest.mark.parametrize("sandbox", [Sandbox.REQUIRE, Sandbox.OFF])
async def test_a_command_that_wants_more_memory_is_told_the_limit_and_the_run_goes_on(
    tmp_path: Path, sandbox: Sandbox
) -> None:
    limits = Limits(memory_megabytes=100)
    result, told, notices = await run(tmp_path, limits, [python(ALLOCATES)], sandbox=sandbox)

    assert "HAS IT" not in told[0]
    assert "100 MB of memory together" in told[0]
    assert "limits.memory_megabytes" in told[0]
    assert result.status is RunStatus.DONE
    assert any("limits.memory_megabytes" in notice for notice in result.notices)
    assert len(notices) == 1


@needs_sandbox
async def test_without_a_group_the_memory_of_each_process_is_limited_and_the_result_says_so(
    tmp_path: Path,
) -> None:
    limits = CommandLimits(memory_megabytes=100)
    command = Command(
        arguments=("python3", "-c", ALLOCATES),
        folder=str(tmp_path),
        timeout_seconds=30.0,
        session="agent:coder:1",
        limits=limits,
    )
    bounding = Bounding(SandboxLimits(), has_relay=False)
    async with bounding.bounds(command, (), is_inside=True) as bounds:
        inside = limited(bounds.limits, command.arguments)
        ended = await run_command(Start(inside), turn=asyncio.Lock(), timeout_seconds=30.0)
        end = bounds.told(ended)

    assert "MemoryError" in end.output
    assert [hit.text for hit in end.hits] == [
        "each process of this session may use 100 MB of memory (limits.memory_megabytes)"
    ]
    (notice,) = bounding.check(limits, (), is_inside=True)
    assert "each process" in notice


@needs_sandbox
@needs_groups
async def test_files_in_memory_count_and_no_session_goes_on_in_the_swap(tmp_path: Path) -> None:
    fills = (
        "dd if=/dev/zero of=/dev/shm/a bs=1M count=64; dd if=/dev/zero of=$HOME/b bs=1M count=64"
    )
    _, told, _ = await run(tmp_path, Limits(memory_megabytes=100), [shell(f"{fills}; echo END")])

    assert "limits.memory_megabytes" in told[0]


@needs_sandbox
@needs_groups
@pytest.mark.parametrize("sandbox", [Sandbox.REQUIRE, Sandbox.OFF])
async def test_a_fork_bomb_stays_within_its_number_of_processes(
    tmp_path: Path, sandbox: Sandbox
) -> None:
    limits = Limits(max_processes=20)
    result, told, _ = await run(tmp_path, limits, [python(BOMB)], sandbox=sandbox)

    made = int(told[0].partition("made ")[2].split()[0])
    assert 10 <= made <= 24
    assert "20 processes and threads at once" in told[0]
    assert result.status is RunStatus.DONE


@needs_groups
async def test_room_for_a_sandbox_goes_with_its_command_and_what_has_none_gets_none() -> None:
    limits = CommandLimits(max_processes=20)
    command = Command(arguments=("true",), timeout_seconds=5.0, session="s", limits=limits)
    bounding = Bounding(SandboxLimits(), has_relay=True)
    groups = writable_groups()
    async with bounding.bounds(command, groups, is_inside=False) as outside:
        alone = rooms(outside.group)
        async with bounding.bounds(command, groups, is_inside=True):
            both = rooms(outside.group)
        after = rooms(outside.group)

    assert alone == after == {20}
    assert min(both) > 20


def rooms(group: Group) -> set[int]:
    """How many processes the cgroups of a session have room for."""
    files = [folder / "pids.max" for folder in group.folders]
    return {int(file.read_text()) for file in files if file.exists()}


@needs_sandbox
@needs_groups
async def test_the_commands_of_a_session_share_its_memory(tmp_path: Path) -> None:
    holds = "import time\nx = bytearray(60 << 20)\nfor i in range(0, len(x), 4096): x[i] = 1\n"
    holds += "open(name, 'w').close()\nwhile not os.path.exists(other): time.sleep(0.01)\n"
    calls = [
        ToolCall(
            name,
            "python",
            {
                "code": f"import os\nname, other = {name!r}, {other!r}\n{holds}",
                "timeout_seconds": 5.0,
            },
        )
        for name, other in (("a", "b"), ("b", "a"))
    ]
    _, told, _ = await run(tmp_path, Limits(memory_megabytes=100), calls)

    assert any("limits.memory_megabytes" in text for text in told)


@needs_sandbox
async def test_output_in_all_ends_the_run_and_loses_nothing(tmp_path: Path) -> None:
    writes = "yes | head -c 1500000"
    limits = Limits(output_megabytes=2)
    result, _, notices = await run(
        tmp_path, limits, [shell(writes)], [shell(writes)], [shell("id")]
    )

    assert result.status is RunStatus.FAILED
    assert result.error is not None
    assert result.error.code == "PA-E320"
    assert result.spend.calls == 2
    (notice,) = notices
    assert "limits.output_megabytes" in notice
    assert "limits.output_megabytes" in result.notices[0]


@needs_sandbox
async def test_what_is_written_counts_in_all_runs_of_a_session(tmp_path: Path) -> None:
    writes = [shell("yes | head -c 1500000")]
    model = ScriptedModel([writes, "done", writes])
    async with open_rig(model, agents=[CODER]) as rig:
        task = Task(
            "coder",
            "Go.",
            limits=Limits(output_megabytes=2),
            options=SessionOptions(cwd=str(tmp_path)),
        )
        session = await rig.sessions.spawn(task)
        first = await session.wait()
        second = await (await rig.sessions.send(session.key, "Again.")).wait()

    assert first.status is RunStatus.DONE
    assert second.error is not None
    assert second.error.code == "PA-E320"


async def test_a_number_of_processes_that_nothing_holds_is_refused_before_it_costs_anything() -> (
    None
):
    with pytest.raises(LimitUnenforced, match="20 processes") as refused:
        check_enforced(CommandLimits(max_processes=20), Group(), is_inside=False)

    assert refused.value.code == "PA-E414"
    assert "systemd-run" in refused.value.hint

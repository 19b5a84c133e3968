"""A command ends with everything that it started, and its output and its time are bounded."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from parallel_agents.containment.commands import Start, run_command
from parallel_agents.core.command import CommandEnd, Ending


async def sh(script: str, stdin: bytes = b"", seconds: float = 60.0) -> CommandEnd:
    return await run_command(
        Start(["sh", "-c", script], stdin), turn=asyncio.Lock(), timeout_seconds=seconds
    )


def is_alive(pid: int) -> bool:
    """Whether a process runs; a zombie does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def started(mark: str) -> bool:
    """Whether a process runs that has a mark in its arguments."""
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if mark.encode() in (process / "cmdline").read_bytes() and is_alive(int(process.name)):
                return True
    return False


def until(condition: Callable[[], bool]) -> None:
    """Return once the condition holds."""
    while not condition():
        time.sleep(0.01)


async def ended(pid_file: Path) -> None:
    """Return once the process whose id is in the file has ended."""
    await asyncio.to_thread(until, lambda: not is_alive(int(pid_file.read_text())))


async def test_it_reads_its_input_to_the_end_and_its_output_and_code_are_kept() -> None:
    end = await sh("cat; echo on stderr >&2; exit 3", b"given ")

    assert end[:3] == (Ending.EXITED, 3, "given on stderr\n")


async def test_it_need_not_read_its_input() -> None:
    end = await sh("exit 0", b"x" * 1_000_000)

    assert end[:3] == (Ending.EXITED, 0, "")


async def test_the_middle_of_a_long_output_is_cut_out_and_its_size_is_told() -> None:
    end = await sh("echo begin; head -c 1000000 /dev/zero; echo end")

    assert end.output.startswith("begin\n")
    assert end.output.endswith("end\n")
    assert "[934,474 bytes of output are left out here]" in end.output
    assert len(end.output) < 66_000


async def test_a_command_that_writes_for_ever_is_ended() -> None:
    end = await sh("yes")

    assert end.ending is Ending.TOO_MUCH_OUTPUT
    assert end.output.startswith("y\ny\n")


async def test_the_whole_group_ends_at_the_time_limit(tmp_path: Path) -> None:
    pid = tmp_path / "pid"

    end = await sh(
        f"echo said; trap '' TERM; sleep 1000 & echo $! > {pid}; wait; sleep 1000", seconds=0.5
    )

    assert end.ending is Ending.TIMED_OUT
    assert end.output == "said\n"
    await ended(pid)


async def test_the_whole_group_ends_when_the_caller_is_cancelled(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    task = asyncio.create_task(sh(f"sleep 1000 & echo $! > {pid}.part; mv {pid}.part {pid}; wait"))
    await asyncio.to_thread(until, pid.exists)
    task.cancel()
    await asyncio.wait((task,))

    assert task.cancelled()
    await ended(pid)


@pytest.mark.parametrize("rounds", range(8))
async def test_the_whole_group_ends_when_the_caller_is_cancelled_while_it_starts(
    rounds: int,
) -> None:
    mark = f"0.{os.getpid()}{rounds}"
    task = asyncio.create_task(sh(f"sleep 1000{mark} & sleep 1000{mark} & wait"))
    for _ in range(rounds):
        await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait((task,))

    assert task.cancelled()
    await asyncio.to_thread(until, lambda: not started(mark))


async def test_a_child_that_keeps_the_output_open_does_not_delay_the_end(tmp_path: Path) -> None:
    pid = tmp_path / "pid"

    end = await sh(f"echo said; sleep 1000 & echo $! > {pid}; exit 4")

    assert end[:3] == (Ending.EXITED, 4, "said\n")
    await ended(pid)


async def test_it_has_a_group_of_its_own() -> None:
    end = await sh("ps -o pgid= -p $$ 2>/dev/null || cut -d' ' -f5 /proc/$$/stat")

    assert int(end.output) != os.getpgid(0)


async def test_a_command_that_does_not_exist_cannot_be_started() -> None:
    with pytest.raises(OSError, match="no-such-program"):
        await run_command(Start(["no-such-program"]), turn=asyncio.Lock(), timeout_seconds=1)

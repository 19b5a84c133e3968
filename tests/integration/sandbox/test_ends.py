"""A sandbox ends with whoever it works for, and nothing of it is left."""

from __future__ import annotations

import asyncio
import random
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.integration.sandbox.machine import inside, needs_sandbox

pytestmark = needs_sandbox

PROGRAM = """
import asyncio, sys
from pathlib import Path
from tests.integration.sandbox.machine import inside
asyncio.run(inside(Path(sys.argv[1]), sys.argv[2], seconds=600))
"""
LOOPING = """
import asyncio, sys
from parallel_agents.containment.warden import Warden
from parallel_agents.core.command import Command
from parallel_agents.sandbox.commands import LocalCommands, Surroundings

async def main():
    commands = LocalCommands(Surroundings(variables={}), Warden())
    command = Command(arguments=("/bin/true",), folder=sys.argv[1], timeout_seconds=60)

    async def begin_one_after_another():
        while True:
            await commands.run(command)

    await commands.describe()
    print("begun", flush=True)
    await asyncio.gather(begin_one_after_another(), begin_one_after_another())

asyncio.run(main())
"""
ROUNDS, LONG_ROUNDS = 4, 150
BEGINNING_SECONDS = 0.03  # in which two sandboxes or three begin, and end
ROOT = Path(__file__).parents[3]


@pytest.fixture
def marker() -> str:
    return f"marker-{uuid.uuid4().hex}"


def lingering(marker: str) -> str:
    """A script that leaves processes which ignore signals, and tells when they run."""
    return (
        f"(setsid bash -c 'trap \"\" TERM HUP INT; exec -a {marker} sleep 1000' >/dev/null 2>&1 &);"
        f"bash -c 'exec -a {marker} sleep 1000' & touch begun; wait"
    )


def is_live(marker: str) -> bool:
    for line in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if line.read_bytes().startswith(marker.encode()):
                return True
        except OSError:
            continue
    return False


def are_live(folder: str) -> bool:
    """Whether a sandbox for a folder is there, or begins."""
    for line in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = line.read_bytes()
        except OSError:
            continue
        if b"bwrap" in words and folder.encode() in words:
            return True
    return False


def until(condition: Callable[[], bool]) -> None:
    while not condition():
        time.sleep(0.01)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_it_ends_with_the_process_that_made_it(
    number: signal.Signals, marker: str, tmp_path: Path
) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(tmp_path), lingering(marker)],
        cwd=ROOT,
        stderr=subprocess.DEVNULL,
    ) as process:
        until((tmp_path / "begun").exists)
        until(lambda: is_live(marker))
        process.send_signal(number)

    until(lambda: not is_live(marker))


def test_none_is_left_whenever_its_process_is_killed(
    tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    rng = random.Random(7)
    for _ in range(LONG_ROUNDS if pytestconfig.getoption("--long") else ROUNDS):
        with subprocess.Popen(
            [sys.executable, "-c", LOOPING, str(tmp_path)], stdout=subprocess.PIPE
        ) as process:
            assert process.stdout is not None
            process.stdout.readline()
            time.sleep(rng.uniform(0, BEGINNING_SECONDS))
            process.kill()

        until(lambda: not are_live(str(tmp_path)))


async def test_it_has_ended_when_a_cancelled_caller_goes_on(marker: str, tmp_path: Path) -> None:
    task = asyncio.create_task(inside(tmp_path, lingering(marker)))
    await asyncio.to_thread(until, (tmp_path / "begun").exists)
    await asyncio.to_thread(until, lambda: is_live(marker))
    task.cancel()
    await asyncio.wait((task,))

    assert task.cancelled()
    assert not is_live(marker)


async def test_it_has_ended_when_its_command_has(marker: str, tmp_path: Path) -> None:
    end = await inside(tmp_path, lingering(marker).removesuffix("wait") + "sleep 0.2; echo said")

    assert end.output == "said\n"
    assert not is_live(marker)

"""A warden ends what its process began, and nothing else."""

from __future__ import annotations

import subprocess
import sys

FORKING = """
import asyncio, os
from parallel_agents.containment.warden import Warden

async def main():
    warden = Warden()
    await warden.line()
    released, releases = os.pipe()
    if not (child := os.fork()):
        os.close(releases)
        os.read(released, 1)
        os._exit(7)
    await asyncio.wait_for(warden.aclose(), 60)
    os.close(releases)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))

asyncio.run(main())
"""


def test_a_process_that_the_program_forked_is_neither_waited_for_nor_ended() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", FORKING], capture_output=True, text=True, check=True
    )

    assert ended.stdout == "7\n"


STOPPED = """
import asyncio, os, signal
from pathlib import Path
from parallel_agents.containment.warden import Warden

async def main():
    warden = Warden()
    await warden.line()
    (child,) = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    os.kill(int(child), signal.SIGSTOP)
    for number in range(5_000):
        await warden.watch(f"{number:032}")
        warden.forget(f"{number:032}")
    await warden.aclose()
    print("closed")

asyncio.run(main())
"""


def test_a_warden_that_was_stopped_stops_nobody_else() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", STOPPED], capture_output=True, text=True, check=True, timeout=30
    )

    assert ended.stdout == "closed\n"

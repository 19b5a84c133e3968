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

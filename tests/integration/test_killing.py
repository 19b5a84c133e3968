"""A child that is killed has ended, whatever it has written and whoever it has started."""

from __future__ import annotations

import asyncio
import sys
from asyncio.subprocess import PIPE

import pytest

from parallel_agents.containment.killing import kill

WRITES = "import sys\nwhile True: sys.stdout.write('x' * 100_000)"
HAS_A_CHILD = "import os, signal\nprint('up' if os.fork() else '', flush=True)\nsignal.pause()"


@pytest.mark.parametrize("code", [WRITES, HAS_A_CHILD])
async def test_a_child_that_is_killed_ends_though_its_output_is_not_read(code: str) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", code, stdin=PIPE, stdout=PIPE, start_new_session=True, limit=1_000
    )
    assert process.stdout is not None
    await process.stdout.read(1)

    async with asyncio.timeout(20):
        await kill(process)

    assert process.returncode == -9


async def test_of_a_group_that_it_does_not_lead_a_child_is_killed_alone() -> None:
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", WRITES, stdout=PIPE)

    await kill(process)
    await kill(process)

    assert process.returncode == -9

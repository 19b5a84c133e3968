"""A process that is killed while it registers an agent leaves whole versions, and the next one goes on."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

from parallel_agents.agent_versions.record import Files, Origin
from parallel_agents.agent_versions.registry import AgentRegistry

PROGRAM = Path(__file__).with_name("registering_program.py")
# After so many lines of output, and so many seconds later, in the middle of whatever it does then.
KILLS = ((1, 0.0), (2, 0.004), (3, 0.009), (5, 0.002))


def kill_after(folder: Path, lines: int, seconds: float) -> None:
    with subprocess.Popen(
        [sys.executable, str(PROGRAM), str(folder)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        for _ in range(lines):
            process.stdout.readline()
        time.sleep(seconds)
        process.kill()


async def test_each_version_is_whole_and_the_last_one_is_in_effect(tmp_path: Path) -> None:
    for lines, seconds in KILLS:
        kill_after(tmp_path, lines, seconds)

    registry = AgentRegistry(tmp_path)
    last = Files("---\nname: sorter\ndescription: Sorts.\n---\nLast.\n", "cases: []\n")
    record = await registry.register("sorter", last, Origin.REFINED)
    records = registry.history("sorter").records

    assert [each.version for each in records] == list(range(1, record.version + 1))
    assert {each.origin for each in records} == {Origin.REFINED}
    assert [registry.version("sorter", each.version)[1].digest for each in records] == [
        each.digest for each in records
    ]
    assert registry.live("sorter") == last
    assert len({each.proof.run for each in records[:-1]}) == len(records) - 1

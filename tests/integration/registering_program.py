"""A process that registers one version of an agent after another, until it is killed.

python registering_program.py FOLDER
"""

from __future__ import annotations

import asyncio
import sys
from itertools import count
from pathlib import Path

from parallel_agents.agent_versions.record import Files, Origin, Proof
from parallel_agents.agent_versions.registry import AgentRegistry


async def main(folder: Path) -> None:
    registry = AgentRegistry(folder)
    for number in count(1):
        agent = f"---\nname: sorter\ndescription: Sorts.\n---\nSort {number}.\n" + "x" * 200_000
        files = Files(agent, f"cases: [] # {number}\n")
        proof = Proof(model="m", passed=1, cases=1, score=9, target=8.5, run=f"run-{number}")
        await registry.register("sorter", files, Origin.REFINED, proof)
        sys.stdout.write(f"{number}\n")
        sys.stdout.flush()


asyncio.run(main(Path(sys.argv[1])))

"""A process of a process round: it asks for the team of a plan, and prints what it was told.

python round_program.py HOME BASE_URL SEED LIFE EFFECTS
"""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import orjson

import parallel_agents as pa
from tests.chaos.crew import GATES, STRONG, make_agents, make_team, make_tools
from tests.chaos.plan import draw

CALL_SECONDS = 5.0
KEY = "round"


def main() -> None:
    home, base_url, seed, life, effects = sys.argv[1:]
    plan = draw(int(seed))

    async def write(tool: str, ref: str) -> None:
        line = f"{tool} {ref} {life}\n".encode()
        file = os.open(effects, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(file, line)
        finally:
            os.close(file)
        await asyncio.sleep((0.0, 0.01, 0.1)[sum(map(ord, ref)) % 3])

    provider = {
        "wire": "chat",
        "base_url": base_url,
        "headers": {"x-life": f"life-of-a-round-{life}"},
    }
    team = make_team(plan)
    result = pa.run(
        team.tasks,
        key=KEY,
        max_parallel=plan.max_parallel,
        home=Path(home),
        agents=make_agents(plan, call_seconds=CALL_SECONDS),
        tools=make_tools(write),
        gates=GATES,
        budget=team.budget,
        on_failure=team.on_failure,
        settings={
            "model": STRONG,
            "providers": {"chaos": provider},
            "day_budget_tokens": plan.day_tokens,
            "patience_seconds": 20,
        },
    )
    told = [[each.label, each.is_done, str(each.output)] for each in result.results]
    sys.stdout.buffer.write(orjson.dumps(told))


if __name__ == "__main__":
    main()

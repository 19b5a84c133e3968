"""A user's program, as a process of its own: once told to, it asks a pool for tasks in an order of its own.

It prints `ready`, waits for a line, and prints the run of each key, or what refused it.
"""

from __future__ import annotations

import asyncio
import sys

import parallel_agents as pa
from parallel_agents.testing import RepliesWith

CLERK = pa.Agent("clerk", instructions="Answer.", output=str)


async def main(home: str, what: str, keys: list[str]) -> None:
    def model(_: str) -> RepliesWith:
        return RepliesWith(lambda _: "answer")

    async with pa.open(
        home=home, model="scripted/m", agents=[CLERK], models={"scripted": model}
    ) as sessions:
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        sys.stdin.readline()
        pool = sessions.pool(CLERK, name="clerks", size=len(keys))
        works = [pool.run(f"{what} {key}", key=key) for key in keys]
        results = await asyncio.gather(*works, return_exceptions=True)
    for key, result in zip(keys, results, strict=True):
        if isinstance(result, pa.Result):
            sys.stdout.write(f"{key} {result.run_id} {result.status}\n")
        elif isinstance(result, pa.PagentsError):
            sys.stdout.write(f"{key} {result.code} {result.message}\n")
        else:
            raise result


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], sys.argv[3:]))

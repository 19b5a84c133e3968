"""The program that test_kill.py kills: agents with a tool, five model calls each, under one key."""

from __future__ import annotations

import sys

import orjson

import parallel_agents as pa

SURVEYOR = pa.Agent(
    name="surveyor",
    description="Measures plots",
    instructions="Measure the plot.",
    tools=("measure",),
)


@pa.tool(effect="pure")
def measure(plot: str) -> int:
    """How large a plot is."""
    return len(plot)


def main() -> None:
    home, base_url, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
    result = pa.run(
        [pa.Task(SURVEYOR, f"Survey plot {n}.", label=f"plot {n}") for n in range(count)],
        key="job",
        model="loop/surveyor",
        max_parallel=count,
        home=home,
        tools=[measure],
        settings={"providers": {"loop": {"wire": "chat", "base_url": base_url}}},
    )
    told = [(each.label, each.status, each.output) for each in result.results]
    sys.stdout.buffer.write(orjson.dumps(told))


if __name__ == "__main__":
    main()

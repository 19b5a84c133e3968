"""A user's program, as a process of its own: an agent that spawns agents; what came of it as JSON."""

from __future__ import annotations

import sys

import orjson

import parallel_agents as pa

LEAD = pa.Agent(
    name="lead", description="Leads", instructions="Lead.", policy=pa.Policy(spawns=("writer",))
)
WRITER = pa.Agent(name="writer", description="Writes", instructions="Write.")


def main() -> None:
    home, base_url = sys.argv[1:3]
    result = pa.run(
        [pa.Task(LEAD, "Lead them.")],
        key="job",
        model="loop/model",
        agents=[LEAD, WRITER],
        home=home,
        settings={"providers": {"loop": {"wire": "chat", "base_url": base_url}}},
    )
    (only,) = result.results
    sys.stdout.buffer.write(orjson.dumps([only.status, only.output]))


if __name__ == "__main__":
    main()

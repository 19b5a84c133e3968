"""A user's program, as a process of its own: leads that spawn writers, out of budgets in its settings.

Each lead is a tree of its own; it prints their results as JSON.
"""

from __future__ import annotations

import sys

import orjson

import parallel_agents as pa

LIMITS = pa.Limits(max_output_tokens=100)
LEAD = pa.Agent(
    name="lead",
    description="Leads",
    instructions="Lead.",
    limits=LIMITS,
    policy=pa.Policy(spawns=("writer",)),
)
WRITER = pa.Agent(name="writer", description="Writes", instructions="Write.", limits=LIMITS)


def main() -> None:
    home, settings, key, count = sys.argv[1:5]
    result = pa.run(
        [pa.Task("lead", f"Lead {n} of {key}.", label=f"lead-{n}") for n in range(int(count))],
        key=key,
        model="loop/model",
        agents=[LEAD, WRITER],
        home=home,
        settings=orjson.loads(settings),
    )
    told = [(each.label, each.status, each.output) for each in result.results]
    sys.stdout.buffer.write(orjson.dumps(told))


if __name__ == "__main__":
    main()

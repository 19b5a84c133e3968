"""A plan as data: facts for each side of a topic at the same time, and a page from them.

It is what a team file with needs compiles to. Run this twice: the second time calls no model.
"""

from __future__ import annotations

import parallel_agents as pa

WRITER = pa.Agent("fact_writer", instructions="Write one plain sentence.", output=str)
PAGE = pa.Plan(
    name="page",
    input_schema={
        "type": "object",
        "properties": {"topic": {"type": "string"}},
        "required": ["topic"],
    },
    steps=(
        pa.Step(
            id="facts",
            agent="fact_writer",
            text="${topic}: ${item}",
            for_each=["taste", "price", "health"],
        ),
        pa.Step(
            id="page", agent="fact_writer", text="Sum up: ${tasks.facts.output}", needs=("facts",)
        ),
    ),
)


def main() -> None:
    result = pa.run_plan(PAGE, topic="tea", key="facts-on-tea", agents=[WRITER])
    print(f"{result.label}: {result.status}, {result.spend_below.calls} calls in all")
    print(result.output["outputs"]["page"] if result.is_done else result.error)


if __name__ == "__main__":
    main()

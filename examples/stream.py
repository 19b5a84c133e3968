"""Stream: work on each result while the other tasks still run.

    python examples/stream.py

A task that fails is a result like any other. Leave the loop whenever you have enough: what has begun is
stored, and the same key continues.
"""

from __future__ import annotations

import parallel_agents as pa

sorter = pa.Agent(
    "sorter",
    instructions="Return the kind of the ticket.",
    output_schema={
        "type": "object",
        "properties": {"kind": {"enum": ["bug", "question", "feature"]}},
        "required": ["kind"],
        "additionalProperties": False,
    },
    examples=(
        pa.Example("Export fails with error 500", {"kind": "bug"}),
        pa.Example("How do I export?", {"kind": "question"}),
    ),
    limits=pa.Limits(max_output_tokens=50),
)
TICKETS = ("No log-in since 9", "Add a dark theme", "Where are my invoices?", "It is slow")


def main() -> None:
    tasks = [pa.Task(sorter, text, label=f"ticket-{n}") for n, text in enumerate(TICKETS, start=1)]
    count = 0
    for result in pa.stream(tasks, key="ticket-stream", budget=0.5, progress=True):
        count += 1
        print(result.label, result.output if result.is_done else result.error)
    print(f"{count} of {len(tasks)} tickets sorted")


if __name__ == "__main__":
    main()

"""A run with a key: stop it, kill it, start it again, and it continues where it stopped.

Run this twice. The second time calls no model, because every result is stored. Ctrl-C or kill -9 in
the middle loses at most the calls in flight.
"""

from __future__ import annotations

import parallel_agents as pa

TOPICS = ("apples", "bread", "coffee", "dates", "eggs", "figs")

WRITER = pa.Agent(
    name="fact_writer",
    description="Writes one sentence.",
    instructions="Write one plain sentence about the topic.",
)


def main() -> None:
    tasks = [pa.Task(WRITER, f"Topic: {topic}", label=topic, key=topic) for topic in TOPICS]
    team = pa.run(tasks, key="six-topics", max_parallel=2)
    for result in team.results:
        print(f"{result.label}: {result.text or result.error}")
    print(f"{team.key}: {team.status}, {team.spend.calls} calls in all")


if __name__ == "__main__":
    main()

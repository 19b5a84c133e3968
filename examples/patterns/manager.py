"""A manager: an agent that delegates parts of its task to the agents that it may spawn."""

from __future__ import annotations

import parallel_agents as pa

LEAD = pa.Agent("lead", instructions="You write reports.", output=str)
SCOUT = pa.Agent("scout", instructions="Find out what you are asked.", output=str)


async def report(flow: pa.Flow, topic: str) -> str:
    task = pa.Task(LEAD, f"A report on {topic}: prices, makers and trends.")
    return (await flow.manager("lead", task, ["scout"], max_children=3)).output


if __name__ == "__main__":
    result = pa.run_flow(report, topic="tea", key="report-tea", agents=[LEAD, SCOUT])
    print(f"report: {result.status}")

"""Five agents in parallel: three captions for a topic, and two reviews of a function."""

from __future__ import annotations

import parallel_agents as pa

CODE = """
def mean(values):
    return sum(values) / len(values)
"""


def main() -> None:
    topic = "Write a caption about gym life"
    team = pa.run(
        [
            pa.Task("content_writer_creative", topic),
            pa.Task("content_writer_funny", topic),
            pa.Task("content_writer_educational", topic),
            pa.Task("code_reviewer", "Review this function", input={"code": CODE}),
            pa.Task("test_engineer", "Propose tests for this function", input={"code": CODE}),
        ],
        max_parallel=4,
        timeout=900,
    )
    for result in team.results:
        print(f"{result.label}: {result.status} in {result.seconds:.1f} s on {result.model}")
        for notice in result.notices:
            print(f"  note: {notice}")
        print(f"  {result.output if result.is_done else result.error}")
    cost = "unknown" if team.cost_usd is None else f"{team.cost_usd:.4f} USD"
    print(f"{team.status} in {team.seconds:.1f} s, {team.spend.usage.total_tokens} tokens, {cost}")


if __name__ == "__main__":
    main()

"""A sequence: an outline, a draft from it, and an edited version, each made from the one before."""

from __future__ import annotations

import parallel_agents as pa

WRITER = pa.Agent("writer", instructions="Do what you are asked, in a few sentences.", output=str)


async def article(flow: pa.Flow, topic: str) -> str:
    edited = await flow.sequence(
        [
            pa.Task(WRITER, f"Outline an article about {topic}."),
            lambda outline: pa.Task(WRITER, f"Write it:\n{outline.output}"),
            lambda draft: pa.Task(WRITER, f"Edit it:\n{draft.output}"),
        ],
        key="article",
    )
    return edited.output


if __name__ == "__main__":
    result = pa.run_flow(article, topic="tea", key="sequence-tea")
    print(f"article: {result.status}, {result.spend_below.calls} calls")

"""The best of three drafts by a score in plain Python, refined until a function gives it 9 of 10."""

from __future__ import annotations

import parallel_agents as pa

WRITER = pa.Agent("writer", instructions="Answer with the slogan alone.", output=str)


def catchy(slogan: str) -> tuple[float, str]:
    """Up to 10 for up to eight words, and what to do better."""
    words = len(slogan.split())
    return (10.0, "") if words <= 8 else (max(0.0, 18.0 - words), "Use eight words at most.")


async def slogan(flow: pa.Flow, product: str) -> str:
    gate = pa.ScoreGate(function="catchy", at_least=1)
    drafts = await flow.best_of(3, pa.Task(WRITER, f"A slogan for {product}."), gates=[gate])
    return await flow.refine(drafts.best, until=9, rounds=3)


if __name__ == "__main__":
    result = pa.run_flow(slogan, product="apples", key="slogan-for-apples", gates=[catchy])
    print(f"slogan: {result.status}, {result.output if result.is_done else result.error}")

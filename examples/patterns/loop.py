"""A loop: a text is shortened until it has few enough words, at most five times."""

from __future__ import annotations

import parallel_agents as pa

WRITER = pa.Agent("writer", instructions="Answer with the text alone.", output=str)


async def shorten(flow: pa.Flow, text: str, words: int) -> str:
    async def body(number: int, before: str | None) -> str:
        task = pa.Task(WRITER, f"Say this in {words} words at most:\n{before or text}")
        return (await flow.task("shorter", task)).output

    return await flow.loop_until(
        body, until=lambda shorter: len(shorter.split()) <= words, rounds=5, check=False
    )


if __name__ == "__main__":
    result = pa.run_flow(shorten, text="a long text " * 50, words=100, key="shorten-1")
    told = f"{len(result.output.split())} words" if result.is_done else result.error
    print(f"shorten: {result.status}, {told}")

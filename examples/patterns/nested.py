"""A flow of flows: each chapter is a flow of its own, and all of them run at the same time."""

from __future__ import annotations

import asyncio

import parallel_agents as pa

WRITER = pa.Agent("writer", instructions="Write two sentences.", output=str)


async def chapter(flow: pa.Flow, title: str) -> str:
    draft = await flow.task("draft", pa.Task(WRITER, f"Write the chapter {title}."))
    checked = await flow.task("check", pa.Task(WRITER, f"Correct it:\n{draft.output}"))
    return checked.output


async def book(flow: pa.Flow, titles: list[str]) -> list[str]:
    chapters = [flow.flow(f"chapter {title}", chapter, title=title) for title in titles]
    return [result.output for result in await asyncio.gather(*chapters)]


if __name__ == "__main__":
    result = pa.run_flow(book, titles=["Leaves", "Water"], key="book-tea")
    told = f"{len(result.output)} chapters" if result.is_done else result.error
    print(f"book: {result.status}, {told}")

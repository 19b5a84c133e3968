"""A content pipeline with checkpoints: research, outline, draft, edit, and publication into a folder.

Each step is a checkpoint: after a crash the pipeline continues behind the last one that is done. The
page is published once, whole or not at all.
"""

from __future__ import annotations

import sys
from pathlib import Path

import parallel_agents as pa

SIDES = ("history", "making", "health")
RESEARCHER = pa.Agent("researcher", instructions="State three facts, one a line.", output=str)
WRITER = pa.Agent("writer", instructions="Write Markdown, and nothing else.", output=str)
EDITOR = pa.Agent(
    "editor", instructions="Correct the text, and return the whole of it.", output=str
)


async def article(flow: pa.Flow, topic: str, folder: str) -> str:
    facts = await flow.parallel(
        [pa.Task(RESEARCHER, f"{topic}: {side}", key=side) for side in SIDES],
        key="research",
        min_done=2,
    )
    told = "\n".join(facts.outputs)
    outline = await flow.task("outline", pa.Task(WRITER, f"Outline an article:\n{told}"))
    draft = await flow.task(
        "draft", pa.Task(WRITER, f"Write it.\n\nOutline:\n{outline.output}\n\nFacts:\n{told}")
    )
    edited = await flow.task("edit", pa.Task(EDITOR, draft.output))
    return await flow.step("publish", publish, folder, topic, edited.output, effect="idempotent")


def publish(folder: str, topic: str, text: str) -> str:
    page = Path(folder) / f"{topic}.md"
    page.parent.mkdir(parents=True, exist_ok=True)
    part = page.with_suffix(".part")
    part.write_text(text, encoding="utf-8")
    part.replace(page)
    return str(page)


def main(folder: str) -> None:
    result = pa.run_flow(article, topic="tea", folder=folder, key="pipeline-tea")
    print(f"article: {result.status}, {result.spend_below.calls} calls")
    print(Path(result.output).name if result.is_done else result.error)


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "published")

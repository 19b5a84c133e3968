"""A flow: facts in parallel, a page from them, and a check; run again, it continues where it stopped.

Run this twice. The second time calls no model, because every step is stored. Ctrl-C or kill -9 in the
middle loses at most the calls in flight.
"""

from __future__ import annotations

import parallel_agents as pa

SIDES = ("taste", "price", "health")
WRITER = pa.Agent("fact_writer", instructions="Write one plain sentence.", output=str)


async def launch(flow: pa.Flow, topic: str) -> str:
    facts = await flow.parallel(
        [pa.Task(WRITER, f"{topic}: {side}", key=side) for side in SIDES], key="facts", min_done=2
    )
    page = await flow.task("page", pa.Task(WRITER, f"Sum up: {' '.join(facts.outputs)}"))
    words = await flow.step("count", count_words, page.output, effect="pure")
    return f"{page.output} ({words} words)"


def count_words(text: str) -> int:
    return len(text.split())


def main() -> None:
    result = pa.run_flow(launch, topic="tea", key="launch-of-tea")
    print(f"{result.label}: {result.status}, {result.spend_below.calls} calls in all")
    print(result.output if result.is_done else result.error)


if __name__ == "__main__":
    main()

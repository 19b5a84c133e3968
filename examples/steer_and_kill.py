"""Direct agents while they work: give one a word, end another, watch what happens, then go on."""

from __future__ import annotations

import asyncio

import parallel_agents as pa

WRITER = pa.Agent(
    name="writer",
    description="Writes short texts.",
    instructions="Write what is asked, in at most three sentences.",
)


async def main() -> None:
    async with pa.open() as sessions:
        kept = await sessions.spawn(pa.Task(WRITER, "Write about gym life"))
        spare = await sessions.spawn(pa.Task(WRITER, "Write about tea", label="spare"))

        await kept.steer("Mention coffee.")
        killed = await spare.kill()
        print(f"ended {len(killed.runs)}; spare is {(await spare.wait()).status}")

        async for event in kept.follow():
            print(f"  {event.key}")
        print((await kept.wait()).text)

        await kept.send("Make it half as long.")
        print((await kept.wait()).text)
        print(f"{len(await kept.history())} messages so far, kept as {kept.key}")


if __name__ == "__main__":
    asyncio.run(main())

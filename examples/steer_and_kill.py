"""Direct agents while they work: steer one, kill another, watch the events, and send more work."""

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
        writer = await sessions.spawn(pa.Task(WRITER, "Write about gym life"))
        spare = await sessions.spawn(pa.Task(WRITER, "Write about tea", label="spare"))

        await writer.steer("Mention coffee.")
        killed = await spare.kill()
        print(f"ended {len(killed.runs)}; spare is {(await spare.wait()).status}")

        async for event in writer.follow():
            print(f"  {event.key}")
        print((await writer.wait()).text)

        await writer.send("Make it half as long.")
        print((await writer.wait()).text)
        print(f"{len(await writer.history())} messages so far in session {writer.key}")


if __name__ == "__main__":
    asyncio.run(main())

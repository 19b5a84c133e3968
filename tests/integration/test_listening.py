"""Text as it comes: streamed while somebody listens, and only then."""

from __future__ import annotations

import asyncio
from pathlib import Path

import parallel_agents as pa
from parallel_agents.testing import Behaviour, LoopbackProvider

WORDS = "one two three four five six"
WRITER = pa.Agent(name="writer", description="Writes.", instructions="Write.")


def test_a_run_streams_to_who_listens_and_not_to_nobody(tmp_path: Path) -> None:
    async def body() -> None:
        async with LoopbackProvider(Behaviour(answer=lambda _: WORDS)) as provider:
            table = {"wire": "chat", "base_url": provider.base_url}
            settings = {"providers": {"loop": table}}
            async with pa.open(home=tmp_path, model="loop/m", settings=settings) as sessions:
                heard: list[str] = []
                followed = await sessions.spawn(pa.Task(WRITER, "aloud"))
                stop = followed.listen(heard.append)
                silent = await sessions.spawn(pa.Task(WRITER, "in silence"))

                results = await sessions.wait([followed, silent])
                stop()
                stop()

        assert [result.output for result in results] == [WORDS, WORDS]
        assert "".join(heard) == WORDS
        assert len(heard) > 1
        streamed = {
            "aloud" in str(request.body["messages"]): request.body.get("stream", False)
            for request in provider.requests
        }
        assert streamed == {True: True, False: False}

    asyncio.run(body())

"""Text is streamed while somebody listens, and only then."""

from __future__ import annotations

from pathlib import Path

import parallel_agents as pa
from parallel_agents.testing import Behaviour, LoopbackProvider

TEXT = "one two three four five six"
WRITER = pa.Agent(name="writer", description="Writes.", instructions="Write.")


async def test_a_run_streams_only_while_somebody_listens(tmp_path: Path) -> None:
    async with LoopbackProvider(Behaviour(answer=lambda _: TEXT)) as provider:
        table = {"wire": "chat", "base_url": provider.base_url}
        settings = {"providers": {"loop": table}}
        async with pa.open(home=tmp_path, model="loop/m", settings=settings) as sessions:
            pieces: list[str] = []
            followed = await sessions.spawn(pa.Task(WRITER, "aloud"))
            stop = followed.listen(pieces.append)
            silent = await sessions.spawn(pa.Task(WRITER, "in silence"))

            results = await sessions.wait([followed, silent])
            stop()
            stop()

    assert [result.output for result in results] == [TEXT, TEXT]
    assert "".join(pieces) == TEXT
    assert len(pieces) > 1
    streamed = {
        "aloud" in str(request.body["messages"]): request.body.get("stream", False)
        for request in provider.requests
    }
    assert streamed == {True: True, False: False}
